//! The byte-wise reader around the list.

use super::{RecordsCutter, State};
use crate::split::{BYTE_ORDER_MARK, Cut, SplitProblem};

/// Where it stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Envelope {
    pub(super) depth: usize,
    in_string: bool,
    escaped: bool,
    /// The next string at depth 1 is a key.
    key_expected: bool,
    /// The string being read is a key.
    in_key: bool,
    /// The key read last, as far as it is needed.
    key: Vec<u8>,
    /// The value of the list's key comes next.
    list_expected: bool,
}

impl Envelope {
    /// Behind the list, in the object that holds it.
    pub(super) fn inside() -> Self {
        Self { depth: 1, ..Self::default() }
    }
}

impl RecordsCutter {
    /// Reads the envelope. True when the list begins, or there is no use in reading on.
    pub(super) fn envelope(&mut self, emit: &mut dyn FnMut(Cut), last: bool) -> bool {
        let State::Envelope(env) = &mut self.state else { return true };
        if self.offset == 0 && self.seen == 0 {
            if self.buffer.starts_with(BYTE_ORDER_MARK) {
                self.seen = BYTE_ORDER_MARK.len();
            } else if BYTE_ORDER_MARK.starts_with(&self.buffer) && !last {
                return false; // its rest may follow
            }
        }
        while let Some(&byte) = self.buffer.get(self.seen) {
            let at = self.offset + self.seen as u64;
            self.seen += 1;
            if env.in_string {
                let ends = !env.escaped && byte == b'"';
                env.escaped = !env.escaped && byte == b'\\';
                if ends {
                    env.in_string = false;
                } else if env.in_key && env.key.len() <= self.path.len() {
                    env.key.push(byte);
                }
                continue;
            }
            if byte.is_ascii_whitespace() {
                continue;
            }
            if env.depth == 0 && byte != b'{' && !self.anything {
                emit(Cut::Problem(SplitProblem::NotJson));
                self.anything = true;
                self.state = State::Hopeless;
                return true;
            }
            self.anything = true;
            let wanted = std::mem::take(&mut env.list_expected);
            if wanted && byte == b'[' {
                (self.found, self.here) = (true, true);
                self.begin_list();
                return true;
            }
            if wanted {
                (self.found, self.here) = (true, true);
                emit(Cut::Problem(SplitProblem::NotAList { path: self.path, offset: at }));
            }
            let odd = match env.depth {
                0 => byte != b'{',
                1 => env.key_expected && !matches!(byte, b'"' | b'}'),
                _ => false,
            };
            if odd && !std::mem::replace(&mut self.malformed, true) {
                emit(Cut::Problem(SplitProblem::Malformed { offset: at }));
            }
            match byte {
                b'"' => {
                    env.in_string = true;
                    env.in_key = env.depth == 1 && std::mem::take(&mut env.key_expected);
                    if env.in_key {
                        env.key.clear();
                    }
                }
                b'{' | b'[' => {
                    env.depth += 1;
                    env.key_expected = env.depth == 1 && byte == b'{';
                }
                b'}' | b']' => {
                    env.depth = env.depth.saturating_sub(1);
                    if env.depth == 0 && self.then_bare {
                        self.begin_bare();
                        return true;
                    }
                    // Behind an object with the list one without it: its records would be missed in silence.
                    if env.depth == 0 && self.found && !std::mem::take(&mut self.here) {
                        emit(Cut::Problem(SplitProblem::NoRecords { path: self.path }));
                    }
                }
                b',' => env.key_expected = env.depth == 1,
                b':' => env.list_expected = env.depth == 1 && env.key == self.path.as_bytes(),
                _ => {}
            }
        }
        self.forget(self.seen);
        false
    }
}
