//! A JSON object under construction: its members in order, their values as JSON text.
//!
//! Text, not a tree, so that a fixture can hold what no tree can: a key twice, a number beyond 64 bits.

/// Members of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members(Vec<(String, String)>);

impl Members {
    /// Sets a member to JSON text, in its place if it is there, else at the end.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        match self.0.iter_mut().find(|(there, _)| there == name) {
            Some((_, old)) => *old = value.into(),
            None => self.0.push((name.to_owned(), value.into())),
        }
    }

    /// Sets a member to text that needs no escapes.
    pub fn set_text(&mut self, name: &str, value: &str) {
        self.set(name, quoted(value));
    }

    /// Takes a member out.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(there, _)| there != name);
    }

    /// A member's JSON text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(there, _)| there == name).map(|(_, value)| value.as_str())
    }

    /// A member's text without its quotes; nothing where it is missing.
    #[must_use]
    pub fn text_of(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default().trim_matches('"')
    }

    /// The object as one line.
    #[must_use]
    pub fn text(&self) -> String {
        let members: Vec<String> = self.0.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    }
}

/// A JSON string of text that needs no escapes.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}
