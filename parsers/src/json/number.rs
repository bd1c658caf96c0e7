//! Numbers as JSON writes them, and which of them OpenSearch can hold.

/// RFC 8259 section 6: `-? int frac? exp?`.
pub(super) fn is_json_number(text: &[u8]) -> bool {
    fn digits(text: &[u8]) -> usize {
        text.iter().take_while(|b| b.is_ascii_digit()).count()
    }
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let int = digits(rest);
    if int == 0 || (int > 1 && rest.first() == Some(&b'0')) {
        return false;
    }
    let mut rest = rest.get(int..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let len = digits(fraction);
        if len == 0 {
            return false;
        }
        rest = fraction.get(len..).unwrap_or_default();
    }
    if let Some((b'e' | b'E', exponent)) = rest.split_first() {
        let exponent = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
        let len = digits(exponent);
        return len > 0 && len == exponent.len();
    }
    rest.is_empty()
}

/// Longer numbers are taken as text: Jackson, which OpenSearch reads with, refuses numbers of more than 1,000
/// characters.
const MAX_NUMBER: usize = 1000;

/// Whether OpenSearch can hold a number: 64 bits as an integer, a finite double otherwise.
pub(super) fn fits(number: &[u8]) -> bool {
    if number.len() <= 18 && !number.iter().any(|b| matches!(b, b'e' | b'E')) {
        return true;
    }
    if number.len() > MAX_NUMBER {
        return false;
    }
    let Ok(text) = std::str::from_utf8(number) else { return false };
    if text.bytes().any(|b| matches!(b, b'.' | b'e' | b'E')) {
        text.parse::<f64>().is_ok_and(f64::is_finite)
    } else {
        text.parse::<i64>().is_ok()
    }
}
