//! Bringing a record into the shape that the index template takes: `_source` under the record's own names, and
//! `siem.flat` for everything that the template does not type.
//!
//! The usual record is copied in a few runs of bytes; only what does not fit is written value by value. Rules:
//!
//! - a value at a typed field of another type is moved aside: it stands under `siem.flat` only;
//! - a scalar where the template has an object is wrapped: `{"value": …}`;
//! - what the template does not know stays under its own name, unindexed, and under `siem.flat`, searchable.

use std::cell::Cell;

use crate::{
    json::{
        tape::{DIRTY, DOTTED, EMPTY, Kind, Node},
        write::{Record, Target},
    },
    schema::{Field, Fields, Type},
};

/// How a log type reshapes values, see [`Field::fix`].
pub trait Fixer {
    /// Whether a fix changes this value.
    fn applies(&self, fix: u8, record: &Record<'_>, value: usize) -> bool;
    /// Writes the changed value.
    fn write(&self, out: &mut Vec<u8>, fix: u8, record: &Record<'_>, value: usize);
}

/// For logs whose values keep their shape.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFixes;

impl Fixer for NoFixes {
    fn applies(&self, _: u8, _: &Record<'_>, _: usize) -> bool {
        false
    }

    fn write(&self, out: &mut Vec<u8>, _: u8, record: &Record<'_>, value: usize) {
        record.value(out, value, Target::Source);
    }
}

/// What happens to a member.
enum Verdict<'f> {
    /// Typed, and of that type.
    Fits,
    /// An object, or a list of objects, with fields of its own.
    Below(&'f Fields),
    /// Typed as an object, but it is none.
    Wrap,
    /// Typed, but of another type.
    Aside,
    /// Not typed.
    Untyped,
}

/// A walk over one record.
pub struct Shaper<'a, F> {
    record: Record<'a>,
    fixer: F,
    plain: Plain,
}

/// Words in [`Plain`]: most findings and events have fewer than a thousand values.
const WORDS: usize = 16;

/// Which values the walk for `siem.flat` found fit for copying as they stand, so that the one for `_source` need not look
/// again: a bit each. Values behind the last bit are looked at again.
#[derive(Default)]
struct Plain([Cell<u64>; WORDS]);

impl Plain {
    #[inline]
    fn set(&self, value: usize) {
        if let Some(word) = self.0.get(value / 64) {
            word.set(word.get() | 1 << (value % 64));
        }
    }

    #[inline]
    fn get(&self, value: usize) -> bool {
        self.0.get(value / 64).is_some_and(|word| word.get() >> (value % 64) & 1 == 1)
    }
}

/// Bytes that are copied in one go: members that stand one behind the other.
#[derive(Default)]
struct Run {
    start: usize,
    end: usize,
}

impl Run {
    /// Adds a member from the quote of its key to the end of its value.
    #[inline]
    fn add(&mut self, json: &[u8], out: &mut Vec<u8>, key: &Node, value: &Node) {
        let start = (key.start as usize).wrapping_sub(1);
        let quote = usize::from(value.kind == Kind::String);
        let end = value.end as usize + quote;
        if value.start as usize != key.end as usize + 2 + quote {
            // White space around the colon, maybe a newline: only what is beside it is copied.
            self.flush(json, out);
            separate(out);
            out.extend_from_slice(json.get(start..=key.end as usize).unwrap_or_default());
            out.push(b':');
            out.extend_from_slice(json.get(value.start as usize - quote..end).unwrap_or_default());
            return;
        }
        if self.end != 0 && start == self.end + 1 {
            self.end = end;
        } else {
            self.flush(json, out);
            *self = Self { start, end };
        }
    }

    #[inline]
    fn flush(&mut self, json: &[u8], out: &mut Vec<u8>) {
        if self.end != 0 {
            separate(out);
            out.extend_from_slice(json.get(self.start..self.end).unwrap_or_default());
            self.end = 0;
        }
    }
}

/// Puts a comma behind the member before, if there is one.
#[inline]
pub fn separate(out: &mut Vec<u8>) {
    if !matches!(out.last(), None | Some(b'{' | b'[')) {
        out.push(b',');
    }
}

/// A member of a record, and what the template says of it.
#[derive(Debug, Clone, Copy)]
pub struct Member<'f> {
    /// Node of the key.
    pub key: usize,
    /// Node of the value.
    pub value: usize,
    /// Its field.
    pub field: Option<&'f Field>,
}

/// Finds the fields of the members of `object`, which is the record itself or what an envelope holds: those that are
/// not empty. `slots` learns where the values of slot
/// fields are, which are needed before the first byte of a document is written.
pub fn resolve<'f>(
    record: &Record<'_>,
    object: usize,
    fields: &'f Fields,
    slots: &mut [Option<usize>],
    members: &mut Vec<Member<'f>>,
) {
    members.clear();
    for (key, value) in record.tape.members(object) {
        if record.tape.get(value).is_none_or(|v| v.is(EMPTY)) {
            continue;
        }
        let field = field(record, fields, key);
        if let Some(slot) = field.and_then(|f| f.slot)
            && let Some(cell) = slots.get_mut(usize::from(slot))
        {
            *cell = Some(value);
        }
        members.push(Member { key, value, field });
    }
}

/// The field of a key; none where the key is odd.
#[inline]
fn field<'f>(record: &Record<'_>, fields: &'f Fields, key: usize) -> Option<&'f Field> {
    let entry = record.tape.get(key)?;
    if entry.is(DIRTY) { None } else { fields.tagged(entry.tag, record.bytes(key)) }
}

impl<'a, F: Fixer> Shaper<'a, F> {
    /// For a record, with the log type's own shapes.
    #[inline]
    pub fn new(record: Record<'a>, fixer: F) -> Self {
        Self { record, fixer, plain: Plain::default() }
    }
}

impl<F: Fixer> Shaper<'_, F> {
    #[inline]
    fn verdict<'f>(&self, field: Option<&'f Field>, value: usize) -> Verdict<'f> {
        let Some(field) = field else { return Verdict::Untyped };
        match field.kind {
            Type::Untyped => Verdict::Untyped,
            Type::Object => match self.record.kind(value) {
                Some(Kind::Object) => Verdict::Below(&field.fields),
                Some(Kind::Array)
                    if self
                        .record
                        .tape
                        .elements(value)
                        .all(|e| self.record.kind(e) == Some(Kind::Object)) =>
                {
                    Verdict::Below(&field.fields)
                }
                _ => Verdict::Wrap,
            },
            _ if field.takes(&self.record, value) => Verdict::Fits,
            _ => Verdict::Aside,
        }
    }

    #[inline]
    fn field<'f>(&self, fields: &'f Fields, key: usize) -> Option<&'f Field> {
        field(&self.record, fields, key)
    }

    /// Whether a dotted key reaches into a typed field: `{"a": …, "a.b": …}` cannot be mapped. An odd key may be a
    /// typed field's name with escapes.
    fn clashes(&self, fields: &Fields, key: usize) -> bool {
        let Some(entry) = self.record.tape.get(key).filter(|k| k.is(DIRTY | DOTTED)) else { return false };
        let odd = entry.is(DIRTY);
        let name = if odd { self.record.tape.name(key).as_bytes() } else { self.record.bytes(key) };
        memchr::memchr(b'.', name)
            .map_or(odd.then_some(name), |dot| name.get(..dot))
            .is_some_and(|first| fields.get(first).is_some_and(|f| f.kind != Type::Untyped))
    }

    /// Appends to `flat` what the template does not type of an object's members, without braces. True where
    /// the object's bytes can be copied into `_source` as they stand.
    pub fn flat(&self, object: usize, fields: &Fields, flat: &mut Vec<u8>) -> bool {
        let (json, tape) = (self.record.json, self.record.tape);
        let mut plain = tape.get(object).is_some_and(|o| !o.is(DIRTY));
        let mut run = Run::default();
        for (key, value) in tape.members(object) {
            let (Some(k), Some(v)) = (tape.get(key), tape.get(value)) else { continue };
            if v.is(EMPTY) {
                continue;
            }
            let field = self.field(fields, key);
            let fits = match self.verdict(field, value) {
                Verdict::Fits => true,
                Verdict::Below(below) => {
                    run.flush(json, flat);
                    self.flat_below(key, value, below, flat)
                }
                verdict @ (Verdict::Untyped | Verdict::Aside | Verdict::Wrap) => {
                    if (k.flags | v.flags) & DIRTY == 0 {
                        run.add(json, flat, k, v);
                    } else {
                        run.flush(json, flat);
                        self.key(key, flat);
                        self.record.value(flat, value, Target::Flat);
                    }
                    matches!(verdict, Verdict::Untyped) && (field.is_some() || !self.clashes(fields, key))
                }
            };
            if fits && !field.is_some_and(|field| self.is_fixed(field, value)) {
                self.plain.set(value);
            } else {
                plain = false;
            }
        }
        run.flush(json, flat);
        plain
    }

    /// `flat` for a member with fields of its own; nothing is written where all of it is typed.
    fn flat_below(&self, key: usize, value: usize, below: &Fields, flat: &mut Vec<u8>) -> bool {
        let before = flat.len();
        self.key(key, flat);
        let list = self.record.kind(value) == Some(Kind::Array);
        let mut plain = self.record.tape.get(value).is_some_and(|v| !v.is(DIRTY));
        if list {
            flat.push(b'[');
        }
        let mut written = false;
        let mut one = |node: usize, flat: &mut Vec<u8>| {
            let begin = flat.len();
            separate_value(flat);
            flat.push(b'{');
            let opened = flat.len();
            plain &= self.flat(node, below, flat);
            if flat.len() == opened {
                flat.truncate(begin);
            } else {
                flat.push(b'}');
                written = true;
            }
        };
        if list {
            for element in self.record.tape.elements(value) {
                one(element, flat);
            }
            flat.push(b']');
        } else {
            one(value, flat);
        }
        if !written {
            flat.truncate(before);
        }
        plain
    }

    /// Appends the members of an object as `_source` has them, without braces.
    pub fn source(&self, object: usize, fields: &Fields, out: &mut Vec<u8>) {
        let mut run = Run::default();
        for (key, value) in self.record.tape.members(object) {
            let (Some(k), Some(v)) = (self.record.tape.get(key), self.record.tape.get(value)) else {
                continue;
            };
            if v.is(EMPTY) {
                continue;
            }
            if self.plain.get(value) && (k.flags | v.flags) & DIRTY == 0 {
                run.add(self.record.json, out, k, v);
            } else {
                let field = self.field(fields, key);
                self.source_member((key, value), field, fields, false, &mut run, out);
            }
        }
        run.flush(self.record.json, out);
    }

    /// Appends one member of `_source`. `plain` says that its bytes are known to be right.
    fn source_member(
        &self,
        (key, value): (usize, usize),
        field: Option<&Field>,
        fields: &Fields,
        plain: bool,
        run: &mut Run,
        out: &mut Vec<u8>,
    ) {
        let (json, tape) = (self.record.json, self.record.tape);
        let (Some(k), Some(v)) = (tape.get(key), tape.get(value)) else { return };
        let clean = (k.flags | v.flags) & DIRTY == 0;
        if plain && clean {
            run.add(json, out, k, v);
            return;
        }
        if let Some(fix) = field.map(|f| f.fix).filter(|&f| f != 0)
            && self.fixer.applies(fix, &self.record, value)
        {
            run.flush(json, out);
            self.key(key, out);
            self.fixer.write(out, fix, &self.record, value);
            return;
        }
        let below = match self.verdict(field, value) {
            Verdict::Fits => None,
            Verdict::Untyped if field.is_none() && self.clashes(fields, key) => return,
            Verdict::Untyped => field.map(|f| &f.fields).filter(|below| !below.is_empty()),
            Verdict::Below(below) => Some(below),
            Verdict::Aside => return,
            // The name may be that of a typed field, which does not take it either: `tags.value`.
            Verdict::Wrap
                if field
                    .and_then(|f| f.fields.get(b"value"))
                    .is_some_and(|f| f.kind != Type::Untyped && !f.takes(&self.record, value)) =>
            {
                return;
            }
            Verdict::Wrap => {
                run.flush(json, out);
                self.key(key, out);
                out.extend_from_slice(b"{\"value\":");
                self.record.value(out, value, Target::Source);
                out.push(b'}');
                return;
            }
        };
        match below {
            None if clean => run.add(json, out, k, v),
            None => {
                run.flush(json, out);
                self.key(key, out);
                self.record.value(out, value, Target::Source);
            }
            Some(below) => {
                run.flush(json, out);
                self.key(key, out);
                self.source_below(value, below, out);
            }
        }
    }

    /// Appends a value whose fields need a look.
    fn source_below(&self, value: usize, below: &Fields, out: &mut Vec<u8>) {
        match self.record.kind(value) {
            Some(Kind::Object) => {
                out.push(b'{');
                self.source(value, below, out);
                out.push(b'}');
            }
            Some(Kind::Array) => {
                out.push(b'[');
                for element in self.record.tape.elements(value) {
                    separate_value(out);
                    self.source_below(element, below, out);
                }
                out.push(b']');
            }
            _ => self.record.value(out, value, Target::Source),
        }
    }

    /// Whether a fix changes a value, or one below it.
    fn is_fixed(&self, field: &Field, value: usize) -> bool {
        if field.fix != 0 && self.fixer.applies(field.fix, &self.record, value) {
            return true;
        }
        // Typed objects are walked by `flat`, which asks again for each member.
        if field.kind != Type::Untyped || field.fields.is_empty() {
            return false;
        }
        match self.record.kind(value) {
            Some(Kind::Object) => {
                self.record.tape.members(value).any(|(key, below)| {
                    self.field(&field.fields, key).is_some_and(|f| self.is_fixed(f, below))
                })
            }
            Some(Kind::Array) => self
                .record
                .tape
                .elements(value)
                .any(|e| self.record.kind(e) == Some(Kind::Object) && self.is_fixed(field, e)),
            _ => false,
        }
    }

    fn key(&self, key: usize, out: &mut Vec<u8>) {
        separate(out);
        self.record.key(out, key);
        out.push(b':');
    }

    /// Appends the record's own members, as [`resolve`] found them, to `_source` and what is not typed to
    /// `flat`. `reserved` names belong to the document: a member of that name is moved aside.
    pub fn record(
        &self,
        members: &[Member<'_>],
        fields: &Fields,
        reserved: &Fields,
        out: &mut Vec<u8>,
        flat: &mut Vec<u8>,
    ) {
        let (json, tape) = (self.record.json, self.record.tape);
        let (mut run, mut flat_run) = (Run::default(), Run::default());
        for &Member { key, value, field } in members {
            let (Some(k), Some(v)) = (tape.get(key), tape.get(value)) else { continue };
            let verdict = self.verdict(field, value);
            if let Verdict::Fits = verdict
                && (k.flags | v.flags) & DIRTY == 0
            {
                run.add(json, out, k, v);
                continue;
            }
            let aside = field.is_none()
                && (k.is(DIRTY) || self.is_reserved(reserved, key) || self.clashes(fields, key));
            let mut plain = false;
            match verdict {
                Verdict::Fits => {}
                Verdict::Below(below) => {
                    flat_run.flush(json, flat);
                    plain = self.flat_below(key, value, below, flat);
                }
                Verdict::Untyped | Verdict::Aside | Verdict::Wrap => {
                    if (k.flags | v.flags) & DIRTY == 0 {
                        flat_run.add(json, flat, k, v);
                    } else {
                        flat_run.flush(json, flat);
                        self.key(key, flat);
                        self.record.value(flat, value, Target::Flat);
                    }
                }
            }
            if !aside {
                self.source_member((key, value), field, fields, plain, &mut run, out);
            }
        }
        run.flush(json, out);
        flat_run.flush(json, flat);
    }

    /// Whether a name is one of the document's own, or one of OpenSearch's (`_id`, `_source` …).
    fn is_reserved(&self, reserved: &Fields, key: usize) -> bool {
        let name = self.record.bytes(key);
        let first = name.split(|&b| b == b'.').next().unwrap_or_default();
        reserved.get(first).is_some() || matches!(first.first(), None | Some(b'_' | b'@'))
    }
}

/// Puts a comma between the elements of a list.
#[inline]
fn separate_value(out: &mut Vec<u8>) {
    if !matches!(out.last(), None | Some(b'[' | b':')) {
        out.push(b',');
    }
}
