//! A row to a document: nothing is looked up here and nothing allocated, since a row of 114 bytes becomes 1.3 KB.

use std::{cmp::Ordering, ops::Range};

use md5::{Digest, Md5};

use super::{
    columns::{Delimiter, Plan, SLOTS, Slot, Use, split},
    ecs::{LogGroup, Values},
    protocol,
    row_shape::{Look, Shape},
    stencil::{self, Made, Stencils},
};
use crate::{
    document::{Out, Poison, Profile, Rendered, put},
    id::hex_of,
    json::{
        tape::{LONG_TEXT, PATH_ROOM},
        text,
        write::{Record, Target},
    },
    shape::separate,
    source::{Place, draft::Draft},
    time::{Instant, YEAR_9999},
    when::When,
};

/// Name of the indices in front of the month.
const INDEX: &str = "log-aws-vpcflowlogs-";

/// What es-loader writes behind a text that it cut.
const CUT_MARK: &[u8] = b"<<TRUNCATED>>";

/// What begins the head of every document, see [`crate::document::ObjectContext`].
const LOG_TYPE_HEAD: &[u8] = b"\"@log_type\":\"vpcflowlogs\"";
/// The same for flows through a transit gateway.
const TRANSIT_HEAD: &[u8] = b"\"@log_type\":\"transit-gateway\"";

/// A row has fewer fields than its header has columns: those behind are missing.
const TOO_SHORT: &str = "row_shorter_than_header";
/// A row has more fields than its header has columns: they have no name and stand in `@message` only.
const TOO_LONG: &str = "row_longer_than_header";

/// A row as it was delivered, and what came with it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Delivery<'a> {
    /// `@message`: the record as delivered.
    pub(super) message: &'a [u8],
    /// What its `_id` is the MD5 of, and the id of the log event behind it.
    pub(super) id: (&'a [u8], &'a [u8]),
    /// That MD5, where it is known already.
    pub(super) digest: Option<[u8; 16]>,
    /// When the row was handed to CloudWatch Logs, for rows without a time.
    pub(super) time: Option<Instant>,
    /// Where it came through.
    pub(super) log: LogGroup<'a>,
    /// Nothing in the message has to be escaped.
    pub(super) plain: bool,
    /// It is the fields and nothing else, and a stencil may be used.
    pub(super) stencil: bool,
}

/// The fields of one row, and what is needed to write it.
#[derive(Debug)]
pub(super) struct Pen {
    /// Where the fields stand, as they stand inside JSON strings: in the line, or in `clean`.
    pub(super) fields: Vec<Range<usize>>,
    /// Fields that could not be taken from the line as they are.
    pub(super) clean: Vec<u8>,
    /// The digits of a line whose fields stand in it.
    digits: text::Digits,
    /// Objects and lists among the values of a row in JSON: column and node.
    pub(super) nodes: Vec<(usize, usize)>,
    flat: Vec<u8>,
    flags: Vec<Box<[u8]>>,
    pub(super) stencils: Stencils,
    made: Made,
}

/// A row to be written.
#[derive(Clone, Copy)]
struct Row<'a> {
    plan: &'a Plan,
    record: Option<&'a Record<'a>>,
    delivery: &'a Delivery<'a>,
    place: &'a Place<'a>,
    when: &'a When,
    id: &'a [u8],
    look: Look,
    /// Of a transit gateway.
    transit: bool,
    /// Fields of the row.
    found: usize,
}

impl Default for Pen {
    fn default() -> Self {
        Self {
            fields: Vec::new(),
            clean: Vec::new(),
            digits: text::Digits::default(),
            nodes: Vec::new(),
            flat: Vec::new(),
            flags: protocol::flag_lists(),
            stencils: Stencils::default(),
            made: Made::default(),
        }
    }
}

impl Pen {
    /// Cuts a line into `fields`. Gives true where they stand in the line, false where they stand in `clean`.
    pub(super) fn cut(&mut self, line: &[u8], delimiter: Delimiter) -> bool {
        self.fields.clear();
        self.nodes.clear();
        let usual = delimiter == Delimiter::Space && line.len() < LONG_TEXT;
        if usual && text::words(line, &mut self.fields, &mut self.digits) {
            return true;
        }
        self.fields.clear();
        let (fields, clean) = (&mut self.fields, &mut self.clean);
        clean.clear();
        split(line, delimiter, &mut |field| {
            let begin = clean.len();
            text::escape_into(clean, field);
            cut_long(clean, begin);
            fields.push(begin..clean.len());
        });
        false
    }

    /// Begins a row in JSON.
    pub(super) fn begin(&mut self) {
        self.fields.clear();
        self.nodes.clear();
        self.clean.clear();
    }

    /// Adds the value of a column in JSON.
    pub(super) fn value(&mut self, record: &Record<'_>, node: usize) {
        let begin = self.clean.len();
        if record.tape.get(node).is_some_and(|n| !n.is(crate::json::tape::EMPTY)) {
            match record.scalar(node) {
                Some(value) => self.clean.extend_from_slice(&value),
                None => self.nodes.push((self.fields.len(), node)),
            }
        }
        self.fields.push(begin..self.clean.len());
    }

    /// Writes the document of the row whose fields are in `base`. `record` is the one that `nodes` are of.
    pub(super) fn write(
        &mut self,
        plan: &Plan,
        base: &[u8],
        record: Option<&Record<'_>>,
        delivery: &Delivery<'_>,
        place: &Place<'_>,
        out: &mut Out<'_>,
    ) {
        let (found, columns) = (self.fields.len(), plan.columns.len());
        let end = plan.end.and_then(|end| self.fields.get(end)).and_then(|f| base.get(f.clone()));
        if found < columns && (end.is_none() || is_empty(end.unwrap_or_default())) {
            return out.problem(place.ordinal, place.offset, Poison::Fields { found, columns });
        }
        let when = when(end, delivery.time, place);
        let id = hex_of(delivery.digest.unwrap_or_else(|| md5_of(delivery.id)));
        // Values of a row in JSON do not stand in the text that was cut.
        let digits = Some(&self.digits).filter(|_| delivery.plain && record.is_none());
        let look = Look::at(plan, &self.fields, base, digits);
        // es-loader asks whether the column says anything, also `-`.
        let transit = plan.resource.and_then(|r| self.fields.get(r)).is_some_and(|f| !f.is_empty());
        let row = Row { plan, record, delivery, place, when: &when, id: &id, look, transit, found };
        if !delivery.stencil || self.fill(&row, base, out.rendered).is_none() {
            let fields = std::mem::take(&mut self.fields);
            let value =
                |column: usize| fields.get(column).and_then(|f| base.get(f.clone())).unwrap_or_default();
            self.draft(&row, value, out.rendered);
            self.fields = fields;
        }
        out.record_done();
    }

    /// Writes a document column by column; `value` gives the values.
    fn draft<'v>(&mut self, row: &Row<'_>, value: impl Fn(usize) -> &'v [u8], rendered: &mut Rendered) {
        let Row { plan, delivery, place, when, id, look, transit, found, .. } = *row;
        let mut draft = Draft::begin(rendered, INDEX, place, when, id);
        let bytes = draft.bytes();
        let head = place.object.head.as_slice();
        let (name, head) = match head.strip_prefix(LOG_TYPE_HEAD).filter(|_| transit) {
            Some(rest) => (TRANSIT_HEAD, rest),
            None => (&b""[..], head),
        };
        let lean = place.object.profile == Profile::Lean;
        if lean {
            put!(bytes, name, head);
        } else {
            put!(bytes, b"\"@id\":\"", id, b"\"");
        }

        self.flat.clear();
        let (mut slots, mut sound): ([&[u8]; SLOTS], u32) = ([b""; SLOTS], 0);
        for (number, column) in plan.columns.iter().enumerate() {
            let value = value(number);
            let (here, fits) = look.of(number, column, value);
            if !here {
                continue;
            }
            if let Some(slot) = column.slot
                && let Some(cell) = slots.get_mut(slot as usize)
            {
                *cell = value;
                sound |= u32::from(fits) << slot as u32;
            }
            match column.use_ {
                Use::Text => put!(bytes, &column.before, value, b"\""),
                Use::Number if fits => put!(bytes, &column.before, value),
                Use::Number => flat_text(&mut self.flat, name_of(&column.before), value),
                Use::Untyped => {
                    put!(bytes, &column.before, value, b"\"");
                    flat_text(&mut self.flat, name_of(&column.before), value);
                }
                Use::Aside => flat_text(&mut self.flat, name_of(&column.before), value),
                Use::Shadowed => {}
            }
        }
        if let Some(record) = row.record {
            self.write_nodes(plan, record, bytes);
        }

        // Fields without a column stand nowhere else.
        if place.object.profile.keeps(delivery.message) || found > plan.columns.len() {
            bytes.extend_from_slice(b",\"@message\":\"");
            if delivery.plain {
                bytes.extend_from_slice(delivery.message);
            } else {
                text::escape_into(bytes, delivery.message);
            }
            bytes.push(b'"');
        }
        if !lean {
            put!(bytes, b",", name, head);
        }
        when.write_timestamp(bytes);
        let values = Values { slots: &slots, sound, log: &delivery.log, place };
        values.write(transit, bytes);
        let odd = when.note.is_some() || found != plan.columns.len();
        let notes = if odd { notes(when.note, found, plan.columns.len()) } else { Vec::new() };
        let flags = protocol::byte(values.get(Slot::TcpFlags));
        let flags = flags.and_then(|bits| self.flags.get(usize::from(bits))).map_or(&b""[..], |list| list);
        draft.siem(place, &notes, flags, &self.flat);
        draft.finish(place, when);
    }

    /// Writes the document of a usual row by a stencil, which is cut from the first of its shape; none where that
    /// cannot be done.
    fn fill(&mut self, row: &Row<'_>, base: &[u8], rendered: &mut Rendered) -> Option<()> {
        let Row { plan, delivery, when, transit, .. } = *row;
        let usual = delivery.plain && row.found == plan.columns.len() && base.len() <= stencil::LONGEST_ROW;
        if !usual || when.note.is_some() {
            return None;
        }
        let time = when.timestamp.filter(|time| time.nanos == 0)?;
        let shape = Shape::of(plan, &self.fields, base, row.look, transit, when.month?)?;
        let stencil = match self.stencils.find(&shape) {
            Some(stencil) => stencil,
            None if self.stencils.has_room() => self.cut_stencil(shape, row, base)?,
            None => return None,
        };
        let made = &mut self.made;
        made.begin(base, &self.fields)?;
        made.add(stencil::ID, row.id)?;
        made.add_time(time)?;
        made.add_ordinal(row.place.ordinal)?;
        let (document, source) = self.stencils.fill(stencil, &self.made)?;
        rendered.add(document, source, row.place.ordinal, when.event);
        Some(())
    }

    /// Writes a document with marks for its values, and cuts a stencil from it.
    fn cut_stencil(&mut self, shape: Shape, row: &Row<'_>, base: &[u8]) -> Option<usize> {
        let fields = std::mem::take(&mut self.fields);
        let real = |column: usize| fields.get(column).and_then(|f| base.get(f.clone())).unwrap_or_default();
        let marks: Vec<[u8; 2]> = (0..row.plan.columns.len()).map(stencil::mark).collect();
        let value = |column: usize| {
            if row.plan.literals.contains(&Some(column)) {
                return real(column);
            }
            // One address has one mark, wherever it stands.
            let addresses = row.plan.addresses.into_iter().flatten();
            let first = if addresses.clone().any(|a| a == column) {
                addresses.clone().find(|&a| real(a) == real(column))
            } else {
                None
            };
            marks.get(first.unwrap_or(column)).map_or(&b""[..], |mark| mark)
        };
        let (message, id) = (stencil::mark(stencil::ROW), stencil::long_mark::<32>(stencil::ID));
        let when = row.when.written_as(stencil::long_mark(stencil::TIME));
        let delivery = Delivery { message: &message, ..*row.delivery };
        let place = Place { ordinal: stencil::ORDINAL_MARK, ..*row.place };
        let marked = Row { delivery: &delivery, place: &place, when: &when, id: &id, ..*row };
        let mut document = Rendered::default();
        self.draft(&marked, value, &mut document);
        self.fields = fields;
        let source = document.items.first()?.source;
        self.stencils.cut(shape, &document.bytes, source)
    }

    /// Objects and lists, which no column of AWS has: as they are, where their name allows it, and in `siem.flat`.
    fn write_nodes(&mut self, plan: &Plan, record: &Record<'_>, out: &mut Vec<u8>) {
        for &(place, node) in &self.nodes {
            let Some(column) = plan.columns.get(place).filter(|c| c.use_ != Use::Shadowed) else { continue };
            let name = name_of(&column.before);
            if column.use_ == Use::Untyped {
                put!(out, b",\"", name, b"\":");
                record.value(out, node, Target::Source);
            }
            separate(&mut self.flat);
            put!(self.flat, b"\"", name, b"\":");
            record.value(&mut self.flat, node, Target::Flat);
        }
    }
}

/// What is odd about a row.
fn notes(time: Option<&'static str>, found: usize, columns: usize) -> Vec<&'static str> {
    let count = match found.cmp(&columns) {
        Ordering::Less => Some(TOO_SHORT),
        Ordering::Greater => Some(TOO_LONG),
        Ordering::Equal => None,
    };
    time.into_iter().chain(count).collect()
}

/// When a flow ended.
fn when(end: Option<&[u8]>, delivered: Option<Instant>, place: &Place<'_>) -> When {
    let object = place.object.key_info.time;
    match end.filter(|end| !is_empty(end)) {
        Some(end) => When::of(epoch(end), true, object),
        None => When::of(delivered, delivered.is_some(), object),
    }
}

/// Seconds since 1970, from 10^12 on milliseconds; both may have a fraction.
pub(super) fn epoch(text: &[u8]) -> Option<Instant> {
    let (whole, fraction) = match memchr::memchr(b'.', text) {
        Some(dot) => (text.get(..dot)?, text.get(dot + 1..).filter(|f| !f.is_empty())?),
        None => (text, &b""[..]),
    };
    if whole.is_empty() || whole.len() > 15 {
        return None;
    }
    let digits = |sum: i64, digit: &u8| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0'));
    let number = whole.iter().try_fold(0, digits)?;
    let (seconds, nanos, scale) = match number {
        1_000_000_000_000.. => (number / 1000, number % 1000 * 1_000_000, 1_000_000),
        _ => (number, 0, 1_000_000_000),
    };
    let (mut nanos, mut scale) = (nanos, scale);
    for digit in fraction {
        scale /= 10;
        nanos += digits(0, digit)? * scale;
    }
    let nanos = u32::try_from(nanos).ok()?;
    (seconds <= YEAR_9999).then_some(Instant { seconds, nanos })
}

/// Whether es-loader leaves a value out.
#[inline]
pub(super) fn is_empty(value: &[u8]) -> bool {
    // Few values begin like one of these, which a processor can foresee.
    match value.first() {
        None => true,
        Some(b'-' | b'n' | b'[') => matches!(value, b"-" | b"null" | b"[]"),
        Some(_) => false,
    }
}

/// Whether a value can stand as a number at a `long`: digits, of 64 bits at most.
#[inline]
pub(super) fn is_integer(value: &[u8]) -> bool {
    let fits = value.len() < LONG_INTEGER || (value.len() == LONG_INTEGER && value <= MOST_INTEGER);
    fits && begins_as_integer(value) && value.iter().all(u8::is_ascii_digit)
}

/// Whether digits have one in front that is no zero too many.
#[inline]
pub(super) fn begins_as_integer(digits: &[u8]) -> bool {
    digits.first().is_some_and(|&first| first != b'0' || digits.len() == 1)
}

/// Digits of 2^63 - 1: with fewer, every number is below it.
pub(super) const LONG_INTEGER: usize = MOST_INTEGER.len();

/// 2^63 - 1.
const MOST_INTEGER: &[u8] = b"9223372036854775807";

/// The name in front of a value, as it stands in JSON: see [`super::columns::Column::before`].
fn name_of(before: &[u8]) -> &[u8] {
    let name = before.strip_prefix(b",\"").unwrap_or_default();
    name.strip_suffix(b"\":\"").or_else(|| name.strip_suffix(b"\":")).unwrap_or_default()
}

/// Appends a member of `siem.flat`, cut so that it fits a term together with its path.
fn flat_text(flat: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    let room = LONG_TEXT - PATH_ROOM;
    let value = if value.len() > room { text::prefix(value, room) } else { value };
    separate(flat);
    put!(flat, b"\"", name, b"\":\"", value, b"\"");
}

/// Cuts the text that begins at `begin` as es-loader does: 32,766 bytes and more become 32,753 and a mark.
fn cut_long(clean: &mut Vec<u8>, begin: usize) {
    let inside = clean.get(begin..).unwrap_or_default();
    if inside.len() < LONG_TEXT || text::prefix(inside, LONG_TEXT - 1).len() == inside.len() {
        return;
    }
    let kept = text::prefix(inside, LONG_TEXT - CUT_MARK.len()).len();
    clean.truncate(begin + kept);
    clean.extend_from_slice(CUT_MARK);
}

/// MD5 of one part behind the other.
fn md5_of((first, second): (&[u8], &[u8])) -> [u8; 16] {
    let mut hash = Md5::new();
    hash.update(first);
    if !second.is_empty() {
        hash.update(second);
    }
    hash.finalize().into()
}
