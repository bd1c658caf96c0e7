//! Telling a bad document from an index that does not fit.

use std::collections::HashMap;

use super::bulk::Refusal;

/// Fewer refusals than this are never taken for a fault of the index.
const ESTATE: usize = 50;

/// The reason for which at least half of a body was refused.
pub(super) fn estate(rejected: &[(usize, Refusal)], sent: usize) -> Option<&Refusal> {
    if rejected.len() < ESTATE || rejected.len() * 2 < sent {
        return None;
    }
    let mut reasons: HashMap<(&str, &str), usize> = HashMap::new();
    for (_, refusal) in rejected {
        *reasons.entry((&refusal.error_type, &refusal.reason)).or_default() += 1;
    }
    let (most, count) = reasons.into_iter().max_by_key(|(_, count)| *count)?;
    let same = |(_, refusal): &&(usize, Refusal)| (&*refusal.error_type, &*refusal.reason) == most;
    (count >= ESTATE && count * 2 >= sent)
        .then(|| rejected.iter().find(same))
        .flatten()
        .map(|(_, refusal)| refusal)
}
