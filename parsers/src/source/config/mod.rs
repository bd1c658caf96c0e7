//! AWS Config: the history of resources (what changed within some hours) and snapshots (what there is).
//!
//! Both are lists of configuration items: <https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigurationItem.html>.
//! One log and one index; `@log_type` says which of the two it is, under the names of es-loader, whose ids and field names
//! these are.

mod facts;
mod reshape;

use std::sync::LazyLock;

use self::{facts::Facts, reshape::Reshape};
use super::{Layout, LogType, Place, Template, Writer, draft::Draft};
use crate::{
    document::Out,
    ecs::{Ecs, Name, Text},
    id,
    json::{python, tape::Kind, text, write::Record},
    key::KeyMarks,
    recognise::{Head, content},
    schema::Schema,
    shape::{Member, Shaper, resolve},
    when::When,
};

/// Name of the indices in front of the month.
const INDEX: &str = "log-aws-config-";

/// What a history is called in keys.
const HISTORY: &str = "ConfigHistory";
/// What a snapshot is called in keys.
const SNAPSHOT: &str = "ConfigSnapshot";

/// The log.
pub static LOG_TYPE: LogType = LogType {
    name: "config",
    marks: KeyMarks {
        // Not a folder by itself: too usual a name.
        services: &["Config"],
        folders: &[HISTORY, SNAPSHOT],
        files: &[HISTORY, SNAPSHOT],
        not_loaded: &[
            ("ConfigWritabilityCheckFile", "AWS Config's trial of the bucket: no configuration items"),
            (
                "OversizedChangeNotification",
                "AWS Config change notification: its item comes in the configuration history too",
            ),
        ],
    },
    looks_like,
    layout: Layout::ListUnder("configurationItems"),
    writer: || Box::new(ConfigWriter::default()),
    template: Template {
        name: "siem-loader-config",
        component: TEMPLATE,
        index: include_str!("../../../../index-templates/index-templates/siem-loader-config.json"),
    },
};

/// The component template that is installed in OpenSearch.
const TEMPLATE: &str =
    include_str!("../../../../index-templates/component-templates/siem-loader-config.json");

/// What that template types, and which members are reshaped.
static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let mut schema = Schema::new(TEMPLATE);
    for (name, fix) in reshape::MEMBERS {
        schema.record.change_at(name, &mut |field| field.fix = fix);
    }
    schema
});

/// Whether content is a history or a snapshot; it does not say which.
#[must_use]
pub fn looks_like(head: &Head<'_>) -> bool {
    let envelope = head.count(&["fileVersion", "configSnapshotId", "requestId"]);
    // A first item that fills the head may hide the list's own end, never its name.
    (head.has("configurationItems") && envelope > 0)
        || (head.has("fileVersion") && head.has("configSnapshotId"))
        || content::any(head, &[&["configurationItems"]], |item| {
            item.count(&["configurationItemVersion", "configurationItemCaptureTime", "resourceType"]) > 1
        })
}

/// Writes documents of configuration items. One a thread.
#[derive(Debug, Default)]
struct ConfigWriter {
    flat: Vec<u8>,
    members: Vec<Member<'static>>,
}

impl Writer for ConfigWriter {
    fn json(&mut self, record: Record<'_>, place: Place<'_>, out: &mut Out<'_>) {
        let schema: &'static Schema = &SCHEMA;
        resolve(&record, 0, &schema.record, &mut [], &mut self.members);
        let item = Item { record };
        let snapshot = is_snapshot(&place.object.key);
        let log_type = if snapshot { "config-snapshot" } else { "config-history" };
        let when = match place.object.key_info.time {
            time @ Some(_) if snapshot => When::of(time, true, time),
            object => When::of_text(item.text("configurationItemCaptureTime").as_deref(), object),
        };
        let (own, id) = item.ids(log_type, &when);
        let mut draft = Draft::begin(out.rendered, INDEX, &place, &when, &id);

        self.flat.clear();
        let resource_type = item.text("resourceType").unwrap_or_default();
        let shaper = Shaper::new(record, Reshape { resource_type: &resource_type, snapshot });
        shaper.record(&self.members, &schema.record, &schema.reserved, draft.bytes(), &mut self.flat);
        draft.message(&place, record.tape.bytes(record.json, 0));
        draft.common_as(log_type, &place, &own, &when);
        item.ecs(log_type, &place).write(draft.bytes());
        draft.siem(&place, when.note.as_slice(), b"", &self.flat);
        draft.finish(&place, &when);
        out.record_done();
    }
}

/// Whether a key is that of a snapshot: by a part of the file name, else by the nearest folder that tells.
fn is_snapshot(key: &str) -> bool {
    let (folders, file) = key.rsplit_once('/').unwrap_or(("", key));
    file.split(['_', '.'])
        .chain(folders.rsplit('/'))
        .find(|part| [HISTORY, SNAPSHOT].contains(part))
        .is_some_and(|part| part == SNAPSHOT)
}

/// One configuration item.
struct Item<'a> {
    record: Record<'a>,
}

impl<'a> Item<'a> {
    /// Text of a member as it stands inside a JSON string.
    fn text(&self, name: &str) -> Option<Text<'a>> {
        self.record.scalar(self.record.member(0, name)?)
    }

    /// `@id` and `_id`. es-loader hashes the resource for the one and adds the time and the kind of delivery for the other,
    /// so that a document is the state of a resource at a time. Where its script fails, both are that of the record.
    fn ids(&self, log_type: &str, when: &When) -> (Vec<u8>, Vec<u8>) {
        let made = self.resource().zip(self.suffix(log_type, when)).map(|(resource, suffix)| {
            let own = id::of_text(&resource);
            let id = [&own, &b"_"[..], &suffix].concat();
            (own, id)
        });
        made.unwrap_or_else(|| {
            let mut whole = Vec::new();
            python::dumps(&mut whole, &self.record, 0);
            let id = id::of_text(&String::from_utf8_lossy(&whole));
            (id.clone(), id)
        })
    }

    /// A string, which may be empty, of a member.
    fn string(&self, name: &str) -> Option<String> {
        let node = self.record.tape.member(self.record.json, 0, name)?;
        (self.record.kind(node) == Some(Kind::String)).then(|| text::unescape(self.record.bytes(node)))
    }

    fn resource(&self) -> Option<String> {
        ["awsAccountId", "awsRegion", "resourceType", "resourceId"]
            .iter()
            .map(|name| self.string(name))
            .collect()
    }

    /// `YYYYMMDD_hhmmss_` and four digits of a hash.
    fn suffix(&self, log_type: &str, when: &When) -> Option<Vec<u8>> {
        let rule = match self.record.tape.member(self.record.json, 0, "configRuleARN") {
            Some(_) => self.string("configRuleARN")?,
            None => String::new(),
        };
        let mut time = Vec::new();
        // Not the object's time, which stands in for one that cannot be read: two states of a resource in one object
        // would have one id.
        when.event?.write(&mut time);
        // `YYYY-MM-DDThh:mm:ss`, and perhaps a fraction.
        let (date, time) = time.get(..19)?.split_at_checked(10)?;
        let digits = |part: &[u8]| -> Vec<u8> { part.iter().copied().filter(u8::is_ascii_digit).collect() };
        let hash = id::of_text(&[log_type, &rule].concat());
        Some([&*digits(date), b"_", &digits(time), b"_", hash.get(..4)?].concat())
    }

    /// The ECS fields.
    fn ecs<'e>(&self, log_type: &'static str, place: &Place<'e>) -> Ecs<'e>
    where
        'a: 'e,
    {
        let mut ecs = Ecs::default();
        ecs.text(Name::EventModule, Some(log_type.as_bytes()));
        ecs.text(Name::EventKind, Some(&b"state"[..]));
        ecs.add(Name::EventCategory, Some(&b"configuration"[..]));
        ecs.add(Name::EventType, Some(&b"info"[..]));
        ecs.json(Name::EventIngested, place.object.ingested_value());
        let info = &place.object.key_info;
        let known = |name: &'e Option<String>| name.as_deref().unwrap_or("unknown").as_bytes();
        ecs.text(Name::CloudProvider, Some(&b"aws"[..]));
        ecs.text(Name::CloudAccountId, self.text("awsAccountId"));
        ecs.text_if_free(Name::CloudAccountId, Some(known(&info.account)));
        ecs.text(Name::CloudRegion, self.text("awsRegion"));
        ecs.text_if_free(Name::CloudRegion, Some(known(&info.region)));
        ecs.text(Name::OrganizationId, info.organization.as_deref().map(str::as_bytes));
        Facts::of(self).write(&mut ecs);
        ecs
    }
}
