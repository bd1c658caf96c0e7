//! Tests against real parts: an OpenSearch node and an S3 server, which `dev/test` starts; or which start themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod answers;
mod bad_input;
mod bench;
mod dead_letters;
mod fetch;
mod findings;
mod fixtures;
mod function;
mod hostile;
mod ledger;
mod load;
mod memory;
mod program;
mod s3_received;
mod s3_support;
mod setup;
mod setup_fake;
mod setup_monitors;
mod setup_retention;
mod setup_verify;
mod side_by_side;
mod sink;
mod sink_limits;
mod support;
