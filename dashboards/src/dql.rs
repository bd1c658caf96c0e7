//! The part of the Dashboards Query Language that our panels use, and the query DSL that the Dashboards server
//! makes of it (OpenSearch-Dashboards, `src/plugins/data/common/opensearch_query/kuery/`).

use serde_json::{Value, json};

/// How deep brackets may nest.
const MOST_DEPTH: usize = 16;

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Everything.
    All,
    /// Each of them.
    And(Vec<Condition>),
    /// One of them.
    Or(Vec<Condition>),
    /// Not this one.
    Not(Box<Condition>),
    /// The field has a value.
    Exists(String),
    /// The field has this value; `quoted` in the query.
    Is {
        /// The field.
        field: String,
        /// The value.
        value: String,
        /// Whether it was in quotation marks.
        quoted: bool,
    },
    /// The field's value is like this, `*` being anything.
    Like(String, String),
    /// The field's value compares so: `gt`, `gte`, `lt` or `lte`.
    Range(String, &'static str, String),
}

/// Where a query stops being one that is understood here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {at} of the query: {what}")]
pub struct DqlError {
    /// From 0.
    pub at: usize,
    /// What was expected.
    pub what: &'static str,
}

/// Reads a query.
///
/// # Errors
/// [`DqlError`] for what is no query, and for forms that our panels do not use: values without a field, nested
/// fields, wildcards in field names.
pub fn parse(text: &str) -> Result<Condition, DqlError> {
    let mut reader = Reader { text: text.chars().collect(), at: 0 };
    reader.blanks();
    if reader.peek().is_none() {
        return Ok(Condition::All);
    }
    let condition = reader.any(None, 0)?;
    reader.blanks();
    match reader.peek() {
        None => Ok(condition),
        Some(_) => reader.fail("the end"),
    }
}

struct Reader {
    text: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn fail<T>(&self, what: &'static str) -> Result<T, DqlError> {
        Err(DqlError { at: self.at, what })
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Takes a text if it is next.
    fn takes(&mut self, wanted: &str) -> bool {
        let next = self.text.iter().skip(self.at).take(wanted.len());
        let is_next = next.copied().eq(wanted.chars());
        if is_next {
            self.at += wanted.len();
        }
        is_next
    }

    /// Takes a word in any case if it is next and is a word of its own.
    fn word(&mut self, wanted: &str) -> bool {
        let begin = self.at;
        self.blanks();
        let end = self.at + wanted.len();
        let same =
            wanted.chars().zip(self.text.iter().skip(self.at)).all(|(a, b)| a == b.to_ascii_lowercase());
        let alone = self.text.get(end).is_some_and(|after| after.is_whitespace() || *after == '(');
        if same && alone {
            self.at = end;
            return true;
        }
        self.at = begin;
        false
    }

    /// `a or b or c`; `field` inside the brackets behind a field.
    fn any(&mut self, field: Option<&str>, depth: usize) -> Result<Condition, DqlError> {
        let mut list = vec![self.each(field, depth)?];
        while self.word("or") {
            list.push(self.each(field, depth)?);
        }
        Ok(one_or(list, Condition::Or))
    }

    fn each(&mut self, field: Option<&str>, depth: usize) -> Result<Condition, DqlError> {
        let mut list = vec![self.negated(field, depth)?];
        while self.word("and") {
            list.push(self.negated(field, depth)?);
        }
        Ok(one_or(list, Condition::And))
    }

    fn negated(&mut self, field: Option<&str>, depth: usize) -> Result<Condition, DqlError> {
        if self.word("not") {
            return Ok(Condition::Not(Box::new(self.single(field, depth)?)));
        }
        self.single(field, depth)
    }

    fn single(&mut self, field: Option<&str>, depth: usize) -> Result<Condition, DqlError> {
        if depth > MOST_DEPTH {
            return self.fail("fewer brackets");
        }
        self.blanks();
        if self.takes("(") {
            let inner = self.any(field, depth + 1)?;
            self.blanks();
            return if self.takes(")") { Ok(inner) } else { self.fail("`)`") };
        }
        if let Some(field) = field {
            return self.value(field);
        }
        let name = self.text_of_word()?;
        self.blanks();
        for (sign, operator) in [(">=", "gte"), ("<=", "lte"), (">", "gt"), ("<", "lt")] {
            if self.takes(sign) {
                self.blanks();
                return Ok(Condition::Range(name, operator, self.text_of_word()?));
            }
        }
        if !self.takes(":") {
            return self.fail("`:` or a comparison behind the field");
        }
        self.blanks();
        if self.peek() == Some('(') { self.single(Some(&name), depth) } else { self.value(&name) }
    }

    fn value(&mut self, field: &str) -> Result<Condition, DqlError> {
        let field = field.to_owned();
        if self.takes("\"") {
            let mut value = String::new();
            loop {
                match self.peek() {
                    None => return self.fail("a closing quotation mark"),
                    Some('"') => break,
                    Some('\\') => self.at += 1,
                    Some(_) => {}
                }
                let Some(c) = self.peek() else { return self.fail("a closing quotation mark") };
                value.push(c);
                self.at += 1;
            }
            self.at += 1;
            return Ok(Condition::Is { field, value, quoted: true });
        }
        let value = self.text_of_word()?;
        Ok(match value.as_str() {
            "*" => Condition::Exists(field),
            like if like.contains('*') => Condition::Like(field, value),
            _ => Condition::Is { field, value, quoted: false },
        })
    }

    fn text_of_word(&mut self) -> Result<String, DqlError> {
        let mut text = String::new();
        while let Some(c) = self.peek() {
            if c.is_whitespace() || matches!(c, ':' | '(' | ')' | '<' | '>' | '"' | '{' | '}') {
                break;
            }
            if c == '\\' {
                return self.fail("a word without backslash");
            }
            text.push(c);
            self.at += 1;
        }
        if text.is_empty() { self.fail("a word") } else { Ok(text) }
    }
}

fn one_or(mut list: Vec<Condition>, several: fn(Vec<Condition>) -> Condition) -> Condition {
    match list.pop() {
        Some(only) if list.is_empty() => only,
        Some(last) => {
            list.push(last);
            several(list)
        }
        None => Condition::All,
    }
}

/// Unquoted digits are numbers, `true` and `false` truth values.
fn typed(value: &str) -> Value {
    match value {
        "true" => true.into(),
        "false" => false.into(),
        text => serde_json::from_str::<serde_json::Number>(text).map_or_else(|_| text.into(), Value::Number),
    }
}

impl Condition {
    /// The query of it.
    #[must_use]
    pub fn query(&self) -> Value {
        let should = |clause: Value| json!({"bool": {"should": [clause], "minimum_should_match": 1}});
        match self {
            Self::All => json!({"match_all": {}}),
            Self::And(list) => json!({"bool": {"filter": list.iter().map(Self::query).collect::<Vec<_>>()}}),
            Self::Or(list) => json!({"bool": {
                "should": list.iter().map(Self::query).collect::<Vec<_>>(), "minimum_should_match": 1,
            }}),
            Self::Not(inner) => json!({"bool": {"must_not": inner.query()}}),
            Self::Exists(field) => should(json!({"exists": {"field": field}})),
            Self::Is { field, value, quoted: true } => should(json!({"match_phrase": {field: value}})),
            Self::Is { field, value, quoted: false } => should(json!({"match": {field: typed(value)}})),
            Self::Like(field, value) => {
                should(json!({"query_string": {"fields": [field], "query": escaped(value)}}))
            }
            Self::Range(field, operator, value) => {
                should(json!({"range": {field: {*operator: typed(value)}}}))
            }
        }
    }

    /// Calls for each condition on a field.
    pub fn each_leaf(&self, call: &mut dyn FnMut(&str, &Condition)) {
        match self {
            Self::All => {}
            Self::And(list) | Self::Or(list) => list.iter().for_each(|inner| inner.each_leaf(call)),
            Self::Not(inner) => inner.each_leaf(call),
            Self::Exists(field) | Self::Is { field, .. } | Self::Like(field, _) | Self::Range(field, ..) => {
                call(field, self);
            }
        }
    }
}

/// The signs of `query_string` other than `*` lose their meaning.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(
            c,
            '+' | '-'
                | '='
                | '&'
                | '|'
                | '!'
                | '('
                | ')'
                | '{'
                | '}'
                | '['
                | ']'
                | '^'
                | '"'
                | '~'
                | '?'
                | ':'
                | '\\'
                | '/'
                | '<'
                | '>'
        ) {
            text.push('\\');
        }
        text.push(c);
    }
    text
}
