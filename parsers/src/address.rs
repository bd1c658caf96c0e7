//! Addresses as they stand in logs.

use std::net::IpAddr;

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
    let (mut good, mut dots, mut digits, mut octet) = (true, 0, 0, 0u32);
    for &byte in text {
        match byte {
            b'0'..=b'9' => {
                good &= digits == 0 || octet != 0;
                octet = (octet * 10 + u32::from(byte - b'0')).min(256);
                good &= octet < 256;
                digits += 1;
            }
            b'.' => {
                good &= digits > 0;
                (dots, digits, octet) = (dots + 1, 0, 0);
            }
            _ => return None,
        }
    }
    Some(good && digits > 0 && dots == 3)
}
