//! What the index template types, as a trie: the other half of the promise that no record is refused.
//!
//! The trie is read from the same JSON that is installed in OpenSearch, so the writer and the mapping cannot
//! drift apart: a value stands under a typed field only in that type; everything else is searchable under
//! `siem.flat`.

use crate::json::{
    keys,
    tape::{EMPTY, Kind},
    write::Record,
};

/// The type of a field in the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Not in the template: goes to `siem.flat` as well.
    Untyped,
    /// `object` with fields of its own.
    Object,
    /// `keyword`, `wildcard`, `text`, `match_only_text`: any scalar.
    Text,
    /// `long`, `integer`, `double` …: JSON numbers.
    Number,
    /// `boolean`: `true`, `false` or these as text.
    Boolean,
    /// `date`: text; what is no date is kept and not indexed (`ignore_malformed`).
    Date,
    /// `ip`: text, as above.
    Ip,
}

/// A field of the trie.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its type.
    pub kind: Type,
    /// How a value of another shape is brought into the shape that es-loader writes; a number of the log
    /// type's own, 0 for none.
    pub fix: u8,
    /// Number of the slot under which the log type finds the value again, if it asked for one.
    pub slot: Option<u8>,
    /// The fields below it.
    pub fields: Fields,
}

/// The component template of all logs: fields of every document, which no member of a record may take the place of.
pub const BASE_TEMPLATE: &str =
    include_str!("../../index-templates/component-templates/siem-loader-base.json");

/// What the writer of a log needs to know of its fields.
#[derive(Debug)]
pub struct Schema {
    /// The record's own fields.
    pub record: Fields,
    /// Names that belong to the document.
    pub reserved: Fields,
}

impl Schema {
    /// Reads the component template of a log.
    #[must_use]
    pub fn new(template: &str) -> Self {
        Self {
            record: Fields::from_component_template(template),
            reserved: Fields::from_component_template(BASE_TEMPLATE),
        }
    }

    /// Says which fields of the log's own template its writer makes itself (`severitylabel` …): a member of the
    /// record that has such a name is moved aside, as with those of the template of all logs.
    #[must_use]
    pub fn with_own(mut self, names: &[&str]) -> Self {
        for name in names {
            if let Some(own) = self.record.take(name) {
                self.reserved.change(name, |field| *field = own);
            }
        }
        self
    }

    /// Says which other component types documents of this log as well, in an index that several logs write: a member of
    /// the record that has a name of it, and none of this log's, is moved aside.
    #[must_use]
    pub fn beside(mut self, template: &str) -> Self {
        for (name, _) in Fields::from_component_template(template).fields {
            if self.record.get(&name).is_none()
                && let Ok(name) = std::str::from_utf8(&name)
            {
                self.reserved.change(name, |_| {});
            }
        }
        self
    }
}

/// The fields of one object, found by name.
///
/// Every member of every record is looked up here, so the table is four times as large as it has names: mostly
/// the first place that is looked at gives the answer. The names in it are ours, so nobody can choose them to
/// collide; a name that is looked up costs at most one comparison for each of ours with the same tag.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    fields: Vec<(Box<[u8]>, Field)>,
    /// By tag. A power of two long.
    places: Vec<Place>,
}

/// A place in the table of names. What most lookups need stands here, in one line of the processor's memory.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// Beginning and end of the name, see [`keys::ends`].
    ends: (u64, u64),
    len: u32,
    tag: u16,
    /// The place in `fields` plus one, 0 where there is none.
    field: u16,
}

/// The ends are all of a name of up to so many bytes.
const ENDS: usize = 16;

impl Fields {
    /// Whether there are none.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The field of a name.
    #[inline]
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&Field> {
        self.tagged(keys::tag(name), name)
    }

    /// The field of a name whose tag is known, see [`crate::json::tape::Node::tag`].
    #[inline]
    #[must_use]
    pub(crate) fn tagged(&self, tag: u16, name: &[u8]) -> Option<&Field> {
        // Apart: the usual search makes no call, and saves no registers for one.
        if name.len() <= ENDS { self.find(tag, name, |_| true) } else { self.long(tag, name) }
    }

    #[inline(never)]
    fn long(&self, tag: u16, name: &[u8]) -> Option<&Field> {
        self.find(tag, name, |known| *known == *name)
    }

    /// The field of a name whose ends are not all of it: `same` compares the whole.
    #[inline(always)]
    fn find(&self, tag: u16, name: &[u8], same: impl Fn(&[u8]) -> bool) -> Option<&Field> {
        let mask = self.places.len().wrapping_sub(1);
        let mut at = usize::from(tag) & mask;
        // Ends: three quarters of the places are free.
        while let Some(place) = self.places.get(at) {
            let field = usize::from(place.field).checked_sub(1)?;
            if place.tag == tag && place.len as usize == name.len() && place.ends == keys::ends(name) {
                let (known, field) = self.fields.get(field)?;
                if same(known) {
                    return Some(field);
                }
            }
            at = (at + 1) & mask;
        }
        None
    }

    /// Changes the field of a name, which is made where it is missing.
    fn change(&mut self, name: &str, change: impl FnOnce(&mut Field)) {
        if let Some((_, field)) = self.fields.iter_mut().find(|(known, _)| **known == *name.as_bytes()) {
            return change(field);
        }
        let mut field = Field::new();
        change(&mut field);
        self.fields.push((name.as_bytes().into(), field));
        self.index();
    }

    /// Takes the field of a name out.
    fn take(&mut self, name: &str) -> Option<Field> {
        let at = self.fields.iter().position(|(known, _)| **known == *name.as_bytes())?;
        let (_, field) = self.fields.swap_remove(at);
        self.index();
        Some(field)
    }

    /// Builds `places`.
    fn index(&mut self) {
        let len = (self.fields.len() * 4).next_power_of_two();
        self.places = vec![Place::default(); len];
        for (field, (name, _)) in (1u16..).zip(&self.fields) {
            let tag = keys::tag(name);
            let mut at = usize::from(tag) & (len - 1);
            while self.places.get(at).is_some_and(|taken| taken.field != 0) {
                at = (at + 1) & (len - 1);
            }
            if let Some(free) = self.places.get_mut(at) {
                *free = Place { ends: keys::ends(name), len: name.len() as u32, tag, field };
            }
        }
    }

    /// Changes the field at a path, which is made where it is missing.
    pub fn change_at(&mut self, path: &str, change: &mut dyn FnMut(&mut Field)) {
        match path.split_once('.') {
            Some((first, rest)) => self.change(first, |field| field.fields.change_at(rest, change)),
            None => self.change(path, change),
        }
    }

    /// The fields of a `properties` object of a mapping.
    #[must_use]
    pub fn from_properties(properties: &serde_json::Value) -> Self {
        let mut fields = Self::default();
        for (name, mapping) in properties.as_object().into_iter().flatten() {
            let kind = match mapping.get("type").and_then(serde_json::Value::as_str) {
                Some("keyword" | "wildcard" | "text" | "match_only_text" | "constant_keyword") => Type::Text,
                Some("long" | "integer" | "short" | "double" | "float" | "unsigned_long") => Type::Number,
                Some("boolean") => Type::Boolean,
                Some("date") => Type::Date,
                Some("ip") => Type::Ip,
                _ => Type::Object,
            };
            let below = mapping.get("properties").map(Self::from_properties);
            fields.change(name, |field| {
                field.kind = kind;
                field.fields = below.unwrap_or_default();
            });
        }
        fields
    }

    /// The fields of a component template's mapping; none where the text is not one.
    #[must_use]
    pub fn from_component_template(template: &str) -> Self {
        serde_json::from_str::<serde_json::Value>(template)
            .ok()
            .and_then(|t| t.pointer("/template/mappings/properties").map(Self::from_properties))
            .unwrap_or_default()
    }

    /// The names of the fields.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.fields.iter().map(|(name, _)| &**name)
    }
}

impl Field {
    fn new() -> Self {
        Self { kind: Type::Untyped, fix: 0, slot: None, fields: Fields::default() }
    }

    /// Whether the template takes a value at this field as it stands. Objects are not asked here.
    #[inline(always)]
    #[must_use]
    pub fn takes(&self, record: &Record<'_>, node: usize) -> bool {
        // Most values, and most types.
        (record.kind(node) == Some(Kind::String) && matches!(self.kind, Type::Text | Type::Date | Type::Ip))
            || self.takes_other(record, node)
    }

    fn takes_other(&self, record: &Record<'_>, node: usize) -> bool {
        let Some(entry) = record.tape.get(node) else { return false };
        match entry.kind {
            Kind::String => match self.kind {
                Type::Text | Type::Date | Type::Ip => true,
                Type::Boolean => matches!(record.bytes(node), b"true" | b"false"),
                Type::Untyped | Type::Object | Type::Number => false,
            },
            Kind::Number => matches!(self.kind, Type::Text | Type::Number),
            Kind::True | Kind::False => matches!(self.kind, Type::Text | Type::Boolean),
            Kind::Opaque => self.kind == Type::Text && !record.bytes(node).starts_with(b"{"),
            Kind::Array => record.tape.elements(node).all(|element| {
                record.tape.get(element).is_some_and(|e| e.is(EMPTY) && e.kind == Kind::Null)
                    || (record.kind(element) != Some(Kind::Array) && self.takes(record, element))
            }),
            Kind::Object | Kind::Null | Kind::Key => false,
        }
    }
}
