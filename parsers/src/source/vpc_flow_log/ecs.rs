//! The ECS fields of a flow, under the names that es-loader writes.

use super::{
    columns::{SLOTS, Slot},
    protocol,
};
use crate::{
    document::{put, raw_member},
    shape::separate,
    source::Place,
};

/// Where a row came through CloudWatch Logs; all as it stands inside JSON strings.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LogGroup<'a> {
    /// Account of the log group.
    pub(super) owner: Option<&'a [u8]>,
    /// Name of the log group.
    pub(super) group: Option<&'a [u8]>,
    /// Name of the log stream.
    pub(super) stream: Option<&'a [u8]>,
}

/// The values of a row that are there; empty where one is not.
pub(super) struct Values<'a> {
    /// By [`Slot`].
    pub(super) slots: &'a [&'a [u8]; SLOTS],
    /// A bit for each slot whose value its ECS field takes, see [`super::columns::Column::fits`].
    pub(super) sound: u32,
    /// Where the row came through.
    pub(super) log: &'a LogGroup<'a>,
    /// Where it stands.
    pub(super) place: &'a Place<'a>,
}

impl Values<'_> {
    /// The value of a column, empty where there is none.
    #[inline]
    pub(super) fn get(&self, slot: Slot) -> &[u8] {
        self.slots.get(slot as usize).copied().unwrap_or_default()
    }

    /// Whether the value can stand at its ECS field.
    #[inline]
    fn is_sound(&self, slot: Slot) -> bool {
        self.sound >> slot as u32 & 1 == 1
    }

    /// Appends the fields, each with a comma in front.
    pub(super) fn write(&self, transit: bool, out: &mut Vec<u8>) {
        for (name, value) in [("@log_group", self.log.group), ("@log_stream", self.log.stream)] {
            if let Some(value) = value {
                out.push(b',');
                raw_member(out, name, value);
            }
        }
        self.event(transit, out);
        self.cloud(out);
        self.related(out);
        let counts = [(&b"\"bytes\":"[..], Slot::Bytes), (b"\"packets\":", Slot::Packets)];
        out.extend_from_slice(b",\"source\":{");
        self.end(out, Slot::Srcaddr, Slot::Srcport);
        self.counts(out, &counts);
        close(out, b",\"source\":{");
        out.extend_from_slice(b",\"destination\":{");
        self.end(out, Slot::Dstaddr, Slot::Dstport);
        close(out, b",\"destination\":{");
        self.network(out, &counts);
    }

    fn event(&self, transit: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(
            b",\"event\":{\"module\":\"vpcflowlogs\",\"kind\":\"event\",\"category\":[\"network\"],",
        );
        let action = self.get(Slot::Action);
        match action {
            b"ACCEPT" if !transit => out.extend_from_slice(
                b"\"action\":\"ACCEPT\",\"type\":[\"connection\",\"allowed\"],\"outcome\":\"success\",",
            ),
            b"REJECT" if !transit => out.extend_from_slice(
                b"\"action\":\"REJECT\",\"type\":[\"connection\",\"denied\"],\"outcome\":\"failure\",",
            ),
            _ => other_action(action, transit, out),
        }
        put!(out, &self.place.object.ingested, b"}");
    }

    fn cloud(&self, out: &mut Vec<u8>) {
        let info = &self.place.object.key_info;
        out.extend_from_slice(b",\"cloud\":{\"provider\":\"aws\",\"account\":{\"id\":\"");
        let account = match self.get(Slot::AccountId) {
            b"" | b"unknown" => {
                let of_key = info.account.as_deref().unwrap_or("unknown").as_bytes();
                self.log.owner.unwrap_or(of_key)
            }
            account => account,
        };
        put!(out, account, b"\"},");
        let instance = self.get(Slot::InstanceId);
        if !instance.is_empty() {
            put!(out, b"\"instance\":{\"id\":\"", instance, b"\"},");
        }
        match self.get(Slot::Region) {
            b"" => {
                let region = info.region.as_deref().unwrap_or("unknown");
                put!(out, b"\"region\":\"", region.as_bytes(), b"\"}");
            }
            region => put!(out, b"\"region\":\"", region, b"\"}"),
        }
        if let Some(organization) = &info.organization {
            put!(out, b",\"organization\":{\"id\":\"", organization.as_bytes(), b"\"}");
        }
    }

    /// Each address once.
    fn related(&self, out: &mut Vec<u8>) {
        let slots = [Slot::Srcaddr, Slot::Dstaddr, Slot::PktSrcaddr, Slot::PktDstaddr];
        let addresses = slots.map(|slot| self.get(slot));
        let mut first = true;
        for (place, (address, slot)) in addresses.iter().zip(slots).enumerate() {
            let before = addresses.get(..place).unwrap_or_default();
            if address.is_empty() || before.contains(address) {
                continue;
            }
            if !self.is_sound(slot) {
                continue;
            }
            let open: &[u8] = if first { b",\"related\":{\"ip\":[\"" } else { b",\"" };
            put!(out, open, address, b"\"");
            first = false;
        }
        if !first {
            out.extend_from_slice(b"]}");
        }
    }

    /// Appends what is known of one end of a flow.
    fn end(&self, out: &mut Vec<u8>, address: Slot, port: Slot) {
        let text = self.get(address);
        if !text.is_empty() {
            put!(out, b"\"address\":\"", text, b"\"");
            if self.is_sound(address) {
                put!(out, b",\"ip\":\"", text, b"\"");
            }
        }
        if self.is_sound(port) {
            separate(out);
            put!(out, b"\"port\":", self.get(port));
        }
    }

    fn counts(&self, out: &mut Vec<u8>, counts: &[(&[u8], Slot)]) {
        for &(name, slot) in counts {
            if self.is_sound(slot) {
                separate(out);
                put!(out, name, self.get(slot));
            }
        }
    }

    fn network(&self, out: &mut Vec<u8>, counts: &[(&[u8], Slot)]) {
        const OPEN: &[u8] = b",\"network\":{";
        out.extend_from_slice(OPEN);
        self.counts(out, counts);
        let protocol = self.get(Slot::Protocol);
        if !protocol.is_empty() {
            separate(out);
            put!(out, b"\"iana_number\":\"", protocol, b"\"");
            if let Some(name) = protocol::name(protocol) {
                put!(out, b",\"transport\":\"", name.as_bytes(), b"\"");
            }
        }
        let direction = self.get(Slot::FlowDirection);
        if !direction.is_empty() {
            separate(out);
            put!(out, b"\"direction\":\"", direction, b"\"");
        }
        let kind = self.get(Slot::Type);
        // An escape has letters that may not change.
        if !kind.is_empty() && !kind.contains(&b'\\') {
            separate(out);
            out.extend_from_slice(b"\"type\":\"");
            out.extend(kind.iter().map(u8::to_ascii_lowercase));
            out.push(b'"');
        }
        close(out, OPEN);
    }
}

/// Closes an object that was opened with `open`; where nothing is in it, it is taken back.
fn close(out: &mut Vec<u8>, open: &[u8]) {
    if out.last() == Some(&b'{') {
        out.truncate(out.len().saturating_sub(open.len()));
    } else {
        out.push(b'}');
    }
}

/// Rows without an action, of a transit gateway, or with an action that does not exist today.
fn other_action(action: &[u8], transit: bool, out: &mut Vec<u8>) {
    if !action.is_empty() {
        put!(out, b"\"action\":\"", action, b"\",");
    }
    let has = |word: &[u8]| action.windows(word.len()).any(|part| part == word);
    if transit {
        out.extend_from_slice(b"\"type\":[\"connection\"],");
    } else if has(b"ACCEPT") {
        out.extend_from_slice(b"\"type\":[\"connection\",\"allowed\"],\"outcome\":\"success\",");
    } else if has(b"REJECT") {
        out.extend_from_slice(b"\"type\":[\"connection\",\"denied\"],\"outcome\":\"failure\",");
    } else {
        out.extend_from_slice(b"\"outcome\":\"unknown\",");
    }
}
