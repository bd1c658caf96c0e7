//! The list of patterns, and which of them are worth a search.
//!
//! Every pattern names up to three sets of literals, one of each of which any match must hold. One pass
//! over the text finds the literals; of 1,270 patterns, some twenty remain.

use std::collections::HashMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
#[cfg(test)]
use regex_automata::nfa::thompson::backtrack::BoundedBacktracker;

use super::alphabet::{DIGIT, Text, WORD};
use super::engine::{Found, Pattern, Scratch};

/// Templates of a line: the name, then up to four parts of the version.
const TEMPLATES: usize = 5;
/// Sets of literals a rule can have: the bits of `Rule::needs`.
const MAX_SETS: u32 = 8;

/// What a rule tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Domain {
    /// Program.
    Browser,
    /// Operating system.
    Os,
    /// Device.
    Device,
}

#[cfg(test)]
impl Domain {
    pub(super) const ALL: [Self; 3] = [Self::Browser, Self::Os, Self::Device];
}

/// One line of `patterns.tsv`.
#[derive(Debug)]
pub(super) struct Rule {
    domain: Domain,
    regex: &'static str,
    /// Templates with tabs between them: split only when the rule matches.
    templates: &'static str,
    ignores_case: bool,
    /// What letters and digits beyond ASCII are replaced by, because `\b` knows ASCII only: characters that
    /// this pattern cannot tell from them otherwise.
    stand_ins: Option<(u8, u8)>,
    /// One bit for each set of literals.
    needs: u8,
    pattern: Pattern,
}

impl Rule {
    /// Searches the text with this rule.
    pub(super) fn search<'t, 's>(&self, text: &'t Text<'s>, scratch: &mut Scratch) -> Option<Found<'t, 's>> {
        let codes = if self.ignores_case { &text.lower } else { &text.cased };
        match self.stand_ins {
            Some((word, digit)) if text.has_foreign_words => {
                let replaced = codes.iter().map(|code| match *code {
                    WORD => word,
                    DIGIT => digit,
                    code => code,
                });
                self.pattern.search(self.regex, &replaced.collect::<Vec<_>>(), text, scratch)
            }
            _ => self.pattern.search(self.regex, codes, text, scratch),
        }
    }

    /// The compiled pattern.
    #[cfg(test)]
    pub(super) fn compiled(&self) -> Option<&BoundedBacktracker> {
        self.pattern.compiled(self.regex)
    }

    /// Name first, then the parts of the version. Empty means: the group of the same number.
    pub(super) fn templates(&self) -> [&'static str; TEMPLATES] {
        let mut fields = self.templates.split('\t');
        std::array::from_fn(|_| fields.next().unwrap_or_default())
    }
}

/// All rules, in the order in which they are tried.
#[derive(Debug)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// `None` if it could not be built, which a test excludes: then no rule matches.
    literals: Option<AhoCorasick>,
    /// For each literal, its part of `users`.
    ranges: Vec<Range<usize>>,
    /// Rules that a literal serves, and the bit of the set it belongs to.
    users: Vec<(u16, u8)>,
}

/// Rules all of whose sets of literals occur in a text.
pub(super) struct Candidates {
    /// For each rule, the sets that occur.
    seen: Vec<u8>,
}

impl Rules {
    /// The rules that come with the program.
    pub(super) fn embedded() -> Self {
        Self::from_lines(include_str!("../../data/user-agents/patterns.tsv"))
    }

    fn from_lines(table: &'static str) -> Self {
        let mut rules = Vec::new();
        let mut users_of: HashMap<&'static str, Vec<(u16, u8)>> = HashMap::new();
        for line in table.lines() {
            let Some((rule, literals)) = parse_line(line) else { continue };
            let Ok(number) = u16::try_from(rules.len()) else { break };
            for (set, literal) in literals {
                users_of.entry(literal).or_default().push((number, set));
            }
            rules.push(rule);
        }
        let mut texts = Vec::with_capacity(users_of.len());
        let mut ranges = Vec::with_capacity(users_of.len());
        let mut users = Vec::new();
        for (text, mut of_text) in users_of {
            let start = users.len();
            users.append(&mut of_text);
            texts.push(text);
            ranges.push(start..users.len());
        }
        // The smallest of the automata: 400 KB. Building it is most of the first parse: 4 ms.
        let literals = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .prefilter(false)
            .build(&texts)
            .ok();
        Self { rules, literals, ranges, users }
    }

    /// Which rules are worth a search.
    pub(super) fn candidates(&self, text: &Text<'_>) -> Candidates {
        let mut seen = vec![0_u8; self.rules.len()];
        let mut new = vec![true; self.ranges.len()];
        let found = self.literals.iter().flat_map(|literals| literals.find_overlapping_iter(&text.lower));
        for literal in found {
            let literal = literal.pattern().as_usize();
            // Each literal counts once, so that repeating one costs nothing.
            if !new.get_mut(literal).is_some_and(std::mem::take) {
                continue;
            }
            let users = self.ranges.get(literal).and_then(|range| self.users.get(range.clone()));
            for (rule, set) in users.unwrap_or_default() {
                if let Some(seen) = seen.get_mut(usize::from(*rule)) {
                    *seen |= set;
                }
            }
        }
        Candidates { seen }
    }

    /// All rules.
    #[cfg(test)]
    pub(super) fn all(&self) -> &[Rule] {
        &self.rules
    }

    /// The candidates of one domain, in order.
    pub(super) fn of<'r>(
        &'r self,
        domain: Domain,
        candidates: &'r Candidates,
    ) -> impl Iterator<Item = &'r Rule> {
        self.rules
            .iter()
            .zip(&candidates.seen)
            .filter(move |(rule, seen)| rule.domain == domain && **seen == rule.needs)
            .map(|(rule, _)| rule)
    }
}

/// The fields of a line: domain, flags, regex, five templates, then literals with an empty field between
/// two sets. `None` for a comment.
fn parse_line(line: &'static str) -> Option<(Rule, impl Iterator<Item = (u8, &'static str)>)> {
    let (domain, rest) = line.split_once('\t')?;
    let domain = match domain {
        "browser" => Domain::Browser,
        "os" => Domain::Os,
        "device" => Domain::Device,
        _ => return None,
    };
    let (flags, rest) = rest.split_once('\t')?;
    let (regex, rest) = rest.split_once('\t')?;
    let end = rest.match_indices('\t').nth(TEMPLATES - 1).map_or(rest.len(), |(offset, _)| offset);
    let (templates, literals) = rest.split_at_checked(end)?;
    let sets = || {
        let mut set = 0;
        literals.split('\t').skip(1).filter_map(move |literal| {
            set += u32::from(literal.is_empty());
            (!literal.is_empty() && set < MAX_SETS).then_some((1_u8 << set, literal))
        })
    };
    let rule = Rule {
        domain,
        regex,
        templates,
        ignores_case: flags.starts_with('i'),
        stand_ins: match flags.as_bytes() {
            [_, word, digit] => Some((stand_in(*word, WORD), stand_in(*digit, DIGIT))),
            _ => None,
        },
        needs: sets().fold(0, |needs, (set, _)| needs | set),
        pattern: Pattern::default(),
    };
    Some((rule, sets()))
}

/// A hyphen says that no character of this pattern will do.
fn stand_in(char: u8, code: u8) -> u8 {
    if char == b'-' { code } else { char }
}
