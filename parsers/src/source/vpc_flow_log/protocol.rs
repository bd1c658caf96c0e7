//! Names of IP protocols and TCP flags.

/// Keywords of the IANA registry in lower case, as ECS writes `network.transport`; those that have none there
/// (61, 63, 68, 99, 114 are "any …", 148 to 252 are not assigned, 253 and 254 are for experiments) are empty. Sorted by
/// number.
///
/// <https://www.iana.org/assignments/protocol-numbers/protocol-numbers.xhtml>
const NAMES: [&str; 148] = [
    "hopopt",
    "icmp",
    "igmp",
    "ggp",
    "ipv4",
    "st",
    "tcp",
    "cbt",
    "egp",
    "igp",
    "bbn-rcc-mon",
    "nvp-ii",
    "pup",
    "argus",
    "emcon",
    "xnet",
    "chaos",
    "udp",
    "mux",
    "dcn-meas",
    "hmp",
    "prm",
    "xns-idp",
    "trunk-1",
    "trunk-2",
    "leaf-1",
    "leaf-2",
    "rdp",
    "irtp",
    "iso-tp4",
    "netblt",
    "mfe-nsp",
    "merit-inp",
    "dccp",
    "3pc",
    "idpr",
    "xtp",
    "ddp",
    "idpr-cmtp",
    "tp++",
    "il",
    "ipv6",
    "sdrp",
    "ipv6-route",
    "ipv6-frag",
    "idrp",
    "rsvp",
    "gre",
    "dsr",
    "bna",
    "esp",
    "ah",
    "i-nlsp",
    "swipe",
    "narp",
    "min-ipv4",
    "tlsp",
    "skip",
    "ipv6-icmp",
    "ipv6-nonxt",
    "ipv6-opts",
    "",
    "cftp",
    "",
    "sat-expak",
    "kryptolan",
    "rvd",
    "ippc",
    "",
    "sat-mon",
    "visa",
    "ipcv",
    "cpnx",
    "cphb",
    "wsn",
    "pvp",
    "br-sat-mon",
    "sun-nd",
    "wb-mon",
    "wb-expak",
    "iso-ip",
    "vmtp",
    "secure-vmtp",
    "vines",
    "iptm",
    "nsfnet-igp",
    "dgp",
    "tcf",
    "eigrp",
    "ospfigp",
    "sprite-rpc",
    "larp",
    "mtp",
    "ax.25",
    "ipip",
    "micp",
    "scc-sp",
    "etherip",
    "encap",
    "",
    "gmtp",
    "ifmp",
    "pnni",
    "pim",
    "aris",
    "scps",
    "qnx",
    "a/n",
    "ipcomp",
    "snp",
    "compaq-peer",
    "ipx-in-ip",
    "vrrp",
    "pgm",
    "",
    "l2tp",
    "ddx",
    "iatp",
    "stp",
    "srp",
    "uti",
    "smp",
    "sm",
    "ptp",
    "isis over ipv4",
    "fire",
    "crtp",
    "crudp",
    "sscopmce",
    "iplt",
    "sps",
    "pipe",
    "sctp",
    "fc",
    "rsvp-e2e-ignore",
    "mobility header",
    "udplite",
    "mpls-in-ip",
    "manet",
    "hip",
    "shim6",
    "wesp",
    "rohc",
    "ethernet",
    "aggfrag",
    "nsh",
    "homa",
    "bit-emu",
];

/// Name of a protocol by its number as written; none for what has no name.
pub(super) fn name(number: &[u8]) -> Option<&'static str> {
    // The usual ones first: nearly all flows are of these.
    match number {
        b"6" => return Some("tcp"),
        b"17" => return Some("udp"),
        _ => {}
    }
    let place = byte(number)?;
    NAMES.get(usize::from(place)).copied().filter(|name| !name.is_empty())
}

/// A number from 0 to 255 without leading zeros.
pub(super) fn byte(number: &[u8]) -> Option<u8> {
    if number.len() > 3 || number.is_empty() || (number.len() > 1 && number.first() == Some(&b'0')) {
        return None;
    }
    let value =
        number.iter().try_fold(0u16, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u16::from(b - b'0')))?;
    u8::try_from(value).ok()
}

/// Names of the bits of `tcp_flags`, the lowest first (RFC 9293 section 3.1).
const FLAGS: [&str; 8] = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"];

/// `,"tcp_flags":[…]` for each value of `tcp_flags`; nothing for 0.
pub(super) fn flag_lists() -> Vec<Box<[u8]>> {
    (0..=u8::MAX)
        .map(|bits| {
            let names: Vec<String> = FLAGS
                .iter()
                .enumerate()
                .filter(|(bit, _)| bits >> bit & 1 == 1)
                .map(|(_, name)| format!("\"{name}\""))
                .collect();
            let list = if names.is_empty() {
                String::new()
            } else {
                format!(",\"tcp_flags\":[{}]", names.join(","))
            };
            list.into_bytes().into()
        })
        .collect()
}
