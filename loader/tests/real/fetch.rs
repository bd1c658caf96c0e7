//! Listing and reading: local trees, and a real S3 server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod access;
mod access_points;
mod local;
mod roles;
mod s3;
