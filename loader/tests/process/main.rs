//! The whole program under faults: `siem-loader load` as a process, between the real OpenSearch and the real S3 server
//! with a proxy before each. See docs/faults.md.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, reason = "which seeds ran, for who asks with --nocapture")]

mod bulk;
mod checks;
mod http;
mod kept;
mod node;
#[allow(dead_code, reason = "shared with tests/real, which uses all of it")]
#[path = "../real/program.rs"]
mod program;
mod proxy;
mod rules;
mod run;
#[allow(dead_code, reason = "shared with tests/real, which uses all of it")]
#[path = "../real/s3_received.rs"]
mod s3_received;
#[allow(dead_code, reason = "shared with tests/real, which uses all of it")]
#[path = "../real/s3_support.rs"]
mod s3_support;
mod schedule;
mod schedules;
#[allow(dead_code, reason = "shared with tests/real, which uses all of it")]
#[path = "../real/support.rs"]
mod support;
mod world;
