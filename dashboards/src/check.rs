//! What must hold of the file so that it imports and every panel opens. OpenSearch Dashboards accepts much that it
//! then cannot show: a broken reference, a field that cannot be grouped, a query that is none.

mod layout;
mod panels;
mod structure;

use crate::objects::Objects;

/// All problems of a file, none where it is as it should be. Each begins with the id of its object.
#[must_use]
pub fn problems(objects: &Objects) -> Vec<String> {
    let mut found = Vec::new();
    structure::check(objects, &mut found);
    layout::check(objects, &mut found);
    panels::check(objects, &mut found);
    found
}
