//! The dashboards of siem-loader for OpenSearch Dashboards.
//!
//! Each dashboard is defined once, in [`define`]. From the definitions comes the file that users import
//! ([`SAVED_OBJECTS`]); from the file, as the Dashboards server would read it, come the search behind each
//! panel ([`translate`]), the checks ([`check`]) and the preview ([`report`]).

pub mod answer;
pub mod check;
pub mod define;
pub mod dql;
mod interval;
pub mod objects;
pub mod panel;
pub mod pattern;
pub mod report;
mod saved;
pub mod translate;

pub use objects::{Object, Objects, ParseError};

/// The file to import: one saved object a line, as `POST /api/saved_objects/_import` takes it.
pub const SAVED_OBJECTS: &str = include_str!("../siem-loader.ndjson");

/// The file as the definitions make it: sorted by type and id, always the same bytes.
#[must_use]
pub fn file() -> String {
    let dashboards = define::all();
    let mut objects: Vec<Object> = pattern::PATTERNS.iter().map(saved::index_pattern).collect();
    objects.extend(dashboards.iter().flat_map(saved::dashboard));
    Objects::new(objects).to_ndjson()
}

/// The objects of [`SAVED_OBJECTS`].
///
/// # Errors
/// Where the committed file is no list of saved objects, which a test rules out.
pub fn objects() -> Result<Objects, ParseError> {
    Objects::parse(SAVED_OBJECTS)
}
