//! Names and versions with `$1` to `$9` in them.

use std::borrow::Cow;

use super::alphabet::is_space;
use super::engine::Found;

/// Puts groups into a template and trims the result. A group that took no part is empty.
pub(super) fn expand(template: &'static str, found: &Found<'_, '_>) -> Cow<'static, str> {
    if !template.contains('$') {
        return Cow::Borrowed(template.trim_matches(is_space));
    }
    let mut text = String::with_capacity(template.len());
    let mut chars = template.chars().peekable();
    while let Some(char) = chars.next() {
        let group = chars.peek().filter(|_| char == '$').and_then(|digit| digit.to_digit(10));
        match group.and_then(|group| usize::try_from(group).ok()) {
            Some(group) => {
                chars.next();
                text.push_str(found.group(group).unwrap_or_default());
            }
            None => text.push(char),
        }
    }
    Cow::Owned(text.trim_matches(is_space).to_owned())
}
