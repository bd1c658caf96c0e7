//! What a finding says, wherever its kind says it: one walk over `service` and `resource`.
//!
//! Names of members are those of `Finding` in the API reference of GuardDuty:
//! <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Finding.html>

use super::side::{Side, Text, members};
use crate::{
    address::is_ip,
    json::{tape::Kind, write::Record},
};

/// Values of one kind in two lists. es-loader knows some of the places where they stand; what it lists is compared with,
/// and its users' searches rely on it, so what stands elsewhere is listed apart where it lists any.
#[derive(Debug, Default)]
pub(super) struct Related<'a> {
    /// From the places that es-loader knows; all, where there is none.
    pub(super) known: Vec<Text<'a>>,
    /// From other places.
    pub(super) more: Vec<Text<'a>>,
}

impl Related<'_> {
    /// Sorts, takes out what comes twice, and decides what is listed where.
    fn settle(&mut self) {
        if self.known.is_empty() {
            std::mem::swap(&mut self.known, &mut self.more);
        }
        for list in [&mut self.known, &mut self.more] {
            list.sort_unstable();
            list.dedup();
        }
        let known = &self.known;
        self.more.retain(|value| known.binary_search(value).is_err());
    }
}

/// A file that a finding is about.
#[derive(Debug, Default)]
pub(super) struct File<'a> {
    pub(super) path: Option<Text<'a>>,
    pub(super) name: Option<Text<'a>>,
    pub(super) hash: Option<Text<'a>>,
}

/// The values of one finding that ECS has fields for.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    pub(super) action_type: Option<Text<'a>>,
    /// `connectionDirection`
    pub(super) direction: Option<Text<'a>>,
    /// What was called: an API of AWS, or the verb of Kubernetes.
    pub(super) called: Option<Text<'a>>,
    pub(super) error_code: Option<Text<'a>>,
    pub(super) user_agent: Option<Text<'a>>,
    pub(super) blocked: bool,
    /// Protocol of a connection or question.
    pub(super) transport: Option<Text<'a>>,
    pub(super) dns_question: Option<Text<'a>>,
    pub(super) remote: Side<'a>,
    pub(super) local: Side<'a>,
    pub(super) ips: Related<'a>,
    pub(super) users: Related<'a>,
    pub(super) user_id: Option<Text<'a>>,
    pub(super) user_name: Option<Text<'a>>,
    pub(super) instance: Option<Text<'a>>,
    pub(super) host_name: Option<Text<'a>>,
    pub(super) host_ips: Vec<Text<'a>>,
    pub(super) hosts: Vec<Text<'a>>,
    pub(super) hashes: Vec<Text<'a>>,
    pub(super) file: File<'a>,
    /// Node of the process.
    pub(super) process: Option<usize>,
    pub(super) command_line: Option<Text<'a>>,
    /// Node of the container.
    pub(super) container: Option<usize>,
    /// Tactics that an attack sequence names.
    pub(super) tactics: Vec<Text<'a>>,
    pub(super) first_seen: Option<Text<'a>>,
    pub(super) last_seen: Option<Text<'a>>,
    pub(super) count: Option<usize>,
    pub(super) archived: bool,
}

impl<'a> Facts<'a> {
    /// Reads a finding's `resource` and `service`.
    pub(super) fn of(record: Record<'a>, resource: Option<usize>, service: Option<usize>) -> Self {
        let mut walk = Walk { record, facts: Self::default(), other_user: (None, None) };
        // The resource first: es-loader prefers its address to that of the action.
        if let Some(resource) = resource {
            walk.resource(resource);
        }
        if let Some(service) = service {
            walk.service(service);
        }
        let Walk { mut facts, other_user: (id, name), .. } = walk;
        if facts.user_id.is_none() && facts.user_name.is_none() {
            (facts.user_id, facts.user_name) = (id, name);
        }
        facts.ips.settle();
        facts.users.settle();
        for list in [&mut facts.host_ips, &mut facts.hosts, &mut facts.hashes] {
            list.sort_unstable();
            list.dedup();
        }
        facts
    }
}

/// The walk over one finding.
pub(super) struct Walk<'a> {
    pub(super) record: Record<'a>,
    pub(super) facts: Facts<'a>,
    /// Id and name of a user in a place that es-loader does not know.
    other_user: (Option<Text<'a>>, Option<Text<'a>>),
}

impl<'a> Walk<'a> {
    pub(super) fn text(&self, node: usize) -> Option<Text<'a>> {
        self.record.scalar(node)
    }

    pub(super) fn member(&self, object: usize, name: &str) -> Option<Text<'a>> {
        self.text(self.record.member(object, name)?)
    }

    /// The elements of a list; a value that is none stands for a list of one.
    pub(super) fn each(&mut self, node: usize, mut what: impl FnMut(&mut Self, usize)) {
        if self.record.kind(node) == Some(Kind::Array) {
            for element in self.record.tape.elements(node) {
                what(self, element);
            }
        } else {
            what(self, node);
        }
    }

    pub(super) fn ip(&mut self, address: Option<Text<'a>>, known: bool) {
        if let Some(address) = address.filter(|a| is_ip(a)) {
            let ips = &mut self.facts.ips;
            if known { ips.known.push(address) } else { ips.more.push(address) }
        }
    }

    /// A user in a place that es-loader does not know. Ids are those of AWS: access keys, users, roles; numbers of a host
    /// and uids of a cluster would stand between them.
    pub(super) fn user(&mut self, id: Option<Text<'a>>, name: Option<Text<'a>>) {
        self.facts.users.more.extend(name.clone());
        if self.other_user.0.is_none() && self.other_user.1.is_none() {
            self.other_user = (id, name);
        }
    }

    pub(super) fn hash(&mut self, hash: Option<Text<'a>>) {
        self.facts.hashes.extend(hash.filter(|h| hash_name(h).is_some()));
    }

    pub(super) fn file(&mut self, file: File<'a>) {
        self.hash(file.hash.clone());
        let first = &mut self.facts.file;
        if first.path.is_none() && first.name.is_none() && first.hash.is_none() {
            *first = file;
        }
    }

    fn service(&mut self, service: usize) {
        let mut detection = None;
        for (name, value) in members(self.record, service) {
            match name {
                b"action" => self.action(value),
                b"runtimeDetails" => self.runtime(value),
                b"ebsVolumeScanDetails" => self.volume_scan(value),
                b"malwareScanDetails" => self.malware_scan(value),
                b"evidence" => {
                    if let Some(lists) = self.record.member(value, "threatIntelligenceDetails") {
                        self.each(lists, |walk, list| {
                            let hash = walk.member(list, "threatFileSha256");
                            walk.hash(hash);
                        });
                    }
                }
                b"detection" => detection = self.record.member(value, "sequence"),
                b"count" => self.facts.count = Some(value),
                b"archived" => self.facts.archived = self.text(value).is_some_and(|a| *a == *b"true"),
                b"eventFirstSeen" => self.facts.first_seen = self.text(value),
                b"eventLastSeen" => self.facts.last_seen = self.text(value),
                _ => {}
            }
        }
        // Behind the action, whose addresses are nearer to what happened.
        if let Some(sequence) = detection {
            self.sequence(sequence);
        }
    }
}

/// Which hash a text is by its length; none where it is not hexadecimal.
pub(super) fn hash_name(text: &[u8]) -> Option<&'static str> {
    let name = match text.len() {
        32 => "md5",
        40 => "sha1",
        64 => "sha256",
        _ => return None,
    };
    text.iter().all(u8::is_ascii_hexdigit).then_some(name)
}
