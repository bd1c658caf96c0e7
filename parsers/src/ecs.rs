//! ECS fields of a document, collected by their dotted names and written as nested objects.
//!
//! For logs whose records find their fields in many places. What is written for every record of a flood (flow logs,
//! CloudTrail) is put down directly instead.

use std::{borrow::Cow, cmp::Ordering};

use crate::json::keys::same;

/// Text as it stands inside a JSON string.
pub type Text<'a> = Cow<'a, [u8]>;

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// The inside of a JSON string.
    Text(Text<'a>),
    /// Any JSON as it is to be written.
    Json(Text<'a>),
    /// A list of texts without repetition.
    List(Vec<Text<'a>>),
}

/// Fields by their dotted names.
#[derive(Debug, Default)]
pub struct Ecs<'a> {
    fields: Vec<(&'static str, Value<'a>)>,
}

impl<'a> Ecs<'a> {
    /// Sets a text. Nothing happens without one, or where it is empty.
    pub fn text(&mut self, name: &'static str, value: Option<impl Into<Text<'a>>>) {
        if let Some(value) = value.map(Into::into).filter(|v: &Text<'a>| !v.is_empty()) {
            self.set(name, Value::Text(value));
        }
    }

    /// Sets a text where the field has no value yet.
    pub fn text_if_free(&mut self, name: &'static str, value: Option<impl Into<Text<'a>>>) {
        if self.get(name).is_none() {
            self.text(name, value);
        }
    }

    /// Sets a value that is JSON already.
    pub fn json(&mut self, name: &'static str, value: impl Into<Text<'a>>) {
        self.set(name, Value::Json(value.into()));
    }

    /// Adds a text to a list, if it is not in it.
    pub fn add(&mut self, name: &'static str, value: Option<impl Into<Text<'a>>>) {
        let Some(value) = value.map(Into::into).filter(|v: &Text<'a>| !v.is_empty()) else { return };
        match self.fields.iter_mut().find(|(known, _)| is(known, name)) {
            Some((_, Value::List(list))) => {
                if !list.contains(&value) {
                    list.push(value);
                }
            }
            Some((_, other)) => *other = Value::List(vec![value]),
            None => self.fields.push((name, Value::List(vec![value]))),
        }
    }

    /// Sets a value.
    pub fn set(&mut self, name: &'static str, value: Value<'a>) {
        match self.fields.iter_mut().find(|(known, _)| is(known, name)) {
            Some((_, old)) => *old = value,
            None => self.fields.push((name, value)),
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.fields.iter().find(|(known, _)| is(known, name)).map(|(_, value)| value)
    }

    /// The text of a field, if that is what it holds.
    #[must_use]
    pub fn get_text(&self, name: &str) -> Option<&[u8]> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Takes a field out.
    pub fn take(&mut self, name: &str) -> Option<Value<'a>> {
        let at = self.fields.iter().position(|(known, _)| is(known, name))?;
        Some(self.fields.swap_remove(at).1)
    }

    /// Exchanges the values of pairs of fields.
    pub fn exchange(&mut self, pairs: &[(&'static str, &'static str)]) {
        for &(one, other) in pairs {
            let (first, second) = (self.take(one), self.take(other));
            if let Some(value) = first {
                self.set(other, value);
            }
            if let Some(value) = second {
                self.set(one, value);
            }
        }
    }

    /// Appends the fields as members of nested objects, each with a comma in front where `out` has members already.
    /// The fields are gone afterwards.
    pub fn write(&mut self, out: &mut Vec<u8>) {
        self.fields.sort_unstable_by(|(one, _), (other, _)| by_parts(one, other));
        // The objects that are open: parts of a name, each with its dot.
        let mut open: &[u8] = b"";
        for (name, value) in self.fields.drain(..) {
            let name = name.as_bytes();
            let leaf = memchr::memrchr(b'.', name).map_or(0, |dot| dot + 1);
            let (parents, leaf) = name.split_at_checked(leaf).unwrap_or_default();
            let same = open.iter().zip(parents).take_while(|(one, other)| one == other).count();
            // Parts that begin alike are not the same.
            let same = open.get(..same).and_then(|same| memchr::memrchr(b'.', same)).map_or(0, |dot| dot + 1);
            close(out, open.get(same..).unwrap_or_default());
            for part in parents.get(same..).unwrap_or_default().split(|&b| b == b'.') {
                // Nothing is behind the last dot.
                if !part.is_empty() {
                    name_of(out, part);
                    out.push(b'{');
                }
            }
            open = parents;
            name_of(out, leaf);
            write_value(out, &value);
        }
        close(out, open);
    }
}

/// The order of names by their parts: as that of bytes, with the dot before all others.
fn by_parts(one: &str, other: &str) -> Ordering {
    let rank = |byte: u8| if byte == b'.' { 0 } else { byte };
    one.bytes().map(rank).cmp(other.bytes().map(rank))
}

/// Ends an object for each dot.
fn close(out: &mut Vec<u8>, open: &[u8]) {
    for _ in open.iter().filter(|&&byte| byte == b'.') {
        out.push(b'}');
    }
}

/// Whether two names are the same. There are some dozens in a document, each asked for by its name: so without a call.
#[inline]
fn is(known: &str, name: &str) -> bool {
    same(known.as_bytes(), name.as_bytes())
}

fn name_of(out: &mut Vec<u8>, name: &[u8]) {
    crate::shape::separate(out);
    out.push(b'"');
    out.extend_from_slice(name);
    out.extend_from_slice(b"\":");
}

fn write_value(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Text(text) => write_text(out, text),
        Value::Json(json) => out.extend_from_slice(json),
        Value::List(list) => {
            out.push(b'[');
            for (place, text) in list.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write_text(out, text);
            }
            out.push(b']');
        }
    }
}

fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}
