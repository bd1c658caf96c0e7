//! siem-loader: AWS security logs from S3 into OpenSearch, without losing a record.
//!
//! The way of a record: [`fetch`] (files, standard input, S3) → [`pipeline`] (decode, cut, render by
//! `siem-parsers`, in parallel and bounded) → [`sink`] (bulk requests to OpenSearch) → a report that adds up.

mod benchmark;
pub mod cli;
mod closing;
pub mod dead_letter;
pub mod engine;
pub mod error;
pub mod event;
pub mod fetch;
pub mod lambda;
pub mod ledger;
pub mod metrics;
pub mod pipeline;
pub mod processor;
pub mod setup;
mod shown;
pub mod sink;
pub mod templates;
mod usage;
mod variables;
