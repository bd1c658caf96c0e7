//! The templates of [`Profile::Lean`]: those of the files, changed here, so that there is one source.

use std::sync::LazyLock;

use serde_json::Value;
use siem_parsers::document::Profile;

use super::{Template, TemplateKind};

/// Made once a process; as many as there are templates.
pub(super) static TEMPLATES: LazyLock<Vec<Template>> =
    LazyLock::new(|| super::TEMPLATES.iter().map(|template| lean(*template)).collect());

/// A component template says of which profile it is. Index templates are the same in both.
fn lean(template: Template) -> Template {
    if template.kind == TemplateKind::Index {
        return template;
    }
    let Ok(mut body) = serde_json::from_str::<Value>(template.body) else { return template };
    if let Some(meta) = body.get_mut("_meta").and_then(Value::as_object_mut) {
        meta.insert("profile".to_owned(), Profile::Lean.as_str().into());
    }
    Template { body: body.to_string().leak(), ..template }
}
