//! Listing and reading: local trees, and a real S3 server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "s3_support.rs"]
mod s3_support;

mod local;
mod s3;
