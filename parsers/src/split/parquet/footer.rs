//! The footer: schema and places of the columns.
//!
//! The `parquet` crate reads it. Before that, the schema is walked here: the crate builds it by recursion and
//! reserves memory for as many children as an element claims to have, so a few bytes could end the process.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use parquet::file::{
    metadata::{ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader, ParquetStatisticsPolicy},
    reader::ChunkReader,
};

use super::{
    MAGIC, ParquetProblem, ROWS_FREE, ROWS_PER_BYTE, corrupt,
    thrift::{I32, LIST, Reader, STRUCT},
};

/// Bytes of the footer. 1000 row groups of all VPC fields take some 5 MB; what the crate makes of it is up to
/// twenty times as large.
const FOOTER_MAX: u64 = 16 << 20;

/// Elements of the schema: columns and what groups them. VPC flow logs have 40 fields or so.
const SCHEMA_MAX: usize = 2048;

/// Groups in groups, the root not counted.
const DEPTH_MAX: usize = 24;

/// Length of the footer and magic at the end of the file.
const TAIL: u64 = 8;

/// Reads the footer.
pub(super) fn read<R: ChunkReader>(file: &Arc<R>) -> Result<ParquetMetaData, ParquetProblem> {
    let len = file.len();
    let magic = MAGIC.len() as u64;
    if len < magic + TAIL || *file.get_bytes(0, MAGIC.len())? != *MAGIC {
        return Err(ParquetProblem::NotParquet);
    }
    let tail = file.get_bytes(len - TAIL, TAIL as usize)?;
    let Some((size, _)) = tail.split_first_chunk::<4>().filter(|(_, end)| *end == MAGIC) else {
        return Err(ParquetProblem::Unfinished);
    };
    let size = u64::from(u32::from_le_bytes(*size));
    if size > len - TAIL - magic {
        return Err(ParquetProblem::Corrupt(format!("a footer of {size} bytes in a file of {len}")));
    }
    if size > FOOTER_MAX {
        return Err(ParquetProblem::TooLarge { what: "footer", size, limit: FOOTER_MAX });
    }
    let bytes = file.get_bytes(len - TAIL - size, size as usize)?;
    check(&bytes)?;
    let options = ParquetMetaDataOptions::new()
        .with_column_stats_policy(ParquetStatisticsPolicy::SkipAll)
        .with_size_stats_policy(ParquetStatisticsPolicy::SkipAll)
        .with_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll);
    let decode = || ParquetMetaDataReader::decode_metadata_with_options(&bytes, Some(&options));
    // The crate still has places where wrong bytes make it panic.
    let metadata =
        catch_unwind(AssertUnwindSafe(decode)).map_err(|_| corrupt("a footer that cannot be decoded"))??;
    let groups = metadata.row_groups().iter();
    let size = groups.fold(0, |sum: u64, group| sum.saturating_add(group.num_rows().try_into().unwrap_or(0)));
    let limit = len.saturating_mul(ROWS_PER_BYTE).saturating_add(ROWS_FREE);
    if size > limit {
        return Err(ParquetProblem::TooLarge { what: "number of rows", size, limit });
    }
    if holds_another(file, &metadata, len - TAIL - bytes.len() as u64)? {
        let what =
            "another file behind it (or its places are those of another): put them into objects of their own";
        return Err(ParquetProblem::Unsupported(what.to_owned()));
    }
    Ok(metadata)
}

/// Whether a second file begins between the pages that the footer knows and the footer. The places in a footer count
/// from the beginning of its own file, so that of the last file would lead into the first.
fn holds_another<R: ChunkReader>(
    file: &Arc<R>,
    metadata: &ParquetMetaData,
    footer: u64,
) -> Result<bool, ParquetProblem> {
    const WINDOW: u64 = 1 << 20;
    let number = |n: i64| u64::try_from(n).unwrap_or(0);
    let columns = metadata.row_groups().iter().flat_map(|group| group.columns());
    let end = columns.map(|column| {
        let first = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
        number(first.min(column.data_page_offset())).saturating_add(number(column.compressed_size()))
    });
    let mut at = end.max().unwrap_or(MAGIC.len() as u64);
    let seam = [MAGIC, MAGIC].concat();
    while at < footer {
        let len = (footer - at).min(WINDOW);
        let window = file.get_bytes(at, usize::try_from(len).unwrap_or(0))?;
        if memchr::memmem::find(&window, &seam).is_some() {
            return Ok(true);
        }
        // A seam may lie across two windows.
        at += if len > seam.len() as u64 { len - seam.len() as u64 } else { len };
        if len < WINDOW {
            break;
        }
    }
    Ok(false)
}

/// Goes over the whole footer and looks at the schema in it (field 2 of `FileMetaData`).
/// <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>
fn check(footer: &[u8]) -> Result<(), ParquetProblem> {
    Reader::new(footer).fields(0, &mut |reader, id, kind| {
        if id == 2 && kind == LIST {
            schema(reader)?;
            return Ok(true);
        }
        Ok(false)
    })
}

fn schema(reader: &mut Reader<'_>) -> Result<(), ParquetProblem> {
    let (kind, len) = reader.list()?;
    if kind != STRUCT {
        return Err(corrupt("a schema without elements"));
    }
    if len > SCHEMA_MAX {
        let (size, limit) = (len as u64, SCHEMA_MAX as u64);
        return Err(ParquetProblem::TooLarge { what: "schema", size, limit });
    }
    // Children that are still to come, of the element being read and of all that it is in.
    let mut open: Vec<usize> = Vec::new();
    for place in 0..len {
        let mut children = 0;
        reader.fields(2, &mut |reader, id, kind| {
            if id == 5 && kind == I32 {
                children = reader.i32()?;
                return Ok(true);
            }
            Ok(false)
        })?;
        let children = usize::try_from(children).ok().filter(|&count| count < len - place);
        let Some(children) = children else {
            return Err(corrupt("a schema with too few elements"));
        };
        if let Some(last) = open.last_mut() {
            *last -= 1;
        }
        if children > 0 {
            open.push(children);
        }
        if open.len() > DEPTH_MAX + 1 {
            return Err(ParquetProblem::Unsupported("a schema with so many groups in groups".to_owned()));
        }
        while open.last() == Some(&0) {
            open.pop();
        }
        // What would follow here is a second root.
        if open.is_empty() && place + 1 < len {
            return Err(corrupt("a schema with two roots"));
        }
    }
    if open.is_empty() { Ok(()) } else { Err(corrupt("a schema with too few elements")) }
}
