//! The byte alphabet that the patterns are written in.
//!
//! The patterns tell ASCII characters apart one by one, but all others only by kind: letter, digit, space
//! or none of them. So a text is encoded with one byte for each character, and the engine works on bytes:
//! "200 characters" is 200 states instead of 200 UTF-8 automata, and `\w` has no Unicode tables.
//!
//! Keep the codes in step with `dev/update-user-agents`, which writes the patterns.

use std::sync::OnceLock;

/// A letter or a number that is not a decimal digit: part of `\w`.
pub(super) const WORD: u8 = 0x80;
/// A decimal digit: part of `\d` and `\w`.
pub(super) const DIGIT: u8 = 0x81;
/// White space: part of `\s`.
const SPACE: u8 = 0x82;
/// Any other character beyond ASCII.
const OTHER: u8 = 0x83;
/// A newline that ends the text. Python's `$` matches before it; the engine is told that this byte ends
/// lines, so that `(?m:$)` means the same.
pub(super) const LAST_NEWLINE: u8 = 0xFF;

/// A user agent's beginning, encoded.
pub(super) struct Text<'a> {
    source: &'a str,
    /// One code for each character.
    pub(super) cased: Vec<u8>,
    /// The same in lower case: for patterns that ignore case, and for the required literals.
    pub(super) lower: Vec<u8>,
    /// Byte offsets of the characters and of the end; empty if they equal the character's number (ASCII).
    offsets: Vec<u32>,
    /// Whether letters or digits beyond ASCII occur.
    pub(super) has_foreign_words: bool,
}

impl<'a> Text<'a> {
    /// Encodes the first `limit` characters of `source`.
    pub(super) fn new(source: &'a str, limit: usize) -> Self {
        let end = source.char_indices().nth(limit).map_or(source.len(), |(offset, _)| offset);
        let ends_here = end == source.len();
        let source = source.get(..end).unwrap_or(source);
        let mut text = if source.is_ascii() { Self::from_ascii(source) } else { Self::from_unicode(source) };
        if ends_here && source.ends_with('\n') {
            for codes in [&mut text.cased, &mut text.lower] {
                if let Some(last) = codes.last_mut() {
                    *last = LAST_NEWLINE;
                }
            }
        }
        text
    }

    fn from_ascii(source: &'a str) -> Self {
        Self {
            source,
            cased: source.as_bytes().to_vec(),
            lower: source.as_bytes().to_ascii_lowercase(),
            offsets: Vec::new(),
            has_foreign_words: false,
        }
    }

    fn from_unicode(source: &'a str) -> Self {
        let mut text = Self {
            source,
            cased: Vec::with_capacity(source.len()),
            lower: Vec::with_capacity(source.len()),
            offsets: Vec::with_capacity(source.len() + 1),
            has_foreign_words: false,
        };
        for (offset, char) in source.char_indices() {
            let code = code_of(char);
            // Python's IGNORECASE finds four characters beyond ASCII equal to a letter.
            let lower = match char {
                '\u{130}' | '\u{131}' => b'i',
                '\u{17F}' => b's',
                '\u{212A}' => b'k',
                _ => code.to_ascii_lowercase(),
            };
            text.has_foreign_words |= matches!(code, WORD | DIGIT);
            text.cased.push(code);
            text.lower.push(lower);
            text.offsets.push(offset_u32(offset));
        }
        text.offsets.push(offset_u32(source.len()));
        text
    }

    /// The characters from number `start` up to number `end`.
    pub(super) fn slice(&self, start: usize, end: usize) -> Option<&'a str> {
        let offset = |at: usize| match self.offsets.as_slice() {
            [] => Some(at),
            offsets => offsets.get(at).and_then(|offset| usize::try_from(*offset).ok()),
        };
        self.source.get(offset(start)?..offset(end)?)
    }
}

/// Offsets stay far below 4 GiB: the text was cut to a few thousand characters.
fn offset_u32(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

fn code_of(char: char) -> u8 {
    match u8::try_from(char) {
        Ok(ascii) if ascii.is_ascii() => ascii,
        _ => kind_of(char),
    }
}

/// What Python's `str.isalnum` says; `\w` is this and the underscore.
pub(super) fn is_alphanumeric(char: char) -> bool {
    char.is_ascii_alphanumeric() || (!char.is_ascii() && matches!(kind_of(char), WORD | DIGIT))
}

/// What Python's `str.isspace` says.
pub(super) fn is_space(char: char) -> bool {
    char.is_whitespace() || matches!(char, '\u{1C}'..='\u{1F}')
}

/// The code of a character beyond ASCII.
fn kind_of(char: char) -> u8 {
    static RANGES: OnceLock<Vec<(u32, u32, u8)>> = OnceLock::new();
    let ranges = RANGES.get_or_init(|| {
        include_str!("../../data/user-agents/characters.tsv").lines().filter_map(range_of_line).collect()
    });
    let code = u32::from(char);
    let after = ranges.partition_point(|(first, _, _)| *first <= code);
    match after.checked_sub(1).and_then(|index| ranges.get(index)) {
        Some((_, last, kind)) if code <= *last => *kind,
        _ => OTHER,
    }
}

/// `word<TAB>AA<TAB>AA`, in order of code points.
fn range_of_line(line: &str) -> Option<(u32, u32, u8)> {
    let mut fields = line.split('\t');
    let kind = match fields.next()? {
        "word" => WORD,
        "digit" => DIGIT,
        "space" => SPACE,
        _ => return None,
    };
    let mut code = || u32::from_str_radix(fields.next()?, 16).ok();
    Some((code()?, code()?, kind))
}
