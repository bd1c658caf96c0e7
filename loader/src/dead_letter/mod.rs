//! Records that are in no index: kept with the reason and everything that is needed to send them again.
//!
//! A [`Letter`] is one JSON line; a [`Store`] has files of them. There is one file for an object and each stretch of it
//! that was brought to its end at once: usually the whole object. Its name begins with the object and ends with the
//! number of the first piece of the stretch, so that an attempt that does a stretch again replaces its file.

mod file;
mod letter;
mod redrive;
mod select;
mod store;

pub use file::{FileError, lines};
pub use letter::{Kind, Letter, Lines, Origin, Packer, Reason, RecordForm, VERSION, json_or_text};
pub use redrive::{RedriveError, Redriven, Redriver};
pub use select::{Groups, Selection, advice};
pub use store::{Store, StoreError};

use siem_parsers::key::KeyInfo;

/// Name of the file for the letters of an object, from a piece on; without a piece for the letter of the object itself.
#[must_use]
pub fn file_name(log_type: Option<&str>, key: &KeyInfo, id: &str, since: Option<u64>) -> String {
    let day = key.time.map_or_else(
        || "undated".to_owned(),
        |time| {
            let mut text = Vec::new();
            time.write(&mut text);
            let day: String = text.iter().take(10).map(|&b| char::from(b)).collect();
            day.replace('-', "/")
        },
    );
    let log = log_type.unwrap_or("unknown");
    match since {
        Some(piece) => format!("{log}/{day}/{id}-{piece:06}.ndjson.gz"),
        None => format!("{log}/{day}/{id}-object.ndjson.gz"),
    }
}
