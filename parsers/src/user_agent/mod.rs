//! User agents: which program, operating system and device a request says it came from.
//!
//! The answers are those of the Python library `ua-parser` with the patterns of uap-core, which the
//! dashboards and their users know. `design.md` beside this file says how 1,270 patterns are kept within a
//! few megabytes and a bounded time although callers choose the text.

mod alphabet;
mod engine;
mod rules;
mod template;
#[cfg(test)]
mod tests;
mod unquote;

use std::borrow::Cow;
use std::sync::OnceLock;

use alphabet::Text;
use engine::Scratch;
use rules::{Candidates, Domain, Rules};

/// What a field holds when no pattern knows the user agent.
const OTHER: &str = "Other";

/// How many characters the patterns look at.
///
/// Longer user agents are parsed by their beginning; [`UserAgent::original`] is always whole. The reference
/// looks at everything, in a time that grows faster than the text. AWS services and browsers stay below
/// 1 KiB.
const LOOKED_AT: usize = 2048;

/// A parsed user agent, by its ECS fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserAgent {
    /// `user_agent.original`: the whole text, percent-decoded if it held `%20`.
    pub original: String,
    /// `user_agent.name`: the program, `Other` if unknown.
    pub name: String,
    /// `user_agent.version`: up to three parts; `None` if unknown.
    pub version: Option<String>,
    /// `user_agent.os.name`: `Other` if unknown.
    pub os_name: String,
    /// `user_agent.os.version`: up to four parts; `None` if unknown.
    pub os_version: Option<String>,
    /// `user_agent.os.full`: name and version.
    pub os_full: String,
    /// `user_agent.device.name`: `Other` if unknown.
    pub device_name: String,
}

/// Parses user agents. Creating one is free; the first parse reads the patterns.
///
/// Threads share one parser without waiting for each other: compiled patterns are immutable, and the
/// memory of a search belongs to the call.
#[derive(Debug, Default)]
pub struct UserAgentParser {
    rules: OnceLock<Rules>,
}

impl UserAgentParser {
    /// A parser that has read nothing yet.
    pub const fn new() -> Self {
        Self { rules: OnceLock::new() }
    }

    /// The parser of the process.
    pub fn shared() -> &'static Self {
        static SHARED: UserAgentParser = UserAgentParser::new();
        &SHARED
    }

    /// Parses one user agent.
    ///
    /// The patterns see the first 2,048 characters. Time is linear in the text before that limit and, apart
    /// from copying `original`, constant after it.
    pub fn parse(&self, original: &str) -> UserAgent {
        let rules = self.rules.get_or_init(Rules::embedded);
        let original = if original.contains("%20") {
            Cow::Owned(unquote::unquote(original))
        } else {
            Cow::Borrowed(original)
        };
        let text = Text::new(&original, LOOKED_AT);
        let candidates = rules.candidates(&text);
        let mut scratch = Scratch::default();

        let browser = browser(rules, &candidates, &text, &mut scratch);
        let os = os(rules, &candidates, &text, &mut scratch);
        let device = device(rules, &candidates, &text, &mut scratch);

        let (name, version) = match browser {
            Some(known) => known,
            None => (aws_name(&original).unwrap_or(OTHER).to_owned(), None),
        };
        let (os_name, os_version) = os.unwrap_or_else(|| (OTHER.to_owned(), None));
        let os_full = match &os_version {
            Some(version) => format!("{os_name} {version}"),
            None => os_name.clone(),
        };
        UserAgent {
            name,
            version,
            os_name,
            os_version,
            os_full,
            device_name: device.unwrap_or_else(|| OTHER.to_owned()),
            original: original.into_owned(),
        }
    }
}

/// Name and version of the program. A pattern that finds an empty name has not found one.
fn browser(
    rules: &Rules,
    candidates: &Candidates,
    text: &Text<'_>,
    scratch: &mut Scratch,
) -> Option<(String, Option<String>)> {
    rules.of(Domain::Browser, candidates).find_map(|rule| {
        let found = rule.search(text, scratch)?;
        let [family, major, minor, ..] = rule.templates();
        let name = match family {
            "" => found.group(1)?.to_owned(),
            _ => family.replace("$1", found.group(1).unwrap_or_default()),
        };
        if name.is_empty() {
            return None;
        }
        let major = if major.is_empty() { found.group(2).unwrap_or_default() } else { major };
        let minor = if minor.is_empty() { found.group(3).unwrap_or_default() } else { minor };
        let patch = found.group(4).unwrap_or_default();
        // A name that reads `Other` is treated below like an unknown one, as the reference does.
        Some((name, join_version([major, minor, patch].map(Cow::Borrowed))))
    })
}

/// Name and version of the operating system.
fn os(
    rules: &Rules,
    candidates: &Candidates,
    text: &Text<'_>,
    scratch: &mut Scratch,
) -> Option<(String, Option<String>)> {
    rules.of(Domain::Os, candidates).find_map(|rule| {
        let found = rule.search(text, scratch)?;
        let [family, major, minor, patch, build] = rule.templates();
        let part = |template: &'static str, group: usize| match template {
            "" => Cow::Borrowed(found.group(group).unwrap_or_default()),
            _ => template::expand(template, &found),
        };
        let name = part(family, 1).into_owned();
        if name.is_empty() {
            return None;
        }
        Some((name, join_version([part(major, 2), part(minor, 3), part(patch, 4), part(build, 5)])))
    })
}

/// Name of the device.
fn device(rules: &Rules, candidates: &Candidates, text: &Text<'_>, scratch: &mut Scratch) -> Option<String> {
    rules.of(Domain::Device, candidates).find_map(|rule| {
        let found = rule.search(text, scratch)?;
        let [family, ..] = rule.templates();
        let name = match family {
            "" => found.group(1).unwrap_or_default().to_owned(),
            _ => template::expand(family, &found).into_owned(),
        };
        (!name.is_empty()).then_some(name)
    })
}

/// The parts that are there, with dots between them.
fn join_version<const N: usize>(parts: [Cow<'_, str>; N]) -> Option<String> {
    let mut version = String::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if !version.is_empty() {
            version.push('.');
        }
        version.push_str(part);
    }
    (!version.is_empty()).then_some(version)
}

/// The name of an AWS service that calls on somebody's behalf: `^(AWS Internal|[\w\.-]+?\.amazonaws.com)$`,
/// with its one unescaped dot and with a `$` that also matches before a last newline.
fn aws_name(original: &str) -> Option<&str> {
    const INTERNAL: &str = "AWS Internal";
    let name = original.strip_suffix('\n').unwrap_or(original);
    if name == INTERNAL {
        return Some(name);
    }
    let host = name.strip_suffix("com")?.strip_suffix(|any: char| any != '\n')?.strip_suffix(".amazonaws")?;
    let allowed = |char| matches!(char, '.' | '-' | '_') || alphabet::is_alphanumeric(char);
    (!host.is_empty() && host.chars().all(allowed)).then_some(name)
}
