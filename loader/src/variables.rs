//! The environment variables that are ours, and those that only look so: a name with a typing error would otherwise be
//! a setting that somebody believes in and nobody reads.

/// What all names of ours begin with.
const PREFIX: &str = "SIEM_LOADER_";

/// All that are read, by the command line or the function. A test compares them with the flags.
const KNOWN: [&str; 20] = [
    "SIEM_LOADER_ALERT_CHANNEL",
    "SIEM_LOADER_ALERT_SLACK_URL",
    "SIEM_LOADER_ALERT_SNS",
    "SIEM_LOADER_ALERT_SNS_ROLE",
    "SIEM_LOADER_BUCKETS",
    "SIEM_LOADER_DASHBOARDS_TENANT",
    "SIEM_LOADER_DASHBOARDS_URL",
    "SIEM_LOADER_DEAD_LETTERS",
    "SIEM_LOADER_LOG",
    "SIEM_LOADER_MAX_REQUESTS",
    "SIEM_LOADER_OPENSEARCH_AUTH",
    "SIEM_LOADER_OPENSEARCH_PASSWORD",
    "SIEM_LOADER_OPENSEARCH_URL",
    "SIEM_LOADER_OPENSEARCH_USER",
    "SIEM_LOADER_PROFILE",
    "SIEM_LOADER_REQUEST_TIMEOUT",
    "SIEM_LOADER_RETENTION",
    "SIEM_LOADER_RETRY_DEADLINE",
    "SIEM_LOADER_THREADS",
    "SIEM_LOADER_ZSTD",
];

/// What the tests of this project are told begins so.
const TESTS: [&str; 2] = ["SIEM_LOADER_TEST_", "SIEM_LOADER_UPDATE_EXPECTED"];

/// Names that are told at most; somebody who sets more has seen what is wrong.
const TOLD: usize = 20;

/// Bytes of a name that are compared and shown at most.
const LONGEST: usize = 64;

/// A variable that nobody reads.
#[derive(Debug, PartialEq, Eq)]
struct Unknown {
    /// Its name, safe to show. Its value may be a secret and is never looked at.
    name: String,
    /// The name of ours that is most like it.
    nearest: &'static str,
}

/// Warns of variables of this process that look like ours and are not.
pub(crate) fn warn_of_unknown() {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for Unknown { name, nearest } in unknown(names) {
        tracing::warn!(
            name,
            nearest,
            "an environment variable that siem-loader does not know: is it a typing error?"
        );
    }
}

fn unknown(names: impl Iterator<Item = String>) -> Vec<Unknown> {
    let strange = |name: &String| {
        name.starts_with(PREFIX)
            && !TESTS.iter().any(|test| name.starts_with(test))
            && !KNOWN.contains(&name.as_str())
    };
    let shown = |name: String| -> String {
        name.chars().filter(|c| !crate::shown::is_trick(*c)).take(LONGEST).collect()
    };
    let mut found: Vec<Unknown> = names
        .filter(strange)
        .take(TOLD)
        .map(shown)
        .filter_map(|name| {
            let nearest = KNOWN.into_iter().min_by_key(|known| distance(known, &name))?;
            Some(Unknown { name, nearest })
        })
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// Letters to add, take away or change until one name is the other (Levenshtein). Both have [`LONGEST`] letters at most.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        // What stood above left of the place that is filled, and what was filled left of it.
        let (mut diagonal, mut left) = (at, at + 1);
        let mut places = row.iter_mut();
        if let Some(first) = places.next() {
            *first = left;
        }
        for (place, second) in places.zip(&other) {
            let above = *place;
            left = (diagonal + usize::from(letter != *second)).min(above + 1).min(left + 1);
            diagonal = above;
            *place = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, Unknown, distance, unknown};

    fn of(names: &[&str]) -> Vec<Unknown> {
        unknown(names.iter().map(|name| (*name).to_owned()))
    }

    #[test]
    fn a_typing_error_is_told_with_the_name_that_was_meant() {
        let told = of(&["SIEM_LOADER_DEADLETTERS", "SIEM_LOADER_MAX_REQUEST", "SIEM_LOADER_THREADS", "PATH"]);
        let pairs: Vec<_> = told.iter().map(|one| (one.name.as_str(), one.nearest)).collect();
        assert_eq!(
            pairs,
            [
                ("SIEM_LOADER_DEADLETTERS", "SIEM_LOADER_DEAD_LETTERS"),
                ("SIEM_LOADER_MAX_REQUEST", "SIEM_LOADER_MAX_REQUESTS"),
            ]
        );
    }

    #[test]
    fn names_of_the_tests_and_of_others_are_nobodys_error() {
        assert_eq!(
            of(&[
                "SIEM_LOADER_TEST_S3_ENDPOINT",
                "SIEM_LOADER_UPDATE_EXPECTED",
                "OPENSEARCH_URLS",
                "siem_loader_log"
            ]),
            []
        );
    }

    #[test]
    fn many_long_and_strange_names_are_bounded() {
        let names: Vec<String> =
            (0..1_000).map(|at| format!("SIEM_LOADER_\u{1b}{at}{}", "X".repeat(9_000))).collect();
        let told = unknown(names.into_iter());
        assert_eq!(told.len(), super::TOLD);
        assert!(
            told.iter().all(|one| one.name.chars().count() <= super::LONGEST && !one.name.contains('\u{1b}'))
        );
    }

    #[test]
    fn distances_are_those_of_levenshtein() {
        for (one, other, letters) in [
            ("", "", 0),
            ("", "ab", 2),
            ("ab", "", 2),
            ("kitten", "sitting", 3),
            ("ab", "ba", 2),
            ("ab", "ab", 0),
        ] {
            assert_eq!(distance(one, other), letters, "{one} {other}");
        }
    }

    #[test]
    fn the_list_has_every_variable_of_a_flag_once_and_in_order() {
        assert!(KNOWN.is_sorted_by(|one, other| one < other));
        for name in crate::cli::variables() {
            assert!(!name.starts_with("SIEM_LOADER_") || KNOWN.contains(&name.as_str()), "{name}");
        }
    }
}
