//! Addresses as they stand in logs.

use std::{net::Ipv6Addr, ops::Range};

use wide::u8x16;

/// Whether es-loader takes a text for an address (Python's `ipaddress`): IPv4 without leading zeros, IPv6 also
/// with a zone.
#[must_use]
pub fn is_ip(text: &[u8]) -> bool {
    is_ip_at(text, 0..text.len())
}

/// [`is_ip`] of a part of a text: its bytes need not be copied where more follow.
#[must_use]
pub(crate) fn is_ip_at(text: &[u8], part: Range<usize>) -> bool {
    let Some(address) = text.get(part.clone()) else { return false };
    // Most are IPv4, and the names of services are neither.
    let dotted = match text.get(part.start..).and_then(|rest| rest.first_chunk::<16>()) {
        Some(bytes) => is_dotted(bytes, address.len()),
        None => {
            let mut bytes = [0; 16];
            bytes.iter_mut().zip(address).for_each(|(to, from)| *to = *from);
            is_dotted(&bytes, address.len())
        }
    };
    dotted.unwrap_or_else(|| is_other(address))
}

/// Whether a text that has more than digits and dots, or is longer than an IPv4 address, is an address.
fn is_other(text: &[u8]) -> bool {
    if !text.contains(&b':') {
        return false;
    }
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let address = match text.split_once('%') {
        Some((address, zone)) if address.contains(':') && !zone.is_empty() && !zone.contains('%') => address,
        Some(_) => return false,
        None => text,
    };
    address.parse::<Ipv6Addr>().is_ok()
}

/// Whether the first `len` bytes, all of them digits and dots, are an IPv4 address; none where they have anything else, or
/// are more than one has.
fn is_dotted(bytes: &[u8; 16], len: usize) -> Option<bool> {
    // Two of them stand in each flow log row, and where the dots are nobody can foresee: there is no branch on it.
    if len >= bytes.len() {
        return None;
    }
    let lanes = u8x16::from(*bytes);
    let dots = lanes.simd_eq(u8x16::splat(b'.')).to_bitmask();
    // The larger of a byte and '0', which is the smaller of that and '9', is the byte itself.
    let digits = lanes.max(u8x16::splat(b'0')).min(u8x16::splat(b'9')).simd_eq(lanes).to_bitmask();
    let bytes = u128::from_le_bytes(*bytes);
    let len = len as u32;
    let all = (1 << len) - 1;
    if (dots | digits) & all != all {
        return None;
    }
    let dots = dots & all;
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
                let mut bytes = [b'7'; 16];
                bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
                let looked = is_dotted(&bytes, text.len());
                assert_eq!(looked.is_some(), dotted && text.len() < 16, "{text}");
                let behind = format!("10 {text} 10.1.1.1 10");
                assert_eq!(is_ip_at(behind.as_bytes(), 3..3 + text.len()), known, "{text}");
            }
        }
        assert!(!is_ip(b"1.2.3.4.5") && !is_ip(b"1..2.3") && !is_ip(b".1.2.3"));
    }
}
