//! ECS fields of a document, collected by their names and written as nested objects.
//!
//! For logs whose records find their fields in many places. What is written for every record of a flood (flow logs,
//! CloudTrail) is put down directly instead.

use std::borrow::Cow;

use crate::json::keys::same;

/// Text as it stands inside a JSON string.
pub type Text<'a> = Cow<'a, [u8]>;

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// The inside of a JSON string.
    Text(Text<'a>),
    /// Any JSON as it is to be written.
    Json(Text<'a>),
    /// A list of texts without repetition.
    List(Vec<Text<'a>>),
}

/// Makes [`Name`] and [`PLACES`] of the objects around each field, with a dot behind each, and its name in them.
macro_rules! names {
    ($($name:ident = $parents:literal $leaf:literal,)+) => {
        /// A field, in the order in which they are written: that of their names by their parts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each is what it is called")]
        pub enum Name {
            $($name,)+
        }

        /// By name.
        const PLACES: [Place; [$(Name::$name),+].len()] =
            [$(Place { parents: $parents, key: concat!("\"", $leaf, "\":") }),+];
    };
}

/// Where a field stands.
struct Place {
    /// The names of the objects around it, each with a dot behind it.
    parents: &'static str,
    /// Its own name as it is written: with quotes and a colon.
    key: &'static str,
}

names! {
    Artifact = "" "Artifact",
    DetectionMechanism = "" "DetectionMechanism",
    ResourceTypeAffected = "" "ResourceTypeAffected",
    ThreatFamilyName = "" "ThreatFamilyName",
    ThreatPurpose = "" "ThreatPurpose",
    CloudAccountId = "cloud.account." "id",
    CloudAccountName = "cloud.account." "name",
    CloudInstanceId = "cloud.instance." "id",
    CloudProvider = "cloud." "provider",
    CloudRegion = "cloud." "region",
    ConsolidatedControlFindings = "" "consolidated_control_findings",
    ConsolidatedControlsView = "" "consolidated_controls_view",
    CweTimestamp = "" "cwe_timestamp",
    DestinationAddress = "destination." "address",
    DestinationIp = "destination." "ip",
    DestinationNatIp = "destination.nat." "ip",
    DestinationPort = "destination." "port",
    DnsAnswers = "dns." "answers",
    DnsQuestionClass = "dns.question." "class",
    DnsQuestionName = "dns.question." "name",
    DnsQuestionType = "dns.question." "type",
    DnsResponseCode = "dns." "response_code",
    EventCategory = "event." "category",
    EventIngested = "event." "ingested",
    EventKind = "event." "kind",
    EventModule = "event." "module",
    EventOutcome = "event." "outcome",
    EventRiskScoreNorm = "event." "risk_score_norm",
    EventSeverity = "event." "severity",
    EventType = "event." "type",
    EventUrl = "event." "url",
    NetworkDirection = "network." "direction",
    NetworkIanaNumber = "network." "iana_number",
    NetworkProtocol = "network." "protocol",
    NetworkTransport = "network." "transport",
    NetworkType = "network." "type",
    OrganizationId = "organization." "id",
    RelatedHosts = "related." "hosts",
    RelatedIp = "related." "ip",
    RelatedUser = "related." "user",
    RuleDescription = "rule." "description",
    RuleId = "rule." "id",
    RuleName = "rule." "name",
    SiemRelatedIp = "siem.related." "ip",
    SourceAddress = "source." "address",
    SourceIp = "source." "ip",
    SourceNatIp = "source.nat." "ip",
    SourcePort = "source." "port",
    UserId = "user." "id",
    UserName = "user." "name",
}

/// Fields and their values.
#[derive(Debug)]
pub struct Ecs<'a> {
    /// By name.
    values: [Option<Value<'a>>; PLACES.len()],
}

impl Default for Ecs<'_> {
    fn default() -> Self {
        Self { values: [const { None }; PLACES.len()] }
    }
}

impl<'a> Ecs<'a> {
    /// Sets a text. Nothing happens without one, or where it is empty.
    pub fn text(&mut self, name: Name, value: Option<impl Into<Text<'a>>>) {
        if let Some(value) = value.map(Into::into).filter(|v: &Text<'a>| !v.is_empty()) {
            self.set(name, Value::Text(value));
        }
    }

    /// Sets a text where the field has no value yet.
    pub fn text_if_free(&mut self, name: Name, value: Option<impl Into<Text<'a>>>) {
        if self.get(name).is_none() {
            self.text(name, value);
        }
    }

    /// Sets a value that is JSON already.
    pub fn json(&mut self, name: Name, value: impl Into<Text<'a>>) {
        self.set(name, Value::Json(value.into()));
    }

    /// Adds a text to a list, if it is not in it.
    pub fn add(&mut self, name: Name, value: Option<impl Into<Text<'a>>>) {
        let Some(value) = value.map(Into::into).filter(|v: &Text<'a>| !v.is_empty()) else { return };
        match self.values.get_mut(name as usize) {
            Some(Some(Value::List(list))) => {
                if !list.contains(&value) {
                    list.push(value);
                }
            }
            _ => self.set(name, Value::List(vec![value])),
        }
    }

    /// Sets a value.
    pub fn set(&mut self, name: Name, value: Value<'a>) {
        if let Some(place) = self.values.get_mut(name as usize) {
            *place = Some(value);
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: Name) -> Option<&Value<'a>> {
        self.values.get(name as usize)?.as_ref()
    }

    /// The text of a field, if that is what it holds.
    #[must_use]
    pub fn get_text(&self, name: Name) -> Option<&[u8]> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Takes a field out.
    pub fn take(&mut self, name: Name) -> Option<Value<'a>> {
        self.values.get_mut(name as usize)?.take()
    }

    /// Exchanges the values of pairs of fields.
    pub fn exchange(&mut self, pairs: &[(Name, Name)]) {
        for &(one, other) in pairs {
            let (first, second) = (self.take(one), self.take(other));
            if let Some(value) = first {
                self.set(other, value);
            }
            if let Some(value) = second {
                self.set(one, value);
            }
        }
    }

    /// Appends the fields as members of nested objects, each with a comma in front where `out` has members already.
    pub fn write(&self, out: &mut Vec<u8>) {
        // The objects that are open.
        let mut open = "";
        for (place, value) in PLACES.iter().zip(&self.values) {
            let Some(value) = value else { continue };
            if !same(place.parents.as_bytes(), open.as_bytes()) {
                turn(out, open.as_bytes(), place.parents.as_bytes());
                open = place.parents;
            }
            crate::shape::separate(out);
            out.extend_from_slice(place.key.as_bytes());
            write_value(out, value);
        }
        close(out, open.as_bytes());
    }
}

/// Ends those objects that a field is not in, and begins those that it is in.
fn turn(out: &mut Vec<u8>, open: &[u8], parents: &[u8]) {
    let same = open.iter().zip(parents).take_while(|(one, other)| one == other).count();
    // Parts that begin alike are not the same.
    let same = open.get(..same).and_then(|same| memchr::memrchr(b'.', same)).map_or(0, |dot| dot + 1);
    close(out, open.get(same..).unwrap_or_default());
    for part in parents.get(same..).unwrap_or_default().split(|&b| b == b'.') {
        // Nothing is behind the last dot.
        if !part.is_empty() {
            crate::shape::separate(out);
            out.push(b'"');
            out.extend_from_slice(part);
            out.extend_from_slice(b"\":{");
        }
    }
}

/// Ends an object for each dot.
fn close(out: &mut Vec<u8>, open: &[u8]) {
    for _ in open.iter().filter(|&&byte| byte == b'.') {
        out.push(b'}');
    }
}

fn write_value(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Text(text) => write_text(out, text),
        Value::Json(json) => out.extend_from_slice(json),
        Value::List(list) => {
            out.push(b'[');
            for (place, text) in list.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write_text(out, text);
            }
            out.push(b']');
        }
    }
}

fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else an object would be begun twice.
    #[test]
    fn names_are_in_order_of_their_parts() {
        let name = |place: &Place| -> Vec<u8> {
            // The dot before all others.
            let rank = |byte: u8| if byte == b'.' { 0 } else { byte };
            place.parents.bytes().chain(place.key.trim_matches(['"', ':']).bytes()).map(rank).collect()
        };
        let names: Vec<Vec<u8>> = PLACES.iter().map(name).collect();
        assert!(names.is_sorted_by(|one, other| one < other));
    }
}
