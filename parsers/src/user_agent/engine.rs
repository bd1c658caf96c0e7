//! One compiled pattern: a bounded backtracker, which visits each pair of state and position once.

use std::sync::OnceLock;

use regex_automata::Input;
use regex_automata::nfa::thompson::{self, WhichCaptures, backtrack};
use regex_automata::util::look::LookMatcher;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::util::syntax;

use super::alphabet::{LAST_NEWLINE, Text};

/// The largest pattern of uap-core compiles to a tenth of this.
const MAX_COMPILED_BYTES: usize = 1 << 20;
/// Bytes for the table of visited pairs: enough for the largest pattern and the longest text.
const MAX_VISITED_BYTES: usize = 2 << 20;
/// The whole match and nine groups, a start and an end each.
const SLOTS: usize = 20;

/// A pattern that is compiled when it is first needed, once for all threads.
#[derive(Debug, Default)]
pub(super) struct Pattern {
    compiled: OnceLock<Option<backtrack::BoundedBacktracker>>,
}

impl Pattern {
    /// Searches `codes`. A pattern that cannot be compiled never matches; a test compiles all of them.
    pub(super) fn search<'t, 's>(
        &self,
        regex: &str,
        codes: &[u8],
        text: &'t Text<'s>,
        scratch: &mut Scratch,
    ) -> Option<Found<'t, 's>> {
        let compiled = self.compiled(regex)?;
        let cache = scratch.cache.get_or_insert_with(|| compiled.create_cache());
        cache.reset(compiled);
        let mut slots = [None; SLOTS];
        compiled.try_search_slots(cache, &Input::new(codes), &mut slots).ok()??;
        Some(Found { text, slots })
    }

    /// The compiled pattern.
    pub(super) fn compiled(&self, regex: &str) -> Option<&backtrack::BoundedBacktracker> {
        self.compiled.get_or_init(|| compile(regex)).as_ref()
    }
}

fn compile(regex: &str) -> Option<backtrack::BoundedBacktracker> {
    let mut looks = LookMatcher::new();
    looks.set_line_terminator(LAST_NEWLINE);
    backtrack::BoundedBacktracker::builder()
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .thompson(
            thompson::Config::new()
                .utf8(false)
                .nfa_size_limit(Some(MAX_COMPILED_BYTES))
                .which_captures(WhichCaptures::All)
                .look_matcher(looks),
        )
        .configure(backtrack::Config::new().visited_capacity(MAX_VISITED_BYTES))
        .build(regex)
        .ok()
}

/// Memory of the searches of one call; lives no longer than the call.
#[derive(Default)]
pub(super) struct Scratch {
    cache: Option<backtrack::Cache>,
}

/// A match.
pub(super) struct Found<'t, 's> {
    text: &'t Text<'s>,
    slots: [Option<NonMaxUsize>; SLOTS],
}

impl<'s> Found<'_, 's> {
    /// The text of a group that took part.
    pub(super) fn group(&self, group: usize) -> Option<&'s str> {
        let slot = |index: usize| self.slots.get(index).copied().flatten();
        self.text.slice(slot(group * 2)?.get(), slot(group * 2 + 1)?.get())
    }
}
