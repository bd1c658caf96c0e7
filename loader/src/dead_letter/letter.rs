//! One dead letter: a record that is in no index, why, and everything that is needed to send it again.

use std::{borrow::Cow, io::Write};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use chrono::{SecondsFormat, Utc};
use flate2::{Compression, write::GzEncoder};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use siem_parsers::{document::LOADER_VERSION, split::Form};

use crate::{error::ErrorClass, fetch::ObjectRef};

/// Version of the form.
pub const VERSION: u8 = 1;

/// A dead letter. One JSON line; files hold nothing else.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Letter<'a> {
    /// [`VERSION`].
    pub version: u8,
    /// When it was written, RFC 3339 in UTC.
    pub at: Cow<'a, str>,
    /// What it is about, and so how it is sent again.
    pub kind: Kind,
    /// How many records it stands for: several where one envelope holds them. An object stands for none.
    pub records: u64,
    /// Class of the failure: permanent, poison or configuration.
    pub class: ErrorClass,
    /// Why.
    #[serde(borrow)]
    pub reason: Reason<'a>,
    /// The log; absent where the object is of none.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub log_type: Option<Cow<'a, str>>,
    /// Where it comes from.
    #[serde(borrow)]
    pub object: Origin<'a>,
    /// Place of the record in the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordinal: Option<u64>,
    /// Byte of the decoded object at which it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Of a document: the bulk lines that were refused, the record's and perhaps the one of its current state.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Lines<'a>>,
    /// Of a record: its bytes as delivered, where they are UTF-8. A document has them in `@message`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<Cow<'a, str>>,
    /// Of a record: its bytes as delivered, in Base64, where they are not UTF-8.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub raw_base64: Option<Cow<'a, str>>,
    /// Of a record: how it stood in the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<RecordForm>,
    /// Of a record among lines: the header of its object.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub header: Option<Cow<'a, str>>,
    /// Release that wrote it.
    pub loader_version: Cow<'a, str>,
}

/// What a letter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A document that the cluster refused; sent again as it is.
    Document,
    /// A record that became no document; rendered again.
    Record,
    /// An object that could not be read to its end, or that is gone; loaded again.
    Object,
}

impl Kind {
    /// Name in letters and lists.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Record => "record",
            Self::Object => "object",
        }
    }
}

/// How a record stood among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordForm {
    /// An element of a list.
    List,
    /// A JSON value by itself.
    Values,
    /// A line of text.
    Lines,
}

/// Why a record is in no index.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reason<'a> {
    /// Error type of the cluster, or ours.
    #[serde(rename = "type")]
    pub kind: Cow<'a, str>,
    /// In words. Of the cluster's, values of documents are left out: the document is here itself.
    pub text: Cow<'a, str>,
    /// Status of the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The field that is blamed.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'a, str>>,
}

/// The object of a letter.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Origin<'a> {
    /// Bucket.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<Cow<'a, str>>,
    /// Key.
    pub key: Cow<'a, str>,
    /// Version id.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<Cow<'a, str>>,
    /// Entity tag.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<Cow<'a, str>>,
    /// The file, where it was one.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Cow<'a, str>>,
}

impl<'a> Origin<'a> {
    /// Of an object.
    #[must_use]
    pub fn of(object: &'a ObjectRef) -> Self {
        let path = match &object.location {
            crate::fetch::Location::File(path) => Some(path.to_string_lossy()),
            _ => None,
        };
        let text = |value: &'a Option<String>| value.as_deref().map(Cow::Borrowed);
        Self {
            bucket: text(&object.bucket),
            key: Cow::Borrowed(&object.key),
            version_id: text(&object.version_id),
            etag: text(&object.etag),
            path,
        }
    }

    /// The object it names.
    #[must_use]
    pub fn object(&self) -> ObjectRef {
        let text = |value: &Option<Cow<'_, str>>| value.as_deref().map(str::to_owned);
        let object = ObjectRef {
            bucket: text(&self.bucket),
            version_id: text(&self.version_id),
            etag: text(&self.etag),
            ..ObjectRef::s3("", self.key.to_string())
        };
        match &self.path {
            Some(path) => ObjectRef {
                location: crate::fetch::Location::File(std::path::PathBuf::from(path.as_ref())),
                ..object
            },
            None => object,
        }
    }
}

/// The lines of one item of a bulk body.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lines<'a> {
    /// The action line.
    #[serde(borrow)]
    pub action: &'a RawValue,
    /// The source line: an object, or its text where it is no JSON.
    #[serde(borrow)]
    pub source: &'a RawValue,
}

impl<'a> Letter<'a> {
    /// An empty letter about something of an object.
    #[must_use]
    pub fn new(kind: Kind, class: ErrorClass, reason: Reason<'a>, object: &'a ObjectRef) -> Self {
        Self {
            version: VERSION,
            at: Cow::Owned(Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)),
            kind,
            records: u64::from(kind != Kind::Object),
            class,
            reason,
            log_type: None,
            object: Origin::of(object),
            ordinal: None,
            offset: None,
            documents: Vec::new(),
            raw: None,
            raw_base64: None,
            form: None,
            header: None,
            loader_version: Cow::Borrowed(LOADER_VERSION),
        }
    }

    /// Sets the bytes of a record.
    pub fn set_raw(&mut self, raw: &'a [u8]) {
        match std::str::from_utf8(raw) {
            Ok(text) => self.raw = Some(Cow::Borrowed(text)),
            Err(_) => self.raw_base64 = Some(Cow::Owned(BASE64.encode(raw))),
        }
    }

    /// The bytes of a record; none where the letter has none, as of a record that was too large to be kept.
    #[must_use]
    pub fn raw(&self) -> Option<Cow<'_, [u8]>> {
        match (&self.raw, &self.raw_base64) {
            (Some(text), _) => Some(Cow::Borrowed(text.as_bytes())),
            (None, Some(text)) => BASE64.decode(text.as_bytes()).ok().map(Cow::Owned),
            (None, None) => None,
        }
    }

    /// Sets how a record stood in its object.
    pub fn set_form(&mut self, form: &'a Form) {
        self.form = Some(match form {
            Form::List => RecordForm::List,
            Form::Values => RecordForm::Values,
            Form::Lines(_) => RecordForm::Lines,
        });
        if let Form::Lines(Some(header)) = form {
            self.header = Some(String::from_utf8_lossy(header));
        }
    }

    /// The form of the piece to render it from.
    #[must_use]
    pub fn form(&self) -> Form {
        match self.form {
            Some(RecordForm::Lines) => {
                Form::Lines(self.header.as_deref().map(|header| header.as_bytes().into()))
            }
            Some(RecordForm::Values) => Form::Values,
            Some(RecordForm::List) | None => Form::List,
        }
    }
}

/// The JSON text of a source line: itself, or as a string where it is no JSON. `room` keeps the latter.
pub fn json_or_text<'a>(line: &'a [u8], room: &'a mut String) -> Option<&'a RawValue> {
    if let Ok(json) = serde_json::from_slice(line) {
        return Some(json);
    }
    *room = serde_json::to_string(&String::from_utf8_lossy(line)).ok()?;
    serde_json::from_str(room).ok()
}

/// Letters, one line each, packed: members of gzip one behind the other.
#[derive(Debug, Default)]
pub struct Packer {
    members: Vec<u8>,
    /// Made with the first letter: it takes some 300 KB, and most pieces have none.
    out: Option<GzEncoder<Vec<u8>>>,
}

impl Packer {
    /// Adds a letter.
    pub fn add(&mut self, letter: &Letter<'_>) {
        // A letter has no maps with odd keys, so this cannot fail.
        if let Ok(line) = serde_json::to_vec(letter) {
            self.add_line(&line);
        }
    }

    /// Adds a letter that is a line already.
    pub fn add_line(&mut self, line: &[u8]) {
        let out = self.out.get_or_insert_with(|| GzEncoder::new(Vec::new(), Compression::fast()));
        // A Vec takes everything.
        let _ = out.write_all(line).and_then(|()| out.write_all(b"\n"));
    }

    /// Adds letters that are packed already.
    pub fn add_packed(&mut self, members: &[u8]) {
        self.members.extend_from_slice(members);
    }

    /// The packed lines; nothing where no letter was added.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        let mut members = self.members;
        if let Some(out) = self.out {
            members.append(&mut out.finish().unwrap_or_default());
        }
        members
    }
}
