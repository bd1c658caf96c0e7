//! One JSON record at a time: a flat tape of its values over the bytes as they were delivered, and a writer
//! that copies from those bytes.
//!
//! No tree, no owned strings, no allocation per value: a document object model of a log object costs ten to
//! twenty times the processor time of this walk (figures in `benches/RESULTS.md`). The text of a value is never
//! decoded unless somebody must look inside it; what is right is copied as it stands.

mod escape;
pub(crate) mod keys;
pub(crate) mod lookup;
mod number;
pub mod python;
mod reader;
pub mod tape;
pub mod text;
pub mod write;
