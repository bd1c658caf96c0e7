//! Text that somebody else chose, on its way to a terminal or a log.

/// Whether a character could change what a terminal shows of the text around it: control characters, line separators
/// and marks of writing direction.
pub(crate) fn is_trick(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}
