//! Addresses as they stand in logs.

use std::net::IpAddr;

/// Whether es-loader takes a text for an address (Python's `ipaddress`): IPv4 without leading zeros, IPv6 also
/// with a zone.
#[must_use]
pub fn is_ip(text: &[u8]) -> bool {
    // Most are IPv4, and the names of services are neither.
    let dotted = text.iter().all(|b| matches!(b, b'0'..=b'9' | b'.'));
    if dotted {
        let mut parts = 0;
        return text.split(|&b| b == b'.').all(|part| {
            parts += 1;
            parts <= 4 && is_octet(part)
        }) && parts == 4;
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

/// A number of an IPv4 address; the caller made sure of the digits.
fn is_octet(part: &[u8]) -> bool {
    match part {
        [_] => true,
        [b'1'..=b'9', _] | [b'1', _, _] => true,
        [b'2', a, b] => (*a, *b) <= (b'5', b'5'),
        _ => false,
    }
}
