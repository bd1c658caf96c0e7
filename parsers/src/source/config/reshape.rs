//! The shapes that es-loader gives to members of `configuration` (its `sf_config_snapshot.py`), which differ from one type
//! of resource to another: there, because OpenSearch would refuse them; here, so that searches find them where they were.
//!
//! Only `_source` is changed; `siem.flat` has the values as AWS wrote them.

use std::borrow::Cow;

use crate::{
    json::{
        python,
        tape::{DIRTY, EMPTY, Kind},
        text,
        write::{Record, Target},
    },
    shape::{Fixer, separate},
};

const CONFIGURATION: u8 = 1;
const SUPPLEMENTARY: u8 = 2;
const TAGS: u8 = 3;

/// The members that are looked at, and the numbers of their fixes.
pub(super) const MEMBERS: [(&str, u8); 3] =
    [("configuration", CONFIGURATION), ("supplementaryConfiguration", SUPPLEMENTARY), ("tags", TAGS)];

/// What happens to a value.
enum Shape {
    /// An object becomes the list of its values.
    Values,
    /// Text goes under a name.
    Under(&'static str),
    /// Each text of a list goes under a name.
    EachUnder(&'static str),
    /// A container becomes JSON text.
    Text,
    /// `statement` of each element becomes JSON text.
    Statements,
    /// Something below an object.
    Below(Branches),
}

type Branches = &'static [(&'static str, Shape)];

const CONTENT: Shape = Shape::Below(&[("Content", Shape::Values)]);

const BUCKET: Branches = &[
    ("BucketNotificationConfiguration", Shape::Below(&[("configurations", Shape::Values)])),
    ("BucketReplicationConfiguration", Shape::Below(&[("rules", Shape::Values)])),
];

/// For resources of every type: es-loader asks for the shape only.
const ALL: Branches = &[
    ("securityGroups", Shape::EachUnder("groupId")),
    ("availabilityZones", Shape::EachUnder("zoneName")),
    ("subnets", Shape::EachUnder("subnetIdentifier")),
    ("endpoint", Shape::Under("address")),
    ("iamInstanceProfile", Shape::Under("arn")),
    ("rules", Shape::Statements),
];

const SNAPSHOTS: Branches = &[("EventPattern", Shape::Below(&[("source", Shape::Text)]))];

const INVENTORY: Branches = &[
    ("AWS:Application", CONTENT),
    ("AWS:AWSComponent", CONTENT),
    ("AWS:InstanceInformation", CONTENT),
    ("AWS:Network", CONTENT),
    ("AWS:WindowsUpdate", CONTENT),
];

const COMPLIANCE: Branches = &[(
    "AWS:ComplianceItem",
    Shape::Below(&[("Content", Shape::Below(&[("Association", Shape::Values), ("Patch", Shape::Values)]))]),
)];

/// Members of an object in `configuration` that come to stand beside it: the object, the member, the new name.
const BESIDE: [(&str, &str, &str); 4] = [
    ("owner", "id", "owner_id"),
    ("state", "code", "state_code"),
    ("state", "name", "state_name"),
    ("status", "message", "status_message"),
];

/// A tag whose name is a path, and the name it gets.
const FSX: (&str, &str) = ("AmazonFSx.FileSystemId", "AmazonFSx_FileSystemId");

/// The shapes for one item.
pub(super) struct Reshape<'a> {
    /// `resourceType`.
    pub(super) resource_type: &'a [u8],
    /// The item is of a snapshot.
    pub(super) snapshot: bool,
}

impl Fixer for Reshape<'_> {
    fn applies(&self, fix: u8, record: &Record<'_>, value: usize) -> bool {
        if record.kind(value) != Some(Kind::Object) {
            return false;
        }
        match fix {
            CONFIGURATION => {
                BESIDE.iter().any(|(object, member, _)| beside(record, value, object, member).is_some())
                    || reason(record, value).is_some()
                    || self.sets().iter().any(|set| hits_any(record, value, set))
            }
            SUPPLEMENTARY => self.resource_type == b"AWS::S3::Bucket" && hits_any(record, value, BUCKET),
            TAGS => record.tape.member(record.json, value, FSX.0).is_some(),
            _ => false,
        }
    }

    fn write(&self, out: &mut Vec<u8>, fix: u8, record: &Record<'_>, value: usize) {
        match fix {
            CONFIGURATION => self.configuration(out, record, value),
            SUPPLEMENTARY => below(out, record, value, &[BUCKET]),
            TAGS => tags(out, record, value),
            _ => record.value(out, value, Target::Source),
        }
    }
}

impl Reshape<'_> {
    /// The shapes of members of `configuration`.
    fn sets(&self) -> [Branches; 3] {
        let by_type = match self.resource_type {
            b"AWS::SSM::ManagedInstanceInventory" => INVENTORY,
            b"AWS::SSM::PatchCompliance" | b"AWS::SSM::AssociationCompliance" => COMPLIANCE,
            _ => &[],
        };
        [ALL, if self.snapshot { SNAPSHOTS } else { &[] }, by_type]
    }

    fn configuration(&self, out: &mut Vec<u8>, record: &Record<'_>, node: usize) {
        let moved: Vec<(&str, &str, &str, usize)> = BESIDE
            .iter()
            .filter_map(|&(object, member, name)| {
                Some((object, member, name, beside(record, node, object, member)?))
            })
            .collect();
        let reason = reason(record, node);
        let sets = self.sets();
        let status_code = beside(record, node, "status", "code");
        out.push(b'{');
        for (key, value) in kept(record, node) {
            let name = name(record, key);
            let gone: Vec<&str> =
                moved.iter().filter(|(object, ..)| *object == name).map(|&(_, member, ..)| member).collect();
            let code = status_code.filter(|_| name == "status" && !gone.is_empty());
            // A name is not given twice.
            if moved.iter().any(|&(.., new, _)| new == name)
                || (reason.is_some() && name == "stateReasonCode")
            {
                continue;
            }
            let before = out.len();
            separate(out);
            record.key(out, key);
            out.push(b':');
            if let Some(code) = code {
                if is_empty(record, code) {
                    out.truncate(before);
                } else {
                    record.value(out, code, Target::Source);
                }
            } else if !gone.is_empty() {
                let open = out.len() + 1;
                without(out, record, value, &gone);
                if out.len() == open + 1 {
                    out.truncate(before);
                }
            } else if let (Some(code), "stateReason") = (reason, &*name) {
                out.extend_from_slice(b"{\"message\":");
                record.value(out, value, Target::Source);
                if let Some(code) = code.filter(|&code| !is_empty(record, code)) {
                    out.extend_from_slice(b",\"code\":");
                    record.value(out, code, Target::Source);
                }
                out.push(b'}');
            } else {
                member(out, record, &name, value, &sets);
            }
        }
        for (.., name, value) in moved {
            if !is_empty(record, value) {
                separate(out);
                put_name(out, name);
                record.value(out, value, Target::Source);
            }
        }
        out.push(b'}');
    }
}

/// The member of an object in `configuration`; it may be empty.
fn beside(record: &Record<'_>, configuration: usize, object: &str, member: &str) -> Option<usize> {
    let object = record.member(configuration, object)?;
    record.tape.member(record.json, object, member)
}

/// Whether `stateReason` is text, and the code that goes with it.
fn reason(record: &Record<'_>, configuration: usize) -> Option<Option<usize>> {
    let reason = record.member(configuration, "stateReason")?;
    (record.kind(reason) == Some(Kind::String))
        .then(|| record.tape.member(record.json, configuration, "stateReasonCode"))
}

fn is_empty(record: &Record<'_>, node: usize) -> bool {
    record.tape.get(node).is_none_or(|entry| entry.is(EMPTY))
}

/// The members of an object that are written.
fn kept<'r>(record: &Record<'r>, object: usize) -> impl Iterator<Item = (usize, usize)> + use<'r> {
    let record = *record;
    record.tape.members(object).filter(move |&(_, value)| !is_empty(&record, value))
}

/// The name under which a member is written.
fn name<'r>(record: &Record<'r>, key: usize) -> Cow<'r, str> {
    if record.tape.get(key).is_some_and(|entry| entry.is(DIRTY)) {
        return Cow::Borrowed(record.tape.name(key));
    }
    match std::str::from_utf8(record.bytes(key)) {
        Ok(name) if !name.contains('\\') => Cow::Borrowed(name),
        _ => Cow::Owned(text::unescape(record.bytes(key))),
    }
}

/// Appends `"name":`; the name is ours.
fn put_name(out: &mut Vec<u8>, name: &str) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Appends an object without some members.
fn without(out: &mut Vec<u8>, record: &Record<'_>, object: usize, gone: &[&str]) {
    out.push(b'{');
    for (key, value) in kept(record, object) {
        if !gone.contains(&&*name(record, key)) {
            separate(out);
            record.key(out, key);
            out.push(b':');
            record.value(out, value, Target::Source);
        }
    }
    out.push(b'}');
}

fn tags(out: &mut Vec<u8>, record: &Record<'_>, object: usize) {
    out.push(b'{');
    for (key, value) in kept(record, object) {
        let name = name(record, key);
        if name == FSX.1 {
            continue;
        }
        separate(out);
        if record.bytes(key) == FSX.0.as_bytes() {
            put_name(out, FSX.1);
        } else {
            record.key(out, key);
            out.push(b':');
        }
        record.value(out, value, Target::Source);
    }
    out.push(b'}');
}

/// Appends an object with the shapes of its members.
fn below(out: &mut Vec<u8>, record: &Record<'_>, object: usize, sets: &[Branches]) {
    out.push(b'{');
    for (key, value) in kept(record, object) {
        separate(out);
        record.key(out, key);
        out.push(b':');
        member(out, record, &name(record, key), value, sets);
    }
    out.push(b'}');
}

/// Appends the value of a member in its shape.
fn member(out: &mut Vec<u8>, record: &Record<'_>, name: &str, value: usize, sets: &[Branches]) {
    let shape = sets.iter().flat_map(|set| set.iter()).find(|(known, _)| *known == name);
    match shape {
        Some((_, shape)) if hits(record, value, shape) => write(out, record, value, shape),
        _ => record.value(out, value, Target::Source),
    }
}

fn hits_any(record: &Record<'_>, object: usize, branches: Branches) -> bool {
    branches
        .iter()
        .any(|(name, shape)| record.member(object, name).is_some_and(|value| hits(record, value, shape)))
}

/// Whether a shape changes a value.
fn hits(record: &Record<'_>, value: usize, shape: &Shape) -> bool {
    let kind = record.kind(value);
    let first = || record.tape.elements(value).next();
    match shape {
        Shape::Values => kind == Some(Kind::Object),
        Shape::Under(_) => kind == Some(Kind::String),
        Shape::EachUnder(_) => first().is_some_and(|first| record.kind(first) == Some(Kind::String)),
        Shape::Text => matches!(kind, Some(Kind::Object | Kind::Array)),
        Shape::Statements => first()
            .and_then(|first| record.tape.member(record.json, first, "statement"))
            .is_some_and(|statement| record.kind(statement) == Some(Kind::Object)),
        Shape::Below(branches) => kind == Some(Kind::Object) && hits_any(record, value, branches),
    }
}

fn write(out: &mut Vec<u8>, record: &Record<'_>, value: usize, shape: &Shape) {
    match shape {
        Shape::Values => {
            out.push(b'[');
            for (place, (_, element)) in record.tape.members(value).enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                record.value(out, element, Target::Source);
            }
            out.push(b']');
        }
        Shape::Under(name) => under(out, record, value, name),
        Shape::EachUnder(name) => {
            out.push(b'[');
            for (place, element) in record.tape.elements(value).enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                under(out, record, element, name);
            }
            out.push(b']');
        }
        Shape::Text => as_python_text(out, record, value),
        Shape::Statements => {
            out.push(b'[');
            for (place, rule) in record.tape.elements(value).enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                match record.kind(rule) {
                    Some(Kind::Object) => below(out, record, rule, &[&[("statement", Shape::Text)]]),
                    _ => record.value(out, rule, Target::Source),
                }
            }
            out.push(b']');
        }
        Shape::Below(branches) => below(out, record, value, &[branches]),
    }
}

fn under(out: &mut Vec<u8>, record: &Record<'_>, value: usize, name: &str) {
    out.push(b'{');
    put_name(out, name);
    record.value(out, value, Target::Source);
    out.push(b'}');
}

/// Appends a container as text of JSON with the spaces that Python puts in it.
fn as_python_text(out: &mut Vec<u8>, record: &Record<'_>, value: usize) {
    let mut json = Vec::new();
    python::dumps(&mut json, record, value);
    out.push(b'"');
    text::escape_into(out, &json);
    out.push(b'"');
}
