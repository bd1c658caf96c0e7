//! VPC Flow Logs, and flow logs of transit gateways: rows of a header, of a default format, or in JSON.
//!
//! Field names and ids are those of es-loader; ECS fields beside the row's own.

mod columns;
mod ecs;
mod look;
mod protocol;
mod row;
mod row_shape;
mod stencil;

pub use self::look::looks_like;
use self::{
    columns::{Delimiter, Format, Plan, default_format, is_header, is_known},
    ecs::LogGroup,
    row::{Delivery, Pen, epoch},
};
use super::{Layout, Line, LogType, Place, Template, Writer, envelope::each_log_event};
use crate::{
    document::{ObjectContext, Out, Poison},
    json::{tape::Kind, text, write::Record},
    key::KeyMarks,
    md5_lanes,
};

/// The log.
pub static LOG_TYPE: LogType = LogType {
    name: "vpcflowlogs",
    marks: KeyMarks { services: &["vpcflowlogs"], folders: &["vpcflowlogs"], ..KeyMarks::NONE },
    looks_like,
    layout: Layout::Lines { is_header },
    writer: || Box::new(FlowLogWriter::default()),
    template: Template {
        name: "siem-loader-vpcflowlogs",
        component: columns::TEMPLATE,
        index: include_str!("../../../../index-templates/index-templates/siem-loader-vpcflowlogs.json"),
    },
};

/// Writes flow log documents. One a thread: the columns of a header are looked up once.
#[derive(Debug, Default)]
pub struct FlowLogWriter {
    /// The last header and its columns.
    header: Option<(Vec<u8>, Plan)>,
    /// The last names of a row in JSON, see [`signature`], and their columns.
    names: Option<(Vec<u8>, Plan)>,
    signature: Vec<u8>,
    vpc: Option<Plan>,
    transit: Option<Plan>,
    pen: Pen,
}

impl Writer for FlowLogWriter {
    fn json(&mut self, record: Record<'_>, place: Place<'_>, out: &mut Out<'_>) {
        let is_batch = each_log_event(&record, place, out, |log, event, place, out| {
            let id = event.id.as_deref().map(text::unescaped).unwrap_or_default();
            let time = event.timestamp.as_deref().and_then(epoch);
            let log = LogGroup {
                owner: log.owner.as_deref(),
                group: log.group.as_deref(),
                stream: log.stream.as_deref(),
            };
            let delivery = Delivery { id: (b"", &id), time, log, ..Delivery::default() };
            let named = event.fields.map(|fields| (&record, fields));
            self.message(&text::unescaped(record.bytes(event.message)), &delivery, named, &place, out);
        });
        if is_batch {
            return;
        }
        let mut members = record.tape.members(0);
        if members.any(|(key, _)| is_known(record.bytes(key))) {
            let message = record.tape.bytes(record.json, 0);
            let delivery = Delivery { message, id: (message, b""), ..Delivery::default() };
            return self.row(&record, 0, &delivery, &place, out);
        }
        // Firehose wraps what the flow log service hands it.
        let message = record.member(0, "message").filter(|&m| record.kind(m) == Some(Kind::String));
        match message {
            Some(message) => {
                let text = text::unescaped(record.bytes(message));
                self.message(&text, &Delivery::default(), None, &place, out);
            }
            None => {
                let found = record.tape.members(0).count();
                out.problem(place.ordinal, place.offset, Poison::NoHeader { found });
            }
        }
    }

    fn line(&mut self, line: &[u8], header: Option<&[u8]>, place: Place<'_>, out: &mut Out<'_>) {
        match header {
            _ if line.starts_with(b"{\"") => {
                out.problem(place.ordinal, place.offset, Poison::JsonAmongLines);
            }
            Some(header) => self.row_of_header(line, header, Delivery::default(), &place, out),
            None => self.message(line, &Delivery::default(), None, &place, out),
        }
    }

    fn lines(
        &mut self,
        lines: &[Line<'_>],
        header: Option<&[u8]>,
        object: &ObjectContext,
        out: &mut Out<'_>,
    ) {
        let stencil = header.is_some_and(|h| self.pen.stencils.begin(object, h, lines.len()));
        for lines in lines.chunks(md5_lanes::LANES) {
            let texts: Vec<&[u8]> = lines.iter().map(|line| &*line.text).collect();
            let digests = header.map(|_| md5_lanes::digests(&texts)).unwrap_or_default();
            for (line, digest) in lines.iter().zip(digests) {
                let place = line.begin(object, out);
                match header {
                    Some(header) if !line.text.starts_with(b"{\"") => {
                        let delivery = Delivery { digest: Some(digest), stencil, ..Delivery::default() };
                        self.row_of_header(&line.text, header, delivery, &place, out);
                    }
                    _ => self.line(&line.text, header, place, out),
                }
            }
        }
    }
}

impl FlowLogWriter {
    /// A row below a header that names its columns.
    fn row_of_header(
        &mut self,
        line: &[u8],
        header: &[u8],
        delivery: Delivery<'_>,
        place: &Place<'_>,
        out: &mut Out<'_>,
    ) {
        let plan = match &mut self.header {
            Some((known, plan)) if known == header => plan,
            other => &mut other.insert((header.to_vec(), Plan::of_header(header))).1,
        };
        let plain = self.pen.cut(line, plan.delimiter);
        let delivery = Delivery { message: line, id: (line, b""), plain, ..delivery };
        let clean = std::mem::take(&mut self.pen.clean);
        let base = if plain { line } else { &clean };
        let end = plan.end.and_then(|end| self.pen.fields.get(end)).and_then(|f| base.get(f.start));
        if end.is_some_and(u8::is_ascii_alphabetic) && is_header(line) {
            // Of another object put behind this one, with other columns.
            let found = self.pen.fields.len();
            out.problem(place.ordinal, place.offset, Poison::NoHeader { found });
        } else {
            self.pen.write(plan, base, None, &delivery, place, out);
        }
        self.pen.clean = clean;
    }

    /// A row without a header. `named` has values by name, where a subscription of CloudWatch Logs found them.
    fn message(
        &mut self,
        text: &[u8],
        delivery: &Delivery<'_>,
        named: Option<(&Record<'_>, usize)>,
        place: &Place<'_>,
        out: &mut Out<'_>,
    ) {
        let text = text.trim_ascii();
        let plain = self.pen.cut(text, Delimiter::Space);
        let clean = std::mem::take(&mut self.pen.clean);
        let base = if plain { text } else { &clean };
        let found = self.pen.fields.len();
        let Some((format, before)) = default_format(base, &self.pen.fields) else {
            self.pen.clean = clean;
            let delivery = Delivery { message: text, id: (text, delivery.id.1), plain, ..*delivery };
            return match named {
                Some((record, fields)) => self.row(record, fields, &delivery, place, out),
                None => out.problem(place.ordinal, place.offset, Poison::NoHeader { found }),
            };
        };
        // The time in front is of the export: the same row without it has the same id.
        let begin = self.pen.fields.get(before).map_or(0, |f| f.start);
        let row = if plain { text.get(begin..).unwrap_or(text) } else { text };
        let delivery = Delivery { message: text, id: (row, delivery.id.1), plain, ..*delivery };
        self.pen.fields.drain(..before);
        let plan = match format {
            Format::Vpc => &mut self.vpc,
            Format::Transit => &mut self.transit,
        };
        let plan = plan.get_or_insert_with(|| Plan::of_format(format));
        self.pen.write(plan, base, None, &delivery, place, out);
        self.pen.clean = clean;
    }

    /// A row as an object with the names of the columns.
    fn row(
        &mut self,
        record: &Record<'_>,
        object: usize,
        delivery: &Delivery<'_>,
        place: &Place<'_>,
        out: &mut Out<'_>,
    ) {
        self.signature.clear();
        self.pen.begin();
        for (key, value) in record.tape.members(object) {
            let name = record.bytes(key);
            self.signature.extend_from_slice(&name.len().to_le_bytes());
            self.signature.extend_from_slice(name);
            self.pen.value(record, value);
        }
        let plan = match &mut self.names {
            Some((known, plan)) if *known == self.signature => plan,
            other => {
                let names = record.tape.members(object).map(|(key, _)| record.bytes(key));
                let plan = Plan::of_names(names, Delimiter::Space);
                &mut other.insert((self.signature.clone(), plan)).1
            }
        };
        let clean = std::mem::take(&mut self.pen.clean);
        self.pen.write(plan, &clean, Some(record), delivery, place, out);
        self.pen.clean = clean;
    }
}
