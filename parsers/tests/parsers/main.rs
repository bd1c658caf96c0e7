//! The parsers against tables, generated input and hostile input.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail"
)]

mod cloudtrail;
mod config;
mod decode;
mod decode_layers;
mod defects;
mod documents;
mod findings;
mod fits;
mod fixes;
mod guardduty;
mod guardduty_findings;
mod guardduty_hostile;
mod guardduty_pivots;
mod hostile;
mod key;
mod key_layouts;
mod log_types;
mod marks;
mod mutation;
mod parquet;
mod parquet_encodings;
mod parquet_files;
mod parquet_hostile;
mod profile;
mod recognise;
mod records;
mod route53_resolver;
mod scan;
mod security_hub;
mod security_hub_layouts;
mod security_hub_ocsf;
mod security_hub_shapes;
mod security_hub_state;
mod shapes;
mod split;
mod strict;
mod support;
mod templates;
mod time;
mod values;
mod vpc_flow_log;
mod vpc_flow_log_json;
mod vpc_flow_log_stencils;
