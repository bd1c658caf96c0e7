//! Percent-decoding as Python's `urllib.parse.unquote` does it.

/// Decodes `%XX` as UTF-8. What is not UTF-8 becomes U+FFFD; a `%` without two hex digits stays.
///
/// Runs of ASCII are decoded one by one: bytes on two sides of another character never join.
pub(super) fn unquote(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut run = Vec::new();
    let mut run_is_ascii = true;
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if first.is_ascii() != run_is_ascii {
            decoded.push_str(&String::from_utf8_lossy(&run));
            run.clear();
            run_is_ascii = first.is_ascii();
        }
        let (byte, after) = escaped_byte(rest).unwrap_or((*first, tail));
        run.push(byte);
        rest = after;
    }
    decoded.push_str(&String::from_utf8_lossy(&run));
    decoded
}

/// The byte of a `%XX` at the start, and what follows it.
fn escaped_byte(text: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, after @ ..] = text else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(*high)? * 16 + digit(*low)?, after))
}
