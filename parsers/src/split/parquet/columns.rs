//! A column of a row group, decoded a batch at a time.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::AtomicUsize},
};

use parquet::{
    basic::Type,
    column::reader::{ColumnReader, get_column_reader},
    data_type::{ByteArray, FixedLenByteArray, Int96},
    file::{metadata::ColumnChunkMetaData, reader::ChunkReader},
};

use super::{
    ParquetProblem, corrupt,
    pages::{Charge, Column, Pages},
    value::Form,
};

/// Bytes of one value of a column of fixed length.
const FIXED_MAX: i32 = 1 << 16;

/// Values of a batch, nulls left out.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) bools: Vec<bool>,
    pub(super) i32s: Vec<i32>,
    pub(super) i64s: Vec<i64>,
    pub(super) i96s: Vec<Int96>,
    pub(super) floats: Vec<f32>,
    pub(super) doubles: Vec<f64>,
    pub(super) bytes: Vec<ByteArray>,
    pub(super) fixed: Vec<FixedLenByteArray>,
}

impl Values {
    fn clear(&mut self) {
        self.bools.clear();
        self.i32s.clear();
        self.i64s.clear();
        self.i96s.clear();
        self.floats.clear();
        self.doubles.clear();
        self.bytes.clear();
        self.fixed.clear();
    }
}

/// A column and its batch.
pub(super) struct Leaf {
    reader: ColumnReader,
    charge: Arc<Charge>,
    /// How its values are written.
    pub(super) form: Form,
    name: String,
    max_def: i16,
    pub(super) values: Values,
    defs: Vec<i16>,
    reps: Vec<i16>,
    /// Levels in the batch; nulls have one as well.
    levels: usize,
    /// Rows in the batch.
    pub(super) rows: usize,
    /// The level that is next.
    level: usize,
    /// The value that is next.
    pub(super) value: usize,
}

impl Leaf {
    pub(super) fn open<R: ChunkReader + 'static>(
        file: &Arc<R>,
        chunk: &ColumnChunkMetaData,
        total: &Arc<AtomicUsize>,
    ) -> Result<Self, ParquetProblem> {
        let descriptor = chunk.column_descr_ptr();
        let physical = descriptor.physical_type();
        if physical == Type::FIXED_LEN_BYTE_ARRAY && !(1..=FIXED_MAX).contains(&descriptor.type_length()) {
            return Err(ParquetProblem::Unsupported("values of a strange fixed length".to_owned()));
        }
        if chunk.file_path().is_some() {
            return Err(ParquetProblem::Unsupported("columns in other files".to_owned()));
        }
        let data = chunk.data_page_offset();
        // Writers without a dictionary may say 0.
        let at = chunk.dictionary_page_offset().filter(|&at| at > 0).map_or(data, |at| at.min(data));
        let (Ok(at), Ok(len)) = (u64::try_from(at), u64::try_from(chunk.compressed_size())) else {
            return Err(corrupt("a column at a negative place"));
        };
        if at.checked_add(len).is_none_or(|end| end > file.len()) {
            return Err(corrupt("a column that ends behind the file"));
        }
        let charge = Charge::of_column(total);
        let (max_def, max_rep) = (descriptor.max_def_level(), descriptor.max_rep_level());
        let compression = chunk.compression();
        let width = match physical {
            Type::INT32 | Type::FLOAT => 4,
            Type::INT64 | Type::DOUBLE => 8,
            Type::FIXED_LEN_BYTE_ARRAY => usize::try_from(descriptor.type_length()).unwrap_or(0),
            Type::BOOLEAN | Type::INT96 | Type::BYTE_ARRAY => 0,
        };
        let column = Column { physical, width, compression, max_def, max_rep, at, len };
        let pages = Pages::new(file, column, Arc::clone(&charge));
        Ok(Self {
            form: Form::of(&descriptor),
            name: descriptor.name().chars().take(80).collect(),
            reader: get_column_reader(descriptor, Box::new(pages)),
            charge,
            max_def,
            values: Values::default(),
            defs: Vec::new(),
            reps: Vec::new(),
            levels: 0,
            rows: 0,
            level: 0,
            value: 0,
        })
    }

    /// Decodes the next rows; fewer where the column ends.
    pub(super) fn fill(&mut self, rows: usize) -> Result<(), ParquetProblem> {
        self.values.clear();
        self.defs.clear();
        self.reps.clear();
        (self.level, self.value) = (0, 0);
        self.charge.new_batch();
        let (values, defs, reps) = (&mut self.values, Some(&mut self.defs), Some(&mut self.reps));
        let reader = &mut self.reader;
        // The crate still has places where wrong bytes make it panic; the reader is not used again after that.
        let read = catch_unwind(AssertUnwindSafe(|| match reader {
            ColumnReader::BoolColumnReader(r) => r.read_records(rows, defs, reps, &mut values.bools),
            ColumnReader::Int32ColumnReader(r) => r.read_records(rows, defs, reps, &mut values.i32s),
            ColumnReader::Int64ColumnReader(r) => r.read_records(rows, defs, reps, &mut values.i64s),
            ColumnReader::Int96ColumnReader(r) => r.read_records(rows, defs, reps, &mut values.i96s),
            ColumnReader::FloatColumnReader(r) => r.read_records(rows, defs, reps, &mut values.floats),
            ColumnReader::DoubleColumnReader(r) => r.read_records(rows, defs, reps, &mut values.doubles),
            ColumnReader::ByteArrayColumnReader(r) => r.read_records(rows, defs, reps, &mut values.bytes),
            ColumnReader::FixedLenByteArrayColumnReader(r) => {
                r.read_records(rows, defs, reps, &mut values.fixed)
            }
        }));
        let read = read.map_err(|_| corrupt("values that cannot be decoded"));
        let (rows, _, levels) = read.and_then(|read| Ok(read?)).map_err(|problem| self.named(problem))?;
        (self.rows, self.levels) = (rows, levels);
        Ok(())
    }

    /// Adds the name of the column.
    pub(super) fn named(&self, problem: ParquetProblem) -> ParquetProblem {
        match problem {
            ParquetProblem::Corrupt(what) => {
                ParquetProblem::Corrupt(format!("column `{}`: {what}", self.name))
            }
            other => other,
        }
    }

    /// Definition level that is next: how much of the path to the value is there. `None` at the end of the batch.
    pub(super) fn def(&self) -> Option<i16> {
        match self.defs.get(self.level) {
            Some(def) => Some(*def),
            None => (self.max_def == 0 && self.level < self.levels).then_some(0),
        }
    }

    /// Repetition level that is next; 0 begins a row.
    pub(super) fn rep(&self) -> i16 {
        self.reps.get(self.level).copied().unwrap_or(0)
    }

    /// Goes on to the next level, and value if there was one.
    pub(super) fn advance(&mut self) {
        if self.def() == Some(self.max_def) {
            self.value += 1;
        }
        self.level += 1;
    }
}
