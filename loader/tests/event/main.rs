//! What invocations ask for: every wrapping of an S3 event, and what is not understood.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod fixtures;
mod handler;
mod keys;
mod tolerance;

use serde_json::Value;
use siem_loader::event::{Invocation, read};

/// A payload of `fixtures/events`.
fn payload(name: &str) -> Value {
    let path = format!("{}/../fixtures/events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))).unwrap()
}

fn invocation(name: &str) -> Invocation {
    read(&payload(name))
}

/// The keys of all objects, in their order.
fn keys(invocation: &Invocation) -> Vec<&str> {
    invocation.messages.iter().flat_map(|m| &m.objects).map(|object| object.key.as_str()).collect()
}
