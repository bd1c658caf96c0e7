//! The marks of every log type in keys, and the tests of their content, as the table of logs has them.

use std::sync::LazyLock;

use siem_parsers::{
    key::{KeyInfo, Marks},
    recognise::Look,
    source::{self, LOG_TYPES},
};

pub(crate) static TYPES: LazyLock<Vec<Marks>> =
    LazyLock::new(|| LOG_TYPES.iter().map(|log| (log.name, &log.marks)).collect());

pub(crate) static LOOKS: LazyLock<Vec<Look>> =
    LazyLock::new(|| LOG_TYPES.iter().map(|log| (log.name, log.looks_like)).collect());

pub(crate) fn read(key: &str) -> KeyInfo {
    source::read_key(key)
}
