//! Which way an object is cut, by how its records stand in it and by its first bytes.

use super::{BYTE_ORDER_MARK, Cut, Limits, lines::LinesCutter, records::RecordsCutter};
use crate::source::Layout;

/// Bytes that are looked at for the key of a list: some more than any of the names, with room for white space.
const LOOK: usize = 256;

/// Cuts one object. Feed it by appending to [`buffer`](Self::buffer) and calling [`advance`](Self::advance);
/// [`finish`](Self::finish) at the end.
#[derive(Debug)]
pub struct Cutter {
    layout: Layout,
    limits: Limits,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// The first bytes.
    Undecided(Vec<u8>),
    Records(Box<RecordsCutter>),
    Lines(Box<LinesCutter>),
}

impl Cutter {
    /// A cutter for objects of a log.
    #[must_use]
    pub fn new(layout: Layout, limits: Limits) -> Self {
        Self { layout, limits, way: Way::Undecided(Vec::new()) }
    }

    /// Where decoded bytes are appended. Nothing else may be done to it.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        match &mut self.way {
            Way::Undecided(buffer) => buffer,
            Way::Records(cutter) => cutter.buffer(),
            Way::Lines(cutter) => cutter.buffer(),
        }
    }

    /// Gives a buffer that is no longer needed, for reuse.
    pub fn recycle(&mut self, buffer: Vec<u8>) {
        match &mut self.way {
            Way::Undecided(_) => {}
            Way::Records(cutter) => cutter.recycle(buffer),
            Way::Lines(cutter) => cutter.recycle(buffer),
        }
    }

    /// Looks at what was appended and hands on what is complete.
    pub fn advance(&mut self, emit: &mut dyn FnMut(Cut)) {
        self.decide(false);
        match &mut self.way {
            Way::Undecided(_) => {}
            Way::Records(cutter) => cutter.advance(emit),
            Way::Lines(cutter) => cutter.advance(emit),
        }
    }

    /// Hands on the rest; no bytes follow.
    pub fn finish(mut self, emit: &mut dyn FnMut(Cut)) {
        self.decide(true);
        match self.way {
            Way::Undecided(_) => {}
            Way::Records(cutter) => cutter.finish(emit),
            Way::Lines(cutter) => cutter.finish(emit),
        }
    }

    fn decide(&mut self, last: bool) {
        let Way::Undecided(first) = &mut self.way else { return };
        let text = first.strip_prefix(BYTE_ORDER_MARK).unwrap_or(first).trim_ascii_start();
        if !last && text.len() < LOOK && first.len() < 1 << 20 {
            return;
        }
        let json = matches!(text.first(), Some(b'{' | b'['));
        let mut way = match self.layout {
            Layout::ListUnder(path) if text.first() != Some(&b'[') => {
                Way::Records(Box::new(RecordsCutter::new(path, self.limits)))
            }
            Layout::Lines { is_header } if !json => {
                Way::Lines(Box::new(LinesCutter::new(is_header, self.limits)))
            }
            // Also a list by itself, where it should be under a key.
            Layout::Lines { .. } | Layout::ListUnder(_) => {
                Way::Records(Box::new(RecordsCutter::bare(self.limits)))
            }
            Layout::Values { lists } => {
                let list = lists.iter().find(|name| begins_with_list(text, name));
                Way::Records(Box::new(match list {
                    Some(path) => RecordsCutter::first_under(path, self.limits),
                    None => RecordsCutter::bare(self.limits),
                }))
            }
        };
        let first = std::mem::take(first);
        match &mut way {
            Way::Undecided(_) => {}
            Way::Records(cutter) => cutter.first(first),
            Way::Lines(cutter) => *cutter.buffer() = first,
        }
        self.way = way;
    }
}

/// Whether a text begins with `{"name":[`, with white space anywhere.
fn begins_with_list(text: &[u8], name: &str) -> bool {
    let rest = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    let rest = rest.and_then(|r| r.strip_prefix(b"\"")).and_then(|r| r.strip_prefix(name.as_bytes()));
    let rest = rest.and_then(|r| r.strip_prefix(b"\"")).map(<[u8]>::trim_ascii_start);
    let rest = rest.and_then(|r| r.strip_prefix(b":")).map(<[u8]>::trim_ascii_start);
    rest.is_some_and(|r| r.first() == Some(&b'['))
}
