//! The sink without a cluster.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod answers;
mod fault_server;
mod faults;
mod held;
mod limiter;
mod outcomes;
mod redaction;
mod resume;
mod servers;
mod table;

/// Where the cluster of a message is.
const URL: &str = "http://localhost:9200/";

fn error_json(status: u16, error_type: &str, reason: &str) -> String {
    serde_json::json!({"error": {"type": error_type, "reason": reason}, "status": status}).to_string()
}
