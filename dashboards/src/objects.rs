//! Saved objects as they lie in the file.

use std::collections::BTreeMap;

use serde_json::Value;

/// One saved object: a line of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// `index-pattern`, `visualization`, `search` or `dashboard`.
    pub kind: String,
    /// Its id in the Dashboards server.
    pub id: String,
    /// The whole line.
    pub json: Value,
}

/// Why a text is no list of saved objects.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// A line is no JSON.
    #[error("line {line} is no JSON: {error}")]
    Json {
        /// From 1.
        line: usize,
        /// What the reader says.
        error: serde_json::Error,
    },
    /// A line has no type or id, or both of another line.
    #[error("line {line} has no type or no id, or those of another line")]
    Identity {
        /// From 1.
        line: usize,
    },
}

/// All objects of a file.
#[derive(Debug, Clone, Default)]
pub struct Objects(BTreeMap<(String, String), Object>);

impl Object {
    /// A text attribute.
    #[must_use]
    pub fn text(&self, attribute: &str) -> &str {
        self.json.pointer(&format!("/attributes/{attribute}")).and_then(Value::as_str).unwrap_or_default()
    }

    /// A text attribute that holds JSON; null where it does not.
    #[must_use]
    pub fn inner(&self, attribute: &str) -> Value {
        serde_json::from_str(self.text(attribute)).unwrap_or_default()
    }

    /// The search source: query, filters, name of the index pattern.
    #[must_use]
    pub fn source(&self) -> Value {
        self.inner("kibanaSavedObjectMeta/searchSourceJSON")
    }

    /// Type and id of what a name in the JSON refers to.
    #[must_use]
    pub fn reference(&self, name: &str) -> Option<(String, String)> {
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let mut all = self.json.get("references")?.as_array()?.iter();
        let found = all.find(|one| one.get("name").and_then(Value::as_str) == Some(name))?;
        Some((text(found, "type")?, text(found, "id")?))
    }
}

impl Objects {
    pub(crate) fn new(objects: Vec<Object>) -> Self {
        Self(objects.into_iter().map(|object| ((object.kind.clone(), object.id.clone()), object)).collect())
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`ParseError`] for the first line that is no saved object.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut all = BTreeMap::new();
        for (at, line) in text.lines().enumerate() {
            let line_number = at + 1;
            let json: Value =
                serde_json::from_str(line).map_err(|error| ParseError::Json { line: line_number, error })?;
            let text = |key: &str| json.get(key).and_then(Value::as_str).map(str::to_owned);
            let (Some(kind), Some(id)) = (text("type"), text("id")) else {
                return Err(ParseError::Identity { line: line_number });
            };
            let object = Object { kind: kind.clone(), id: id.clone(), json };
            if all.insert((kind, id), object).is_some() {
                return Err(ParseError::Identity { line: line_number });
            }
        }
        Ok(Self(all))
    }

    /// The file: one line an object, sorted by type and id.
    #[must_use]
    pub fn to_ndjson(&self) -> String {
        self.0.values().map(|object| format!("{}\n", object.json)).collect()
    }

    /// All objects, sorted by type and id.
    pub fn iter(&self) -> impl Iterator<Item = &Object> {
        self.0.values()
    }

    /// All objects of one type, sorted by id.
    pub fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Object> {
        self.0.values().filter(move |object| object.kind == kind)
    }

    /// One object.
    #[must_use]
    pub fn get(&self, kind: &str, id: &str) -> Option<&Object> {
        self.0.get(&(kind.to_owned(), id.to_owned()))
    }

    /// What a name in an object's JSON refers to.
    #[must_use]
    pub fn referred(&self, from: &Object, name: &str) -> Option<&Object> {
        self.0.get(&from.reference(name)?)
    }

    /// The index pattern of a visualization or saved search.
    #[must_use]
    pub fn pattern_of(&self, object: &Object) -> Option<&Object> {
        self.referred(object, "kibanaSavedObjectMeta.searchSourceJSON.index")
    }

    /// The panels of a dashboard in the order of their places, each with its grid and object.
    #[must_use]
    pub fn panels(&self, dashboard: &Object) -> Vec<(Value, &Object)> {
        let panels = dashboard.inner("panelsJSON");
        let name = |panel: &Value| panel.get("panelRefName").and_then(Value::as_str).map(str::to_owned);
        let of = |panel: &Value| {
            let grid = panel.get("gridData").cloned().unwrap_or_default();
            Some((grid, self.referred(dashboard, &name(panel)?)?))
        };
        panels.as_array().into_iter().flatten().filter_map(of).collect()
    }
}
