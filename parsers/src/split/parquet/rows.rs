//! Rows from columns: the tree of the schema, and one line of JSON for each row.
//!
//! The levels of the columns say which optional parts are there and where a list goes on, as in
//! <https://parquet.apache.org/docs/file-format/nestedencoding/>. Lists are told as in
//! <https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists>.

use std::{
    ops::Range,
    sync::{Arc, atomic::AtomicUsize},
};

use parquet::{
    basic::{ConvertedType, LogicalType, Repetition},
    file::{metadata::RowGroupMetaData, reader::ChunkReader},
    schema::types::Type,
};

use super::{ParquetProblem, columns::Leaf, corrupt, value};
use crate::json::text::escape_into;

/// A line being written, at the end of a piece.
pub(super) struct Line<'a> {
    out: &'a mut Vec<u8>,
    /// Length of the piece at which the line is too long.
    most: usize,
    over: bool,
}

impl<'a> Line<'a> {
    /// A line of at most `limit` bytes, its end not counted.
    pub(super) fn new(out: &'a mut Vec<u8>, limit: usize) -> Self {
        let most = out.len().saturating_add(limit);
        Self { out, most, over: false }
    }

    /// Ends the line. False where it was too long; then it was not written as a whole.
    pub(super) fn end(self) -> bool {
        self.out.push(b'\n');
        !self.over
    }

    fn put(&mut self, bytes: &[u8]) {
        self.with(bytes.len(), |out| out.extend_from_slice(bytes));
    }

    /// Writes what takes at least `least` bytes.
    fn with(&mut self, least: usize, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.over && self.out.len().saturating_add(least) <= self.most {
            write(self.out);
        } else {
            self.over = true;
        }
        self.over |= self.out.len() > self.most;
    }
}

/// One element of the schema.
struct Field {
    /// `"name":`
    key: Vec<u8>,
    /// Definition level from which on it is there, where it may be missing.
    optional: Option<i16>,
    shape: Shape,
    /// Its columns.
    leaves: Range<usize>,
}

enum Shape {
    Value,
    Group(Vec<Field>),
    List {
        /// Definition level from which on there is an element.
        def: i16,
        /// Repetition level of the elements behind the first.
        rep: i16,
        element: Box<Field>,
    },
}

/// The columns of a row group.
pub(super) struct Table {
    fields: Vec<Field>,
    leaves: Vec<Leaf>,
}

impl Table {
    pub(super) fn open<R: ChunkReader + 'static>(
        file: &Arc<R>,
        group: &RowGroupMetaData,
    ) -> Result<Self, ParquetProblem> {
        let total = Arc::new(AtomicUsize::new(0));
        let leaves: Vec<Leaf> =
            group.columns().iter().map(|chunk| Leaf::open(file, chunk, &total)).collect::<Result<_, _>>()?;
        let mut next = 0;
        let schema = group.schema_descr();
        let fields = children(schema.root_schema(), (0, 0), &mut next)?;
        if leaves.is_empty() || next != leaves.len() || next != schema.num_columns() {
            return Err(ParquetProblem::Unsupported("a schema without columns".to_owned()));
        }
        Ok(Self { fields, leaves })
    }

    /// Decodes the next rows. Gives how many of them all columns have.
    pub(super) fn fill(&mut self, rows: usize) -> Result<usize, ParquetProblem> {
        self.leaves.iter_mut().try_for_each(|leaf| leaf.fill(rows))?;
        Ok(self.leaves.iter().map(|leaf| leaf.rows).min().unwrap_or(0))
    }

    /// Tells of a column that has fewer rows than the footer says.
    pub(super) fn all_there(&self, rows: usize) -> Result<(), ParquetProblem> {
        match self.leaves.iter().find(|leaf| leaf.rows < rows) {
            Some(leaf) => Err(leaf.named(corrupt("fewer rows than the footer says"))),
            None => Ok(()),
        }
    }

    /// Writes the next row.
    pub(super) fn write(&mut self, line: &mut Line<'_>) -> Result<(), ParquetProblem> {
        group(&self.fields, &mut self.leaves, line)
    }
}

/// The elements in a group. `levels` are the definition and the repetition level of the group.
fn children(parent: &Type, levels: (i16, i16), next: &mut usize) -> Result<Vec<Field>, ParquetProblem> {
    parent.get_fields().iter().map(|child| field(child, levels, next)).collect()
}

fn field(kind: &Type, (mut def, mut rep): (i16, i16), next: &mut usize) -> Result<Field, ParquetProblem> {
    let first = *next;
    let info = kind.get_basic_info();
    let repetition = if info.has_repetition() { info.repetition() } else { Repetition::REQUIRED };
    def += i16::from(repetition != Repetition::REQUIRED);
    rep += i16::from(repetition == Repetition::REPEATED);
    let shape = match (kind.is_primitive(), list_of(kind)) {
        (true, _) => {
            *next += 1;
            Shape::Value
        }
        (false, Some((repeated, inner))) if repetition != Repetition::REPEATED => {
            let element = match inner {
                Some(inner) => field(inner, (def + 1, rep + 1), next)?,
                None => {
                    // Its own repetition is that of the list.
                    let Shape::List { element, .. } = field(repeated, (def, rep), next)?.shape else {
                        return Err(corrupt("a list that is none"));
                    };
                    *element
                }
            };
            Shape::List { def: def + 1, rep: rep + 1, element: Box::new(element) }
        }
        (false, _) => Shape::Group(children(kind, (def, rep), next)?),
    };
    let leaves = first..*next;
    if leaves.is_empty() {
        return Err(ParquetProblem::Unsupported("an empty group".to_owned()));
    }
    let mut key = vec![b'"'];
    escape_into(&mut key, kind.name().as_bytes());
    key.extend_from_slice(b"\":");
    Ok(match repetition {
        Repetition::REQUIRED => Field { key, optional: None, shape, leaves },
        Repetition::OPTIONAL => Field { key, optional: Some(def), shape, leaves },
        Repetition::REPEATED => {
            let element = Field { key: Vec::new(), optional: None, shape, leaves: leaves.clone() };
            Field { key, optional: None, shape: Shape::List { def, rep, element: Box::new(element) }, leaves }
        }
    })
}

/// The repeated element of a list or a map; with the element in it, where the repeated one is only the list's own.
fn list_of(kind: &Type) -> Option<(&Type, Option<&Type>)> {
    let info = kind.get_basic_info();
    let (logical, converted) = (info.logical_type_ref(), info.converted_type());
    let map = logical == Some(&LogicalType::Map)
        || matches!(converted, ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE);
    if !map && logical != Some(&LogicalType::List) && converted != ConvertedType::LIST {
        return None;
    }
    let [repeated] = kind.get_fields() else { return None };
    let of_repeated = repeated.get_basic_info();
    if !of_repeated.has_repetition() || of_repeated.repetition() != Repetition::REPEATED {
        return None;
    }
    let own =
        map || repeated.name() == "array" || repeated.name().strip_suffix("_tuple") == Some(kind.name());
    if repeated.is_primitive() || own {
        return Some((repeated, None));
    }
    match repeated.get_fields() {
        [inner] => Some((repeated, Some(inner))),
        _ => Some((repeated, None)),
    }
}

/// Writes the members of an object, or of a line; those that are null are left out.
fn group(fields: &[Field], leaves: &mut [Leaf], line: &mut Line<'_>) -> Result<(), ParquetProblem> {
    line.put(b"{");
    let mut comma: &[u8] = b"";
    for field in fields {
        if field.there(leaves)? {
            line.put(comma);
            line.put(&field.key);
            field.write(leaves, line)?;
            comma = b",";
        } else {
            field.pass(leaves);
        }
    }
    line.put(b"}");
    Ok(())
}

impl Field {
    /// The first of its columns, which has the levels of all.
    fn first<'a>(&self, leaves: &'a [Leaf]) -> Result<&'a Leaf, ParquetProblem> {
        leaves.get(self.leaves.start).ok_or_else(|| corrupt("a schema that does not go with its columns"))
    }

    fn def(&self, leaves: &[Leaf]) -> Result<i16, ParquetProblem> {
        self.first(leaves)?.def().ok_or_else(|| corrupt("columns that do not go with each other"))
    }

    fn there(&self, leaves: &[Leaf]) -> Result<bool, ParquetProblem> {
        let def = self.def(leaves)?;
        Ok(self.optional.is_none_or(|least| def >= least))
    }

    /// Goes over something that is not there.
    fn pass(&self, leaves: &mut [Leaf]) {
        for leaf in leaves.get_mut(self.leaves.clone()).unwrap_or_default() {
            leaf.advance();
        }
    }

    /// Writes what is there.
    fn write(&self, leaves: &mut [Leaf], line: &mut Line<'_>) -> Result<(), ParquetProblem> {
        match &self.shape {
            Shape::Value => {
                let leaf = leaves.get_mut(self.leaves.start);
                let leaf = leaf.ok_or_else(|| corrupt("a schema that does not go with its columns"))?;
                let written = value::write(leaf, |least, write| line.with(least, write));
                leaf.advance();
                written.ok_or_else(|| leaf.named(corrupt("fewer values than there should be")))
            }
            Shape::Group(fields) => group(fields, leaves, line),
            Shape::List { def, .. } if self.def(leaves)? < *def => {
                self.pass(leaves);
                line.put(b"[]");
                Ok(())
            }
            Shape::List { rep, element, .. } => {
                line.put(b"[");
                loop {
                    if element.there(leaves)? {
                        element.write(leaves, line)?;
                    } else {
                        element.pass(leaves);
                        line.put(b"null");
                    }
                    if self.first(leaves)?.rep() < *rep {
                        break;
                    }
                    line.put(b",");
                }
                line.put(b"]");
                Ok(())
            }
        }
    }
}
