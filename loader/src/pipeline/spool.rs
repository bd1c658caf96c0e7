//! Parquet objects: they can only be read from their end, so their bytes go to an unnamed file first.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    ops::ControlFlow,
    sync::Arc,
};

use siem_parsers::{
    decode::Decoder,
    split::{
        Cut,
        parquet::{self, ParquetProblem},
    },
};

use super::reader::{Body, READ, Reading};
use crate::error::ErrorClass;

/// Reads a Parquet object to its end; `first` are its first decoded bytes. Memory does not grow with the object; the
/// folder for temporary files (`TMPDIR`) must have room for it.
pub(super) fn read(reading: &mut Reading<'_>, mut decoder: Option<Decoder<Body>>, first: Vec<u8>) {
    let spooled = spool(reading, &mut decoder, first);
    let run = Arc::clone(&reading.run);
    let file = match spooled {
        Ok(Some(file)) => file,
        Ok(None) => return,
        Err(error) => {
            let text = format!(
                "cannot keep the object in {} while it is read: {error}; make room there, or set TMPDIR",
                std::env::temp_dir().display()
            );
            return run.report().fail_as(ErrorClass::Configuration, "no_room_to_spool", text);
        }
    };
    let limits = reading.settings.limits_of(run.log_type.layout);
    let read = parquet::read(file, limits, &mut |cut: Cut| {
        reading.hand_on(cut);
        if reading.ends() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match read {
        Ok(()) if !reading.ends() => run.tracker.ended(),
        Ok(()) => {}
        Err(error @ ParquetProblem::Io(_)) => run.report().fail(ErrorClass::Transient, error.to_string()),
        Err(error) => {
            let mut report = run.report();
            report.damaged = true;
            report.fail_as(ErrorClass::Poison, "object_damaged", error.to_string());
        }
    }
}

/// The decoded bytes in a file that goes with its handle; none where they do not come to an end.
fn spool(
    reading: &mut Reading<'_>,
    decoder: &mut Option<Decoder<Body>>,
    first: Vec<u8>,
) -> io::Result<Option<File>> {
    let mut file = tempfile::tempfile()?;
    let mut buffer = first;
    loop {
        reading.run.report().counts.bytes_in += buffer.len() as u64;
        file.write_all(&buffer)?;
        buffer.clear();
        if reading.ends() {
            return Ok(None);
        }
        let Some(decoder) = decoder else { break };
        match decoder.read(&mut buffer, READ) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                // Without its end no row can be found.
                reading.unreadable(&error);
                return Ok(None);
            }
        }
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(Some(file))
}
