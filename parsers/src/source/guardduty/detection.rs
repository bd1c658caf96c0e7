//! What GuardDuty looked into: processes, scans for malware, sequences of an attack.

use super::{
    facts::{File, Walk},
    side::{Side, Text, members},
};

impl Walk<'_> {
    /// Reads `service.runtimeDetails`.
    pub(super) fn runtime(&mut self, runtime: usize) {
        self.facts.process = self.record.member(runtime, "process");
        if let Some(process) = self.facts.process {
            let (hash, user) = (self.member(process, "executableSha256"), self.member(process, "user"));
            self.hash(hash);
            self.user(None, user);
        }
        let Some(context) = self.record.member(runtime, "context") else { return };
        for (name, value) in members(self.record, context) {
            match name {
                b"commandLineExample" => self.facts.command_line = self.text(value),
                b"moduleSha256" => {
                    let hash = self.text(value);
                    self.hash(hash);
                }
                b"modifyingProcess" | b"targetProcess" => {
                    let hash = self.member(value, "executableSha256");
                    self.hash(hash);
                }
                b"threatFilePath" => {
                    let path = self.text(value);
                    self.file(File { path, ..File::default() });
                }
                _ => {}
            }
        }
    }

    pub(super) fn volume_scan(&mut self, scan: usize) {
        let threats = self.record.path(scan, &["scanDetections", "threatDetectedByName", "threatNames"]);
        let Some(threats) = threats else { return };
        self.each(threats, |walk, threat| {
            let Some(paths) = walk.record.member(threat, "filePaths") else { return };
            walk.each(paths, |walk, path| {
                let file = File {
                    path: walk.member(path, "filePath"),
                    name: walk.member(path, "fileName"),
                    hash: walk.member(path, "hash"),
                };
                walk.file(file);
            });
        });
    }

    pub(super) fn malware_scan(&mut self, scan: usize) {
        let Some(threats) = self.record.member(scan, "threats") else { return };
        self.each(threats, |walk, threat| {
            for (name, value) in members(walk.record, threat) {
                match name {
                    b"hash" => {
                        let hash = walk.text(value);
                        walk.hash(hash);
                    }
                    b"itemPaths" => walk.items(value, "nestedItemPath"),
                    b"itemDetails" => walk.items(value, "itemPath"),
                    _ => {}
                }
            }
        });
    }

    /// Files inside what was scanned.
    fn items(&mut self, items: usize, path: &str) {
        self.each(items, |walk, item| {
            let (path, hash) = (walk.member(item, path), walk.member(item, "hash"));
            walk.file(File { path, name: None, hash });
        });
    }

    pub(super) fn sequence(&mut self, sequence: usize) {
        for (name, value) in members(self.record, sequence) {
            match name {
                b"actors" => self.each(value, Self::actor),
                b"endpoints" => self.each(value, |walk, endpoint| {
                    let side = Side::of_endpoint(walk.record, endpoint);
                    walk.ip(side.ip.clone(), false);
                    walk.facts.hosts.extend(side.domain.clone());
                    if walk.facts.remote.address.is_none() && side.address.is_some() {
                        walk.facts.remote = side;
                    }
                }),
                b"resources" => self.each(value, Self::sequence_resource),
                b"sequenceIndicators" => self.each(value, |walk, indicator| {
                    let is_tactic = walk.member(indicator, "key").is_some_and(|k| *k == *b"ATTACK_TACTIC");
                    let Some(values) = walk.record.member(indicator, "values") else { return };
                    walk.each(values, |walk, value| {
                        let value = walk.text(value);
                        walk.ip(value.clone(), false);
                        if is_tactic {
                            walk.facts.tactics.extend(value);
                        }
                    });
                }),
                _ => {}
            }
        }
    }

    fn actor(&mut self, actor: usize) {
        if let Some(user) = self.record.member(actor, "user") {
            let id = self.member(user, "credentialUid").or_else(|| self.member(user, "uid"));
            let name = self.member(user, "name");
            self.user(id, name);
        }
        if let Some(hash) = self.record.path(actor, &["process", "sha256"]) {
            let hash = self.text(hash);
            self.hash(hash);
        }
    }

    fn sequence_resource(&mut self, resource: usize) {
        if self.member(resource, "resourceType").is_some_and(|t| *t == *b"EC2_INSTANCE") {
            let id = self.member(resource, "uid").and_then(instance_of);
            self.facts.hosts.extend(id.clone());
            if self.facts.instance.is_none() {
                self.facts.instance = id;
            }
        }
        if let Some(interface) = self.record.path(resource, &["data", "ec2NetworkInterface"]) {
            self.interface(interface, false);
        }
        if let Some(user) = self.record.path(resource, &["data", "accessKey", "userName"]) {
            self.facts.users.more.extend(self.text(user));
        }
    }
}

/// The instance's id at the end of its ARN, or alone.
fn instance_of(uid: Text<'_>) -> Option<Text<'_>> {
    let from = memchr::memrchr(b'/', &uid).map_or(0, |at| at + 1);
    let id = match uid {
        Text::Borrowed(uid) => Text::Borrowed(uid.get(from..)?),
        Text::Owned(uid) => Text::Owned(uid.get(from..)?.to_vec()),
    };
    id.starts_with(b"i-").then_some(id)
}
