//! When an event happened, what `@timestamp` says and which monthly index it belongs to.

use crate::time::{self, Instant};

/// When an event happened and which index it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct When {
    /// The time of the event, if it has one that can be read.
    pub event: Option<Instant>,
    /// What `@timestamp` says: the event's time, else that of the object.
    pub timestamp: Option<Instant>,
    /// That time as AWS wrote it, where [`Instant::write`] would write the same.
    verbatim: Option<[u8; time::PLAIN]>,
    /// Year and month of the index.
    pub month: Option<(i64, i64)>,
    /// What is odd about it.
    pub note: Option<&'static str>,
}

impl When {
    /// By the text of a time in ISO 8601, if the record has one, and the time that the object's key names.
    #[must_use]
    pub fn of_text(text: Option<&[u8]>, object: Option<Instant>) -> Self {
        let time = text.and_then(Instant::parse);
        let verbatim = text.filter(|_| time.is_some()).and_then(time::plain);
        let mut when = Self::of(time, text.is_some(), object);
        if when.note.is_none()
            && let Some(month) = verbatim.as_ref().and_then(time::plain_month)
        {
            when.month = Some(month);
        }
        when.verbatim = verbatim;
        when
    }

    /// By an instant. `there` says that the record has a time, readable or not.
    #[must_use]
    pub fn of(time: Option<Instant>, there: bool, object: Option<Instant>) -> Self {
        let key_month = || object.map(|o| o.year_month());
        match time {
            Some(t) if t.is_sane(object) => {
                Self { event: time, timestamp: time, verbatim: None, month: Some(t.year_month()), note: None }
            }
            Some(_) => {
                let note = Some("event_time_out_of_range");
                Self { event: time, timestamp: time, verbatim: None, month: key_month(), note }
            }
            None => {
                let note = Some(if there { "event_time_invalid" } else { "event_time_missing" });
                Self { event: None, timestamp: object, verbatim: None, month: key_month(), note }
            }
        }
    }

    /// The same index, but another time in `@timestamp`: for what happened at one time and was told at another.
    #[must_use]
    pub fn shown_at(self, time: Instant) -> Self {
        Self { event: Some(time), timestamp: Some(time), verbatim: None, ..self }
    }

    /// The same with another text for its time.
    pub(crate) fn written_as(&self, text: [u8; time::PLAIN]) -> Self {
        Self { verbatim: Some(text), ..*self }
    }

    /// Appends the time that `@timestamp` says, if there is one.
    #[inline]
    pub(crate) fn write_time(&self, out: &mut Vec<u8>) {
        match (&self.verbatim, self.timestamp) {
            (Some(text), _) => out.extend_from_slice(text),
            (None, Some(time)) => time.write(out),
            (None, None) => {}
        }
    }

    /// Appends `,"@timestamp":"…"`, if there is a time.
    #[inline]
    pub(crate) fn write_timestamp(&self, out: &mut Vec<u8>) {
        if self.timestamp.is_some() {
            out.extend_from_slice(b",\"@timestamp\":\"");
            self.write_time(out);
            out.push(b'"');
        }
    }
}
