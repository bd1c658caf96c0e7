//! Keeps document content out of messages.
//!
//! The cluster's reasons quote what it could not take: the value, the first bytes of a long term, the
//! document's id. Values come from whoever calls an AWS API, so they are cut out before a reason is shown,
//! grouped or stored as a message. Field names stay: without them nobody can act. They come from the same
//! callers, so they are shortened and cleaned.
//!
//! Rule for a reason of unknown shape: it is copied word by word, names in brackets only behind words that
//! are known to introduce a name, and **the copy ends where something like a value begins**. What follows a
//! value is not looked at, because a value can contain any closing quote or bracket.

/// Longest reason that [`redact`] returns, in characters.
const REASON_CHARS: usize = 300;
/// Longest field name, in characters.
const NAME_CHARS: usize = 120;
/// What is looked at of a reason, in bytes: a reason can quote a whole document.
const LOOKED_AT: usize = 4096;

/// Words before `[` that introduce the name of a field, type, index, limit or right.
const NAMES_BEFORE: [&str; 18] = [
    "field ",
    "of type ",
    "from type ",
    "] to ",
    "mapping for ",
    "mapping ",
    "mapper ",
    "introduction of ",
    "within ",
    "limit of ",
    "total fields ",
    "nested fields ",
    "changing the ",
    "unexpected token ",
    "index name ",
    "pipeline with id ",
    "must be of type object but found ",
    "index ",
];

/// Reasons that start so hold settings and index names only; they are kept in full.
const HARMLESS: [&str; 2] = ["no such index [", "Validation Failed: 1: this action would add ["];

/// The reason without values, ids and positions, at most 300 characters, on one line.
///
/// Equal faults give equal text, so it can be grouped by.
pub fn redact(reason: &str) -> String {
    let head = head(reason);
    let text = match known(head) {
        Some(text) => text,
        None => until_value(head),
    };
    match text.trim_end_matches([' ', '(', ',', ';', ':', '.', '=']) {
        "" => "(only a value)".to_owned(),
        kept => clip(kept, REASON_CHARS),
    }
}

/// The field that a reason blames, at most 120 characters without control characters.
///
/// Internal parts of a `flat_object` (`rp._value`, `rp._valueAndPath`) are named by the field itself.
pub fn field_of(reason: &str) -> Option<String> {
    const SHAPES: [(&str, &str); 14] = [
        ("failed to parse field [", "] of type ["),
        ("object mapping for [", "] tried to parse field ["),
        ("Document contains at least one immense term in field=\"", "\""),
        ("DocValuesField \"", "\""),
        ("Duplicate Object property \"", "\""),
        ("Duplicate field '", "'"),
        ("object field starting or ending with a [.] makes object resolution ambiguous: [", "]"),
        ("Field [", "] is a metadata field"),
        ("Could not dynamically add mapping for field [", "]"),
        ("mapper [", "]"),
        ("can't merge a non object mapping [", "]"),
        ("constant keyword field [", "]"),
        ("object mapping [", "]"),
        ("[", "] unexpected token ["),
    ];
    let head = head(reason);
    if let Some(rest) = head.strip_prefix("mapping set to strict, dynamic introduction of [") {
        let (name, rest) = rest.split_once("] within [")?;
        let within = rest.split_once(']').map_or("", |(within, _)| within);
        return Some(match within {
            "" | "_doc" => clip(name, NAME_CHARS),
            parent => clip(&format!("{parent}.{name}"), NAME_CHARS),
        });
    }
    let name = SHAPES.iter().find_map(|(before, after)| {
        let (name, _) = head.strip_prefix(before)?.split_once(after)?;
        Some(name)
    })?;
    Some(clip(without_internals(name), NAME_CHARS))
}

/// `text` cut to `max` characters, controls (also those that turn the writing direction) made spaces.
pub(super) fn clip(text: &str, max: usize) -> String {
    let clean = |c: char| if crate::shown::is_trick(c) { ' ' } else { c };
    text.chars().take(max).map(clean).collect()
}

fn head(reason: &str) -> &str {
    let line = reason.get(..reason.floor_char_boundary(LOOKED_AT)).unwrap_or("");
    line.split('\n').next().unwrap_or("")
}

fn without_internals(name: &str) -> &str {
    name.strip_suffix("._valueAndPath").or_else(|| name.strip_suffix("._value")).unwrap_or(name)
}

/// Reasons whose value stands in the middle of what one wants to read.
fn known(head: &str) -> Option<String> {
    if HARMLESS.iter().any(|start| head.starts_with(start))
        || (head.starts_with("index [") && head.contains("] blocked by: ["))
    {
        return Some(head.to_owned());
    }
    if head.starts_with("no permissions for [") {
        return Some(head.split(" and User [").next().unwrap_or("").to_owned());
    }
    if head.starts_with("Document contains at least one immense term") {
        let field = field_of(head).unwrap_or_default();
        return Some(format!(
            "Document contains at least one immense term in field [{field}] (over 32766 bytes)"
        ));
    }
    if head.starts_with("DocValuesField \"") && head.contains("\" is too large, must be <= 32766") {
        let field = field_of(head).unwrap_or_default();
        return Some(format!("DocValuesField [{field}] is too large, must be <= 32766"));
    }
    if head.starts_with("failed to parse date field [") {
        // The format is the mapping's and stands last; a value can only imitate it before.
        let format = head.rsplit_once("] with format [").and_then(|(_, format)| format.strip_suffix(']'));
        return Some(match format {
            Some(format) => format!("failed to parse date field with format [{}]", clip(format, NAME_CHARS)),
            None => "failed to parse date field".to_owned(),
        });
    }
    if let Some(rest) = head.strip_prefix("Numeric value (") {
        let range = rest.rsplit_once(") out of range of `").and_then(|(_, range)| range.split_once('`'));
        return Some(match range {
            Some((kind, _)) if is_word(kind) => format!("Numeric value out of range of [{kind}]"),
            _ => "Numeric value out of range".to_owned(),
        });
    }
    if let Some(rest) = head.strip_prefix("Value [") {
        let kind = rest.rsplit_once("] is out of range for ").map_or("a number", |(_, kind)| kind);
        return Some(format!("Value is out of range for {}", clip(kind, 20)));
    }
    if let Some((start, _)) = head.split_once("] unexpected token [") {
        let token = head.rsplit_once('[').and_then(|(_, token)| token.split_once(']'));
        if let (Some(field), Some((token, rest))) = (start.strip_prefix('['), token) {
            return Some(format!(
                "[{}] unexpected token [{}]{}",
                clip(field, NAME_CHARS),
                clip(token, 30),
                clip(rest, 60)
            ));
        }
    }
    let fixed = [
        ("'", "' is not an IP string literal.", "value is not an IP string literal"),
        (
            "Failed to parse value [",
            "] as only [true] or [false] are allowed.",
            "value is not one of true and false",
        ),
        ("[", "document already exists", "version conflict, document already exists"),
        ("[", "supports only finite values", "only finite values are supported"),
        ("Validation Failed: 1: id [", "] is too long", "id is too long, must be no longer than 512 bytes"),
    ];
    fixed
        .iter()
        .find(|(start, part, _)| head.starts_with(start) && head.contains(part))
        .map(|(_, _, text)| (*text).to_owned())
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 40 && text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
}

/// Copies `head` up to the first thing that may be a value.
fn until_value(head: &str) -> String {
    const STOPS: [&str; 7] =
        [" in document with id", "Preview of", "; got ", ", got ", "but got ", " 0x", "but was"];
    let mut out = String::new();
    let mut rest = head;
    while let Some(c) = rest.chars().next() {
        if STOPS.iter().any(|stop| rest.starts_with(stop)) || is_position(rest) {
            return out;
        }
        let after = rest.get(c.len_utf8()..).unwrap_or("");
        match c {
            '[' => {
                let Some((name, behind)) = after.split_once(']') else { return out };
                let introduced = name == "." || NAMES_BEFORE.iter().any(|words| ends_with_words(&out, words));
                if !introduced || out.ends_with("date field ") {
                    return out;
                }
                out.push('[');
                out.push_str(&clip(without_internals(name), NAME_CHARS));
                out.push(']');
                rest = behind;
                continue;
            }
            '(' => match after.split_once(')') {
                Some((token, _)) if is_word(token) && token.bytes().all(|b| !b.is_ascii_lowercase()) => {}
                _ => return out,
            },
            ':' | '{' | '<' | '"' | '`' => return out,
            '\'' if !out.ends_with(|c: char| c.is_ascii_alphanumeric()) => return out,
            '=' | '@' => return whole_words(out),
            '0'..='9' if is_long_number(rest) => return whole_words(out),
            c if !c.is_ascii() => return whole_words(out),
            _ => {}
        }
        out.push(c);
        rest = after;
    }
    out
}

/// `out` ends with `words`, whatever the case of their first letter, at the start of a word.
fn ends_with_words(out: &str, words: &str) -> bool {
    let Some(start) = out.len().checked_sub(words.len()) else { return false };
    let at_word = start == 0
        || out.get(..start).is_some_and(|before| before.ends_with([' ', '.']))
        || words.starts_with(']');
    at_word && out.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(words))
}

/// ` at 1:7`: where in the document, different for each.
fn is_position(rest: &str) -> bool {
    rest.strip_prefix(" at ").is_some_and(|place| place.starts_with(|c: char| c.is_ascii_digit() || c == '['))
}

/// Seven digits and more, or digits with points between (addresses, decimals).
fn is_long_number(rest: &str) -> bool {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let mut behind = rest.get(end..).unwrap_or("").chars();
    end >= 7 || (behind.next() == Some('.') && behind.next().is_some_and(|c| c.is_ascii_digit()))
}

/// Takes a half-copied last word away.
fn whole_words(mut out: String) -> String {
    let end = out.rfind(' ').unwrap_or(0);
    out.truncate(end);
    out
}
