//! Addresses as they stand in logs.

use std::net::IpAddr;

use wide::u8x16;

/// Whether es-loader takes a text for an address (Python's `ipaddress`): IPv4 without leading zeros, IPv6 also
/// with a zone.
#[must_use]
pub fn is_ip(text: &[u8]) -> bool {
    // Most are IPv4, and the names of services are neither.
    if let Some(known) = is_dotted(text) {
        return known;
    }
    if !text.contains(&b':') {
        return false;
    }
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let address = match text.split_once('%') {
        Some((address, zone)) if address.contains(':') && !zone.is_empty() && !zone.contains('%') => address,
        Some(_) => return false,
        None => text,
    };
    address.parse::<IpAddr>().is_ok()
}

/// Whether a text of digits and dots is an IPv4 address; none where it has anything else.
fn is_dotted(text: &[u8]) -> Option<bool> {
    // Two of them stand in each flow log row, and where the dots are nobody can foresee: there is no branch on it.
    let Some(bytes) = in_sixteen(text) else {
        let other = text.iter().any(|b| !matches!(b, b'0'..=b'9' | b'.'));
        return if other { None } else { Some(false) };
    };
    let lanes = u8x16::from(bytes.to_le_bytes());
    let dots = lanes.simd_eq(u8x16::splat(b'.')).to_bitmask();
    // The larger of a byte and '0', which is the smaller of that and '9', is the byte itself.
    let digits = lanes.max(u8x16::splat(b'0')).min(u8x16::splat(b'9')).simd_eq(lanes).to_bitmask();
    let len = text.len() as u32;
    if (dots | digits) & ((1 << len) - 1) != (1 << len) - 1 {
        return None;
    }
    let (mut good, mut begin, mut left) = (dots.count_ones() == 3, 0, dots);
    for _ in 0..4 {
        // Behind the last dot the end counts as one.
        let end = left.trailing_zeros().min(len);
        left &= left.wrapping_sub(1);
        let digits = end.wrapping_sub(begin);
        good &= (1..=3).contains(&digits);
        // The digits with nothing in front of them up to three.
        let octet = (bytes >> (8 * (begin & 15))) as u32;
        let three = (octet << ((8 * (4 - digits.min(4))) % 32)) >> 8;
        let digit = |place: u32| (three >> (8 * place)) & 0xf;
        good &= digit(0) * 100 + digit(1) * 10 + digit(2) < 256;
        good &= digits == 1 || octet as u8 != b'0';
        begin = end + 1;
    }
    Some(good)
}

/// A text that may be an IPv4 address (7 to 15 bytes), with zeros behind it, the first byte lowest.
fn in_sixteen(text: &[u8]) -> Option<u128> {
    let behind = |low: u128, high: u128, width: usize| low | high << (8 * (text.len() - width));
    match text.len() {
        8..=15 => Some(behind(
            u64::from_le_bytes(*text.first_chunk()?).into(),
            u64::from_le_bytes(*text.last_chunk()?).into(),
            8,
        )),
        7 => Some(behind(
            u32::from_le_bytes(*text.first_chunk()?).into(),
            u32::from_le_bytes(*text.last_chunk()?).into(),
            4,
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    /// Every text of up to four parts that come close to an octet, and some with too many.
    #[test]
    fn dotted_texts_are_what_the_library_takes_them_for() {
        let parts =
            ["", "0", "7", "00", "01", "10", "99", "000", "001", "100", "255", "256", "299", "1000", "1a"];
        let mut texts = vec![String::new()];
        for depth in 0..4 {
            let longer = texts.iter().flat_map(|text| {
                parts
                    .iter()
                    .map(move |part| if depth == 0 { (*part).to_owned() } else { format!("{text}.{part}") })
            });
            texts = longer.collect();
            for text in &texts {
                let known = text.parse::<Ipv4Addr>().is_ok();
                assert_eq!(is_ip(text.as_bytes()), known, "{text}");
                let dotted = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
                assert_eq!(is_dotted(text.as_bytes()).is_some(), dotted, "{text}");
            }
        }
        assert!(!is_ip(b"1.2.3.4.5") && !is_ip(b"1..2.3") && !is_ip(b".1.2.3"));
    }
}
