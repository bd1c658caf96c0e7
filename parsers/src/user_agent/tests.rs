//! What must hold of the embedded patterns, whatever their version.

use super::LOOKED_AT;
use super::alphabet::Text;
use super::rules::Rules;

#[test]
fn every_pattern_compiles_and_searches_the_longest_text() {
    let rules = Rules::embedded();
    for rule in rules.all() {
        let compiled = rule.compiled().unwrap_or_else(|| panic!("{rule:?}"));
        assert!(compiled.max_haystack_len() >= LOOKED_AT, "{rule:?}");
        assert!(compiled.get_nfa().group_info().all_group_len() <= 10, "{rule:?}");
    }
    assert!(rules.all().len() > 1_200);
}

#[test]
fn all_patterns_together_stay_within_a_few_megabytes() {
    let rules = Rules::embedded();
    let bytes: usize =
        rules.all().iter().filter_map(|rule| rule.compiled()).map(|re| re.get_nfa().memory_usage()).sum();
    assert!(bytes < 8 << 20, "{bytes}");
}

#[test]
fn every_pattern_needs_a_literal() {
    let rules = Rules::embedded();
    let candidates = rules.candidates(&Text::new("\u{1}", LOOKED_AT));
    for domain in super::Domain::ALL {
        assert_eq!(rules.of(domain, &candidates).count(), 0, "{domain:?}");
    }
}
