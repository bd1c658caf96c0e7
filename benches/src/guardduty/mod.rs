//! GuardDuty findings: a catalogue of kinds, and how one finding is put together.
//!
//! The shape is that of `Finding` in the API reference of GuardDuty; a line of an export and `detail` of the
//! EventBridge event `GuardDuty Finding` are the same object.

mod kinds;
mod resource;
mod service;

use std::fmt::Write as _;

use crate::{
    clock,
    members::{Members, quoted},
    rng::Rng,
    template::{Scene, Template},
    world::{Pool, Session, World},
};
pub use kinds::{KINDS, Kind};

/// A row of the catalogue with its templates compiled.
#[derive(Debug)]
struct Prepared {
    kind: &'static Kind,
    severity: Template,
    resource: Vec<Template>,
    action: Vec<Template>,
    info: Template,
    detail: Vec<Template>,
}

/// One finding, whose members can still be changed.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The finding's own members; `service` is added by [`Self::text`].
    pub top: Members,
    /// Members of `service`; none where the finding has no `service`.
    pub service: Option<Members>,
}

/// Where and when a finding is made.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The finding's account.
    pub account: &'a str,
    /// The finding's region.
    pub region: &'a str,
    /// The other side's IPv4 address.
    pub remote: &'a str,
    /// Seconds since 1970 of the first sight.
    pub created: u64,
    /// Seconds since 1970 of the last change.
    pub updated: u64,
}

/// The compiled catalogue.
#[derive(Debug)]
pub struct Catalogue {
    rows: Vec<Prepared>,
    weights: Vec<u64>,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::new()
    }
}

impl Catalogue {
    /// Compiles all templates.
    #[must_use]
    pub fn new() -> Self {
        let compile = |texts: &[&'static str]| texts.iter().map(|text| Template::new(text)).collect();
        let prepare = |kind: &'static Kind| Prepared {
            kind,
            severity: Template::new(kind.severity),
            resource: compile(kind.resource),
            action: compile(kind.action),
            info: Template::new(kind.info),
            detail: compile(kind.detail),
        };
        let rows: Vec<Prepared> = KINDS.iter().map(prepare).collect();
        let mut sum = 0;
        let weights = KINDS.iter().map(|kind| {
            sum += kind.weight;
            sum
        });
        Self { weights: weights.collect(), rows }
    }

    /// Draws a row by its weight.
    pub fn draw(&self, rng: &mut Rng) -> usize {
        let point = rng.below(self.weights.last().copied().unwrap_or(0));
        self.weights.partition_point(|sum| *sum <= point)
    }

    /// Makes a finding of a row; the first row where there is none of that number.
    pub fn make(&self, row: usize, rng: &mut Rng, world: &World, place: Place<'_>) -> Finding {
        let Some(row) = self.rows.get(row).or(self.rows.first()) else {
            return Finding { top: Members::default(), service: None };
        };
        let session =
            Session { name: "session".to_owned(), address: place.remote.to_owned(), ..Session::default() };
        let mut scene = Scene {
            rng,
            world,
            session: &session,
            account: place.account,
            region: place.region,
            now: place.updated,
            drawn: [None; Pool::COUNT],
            kept: Default::default(),
        };
        row.make(&mut scene, place)
    }
}

impl Prepared {
    fn make(&self, scene: &mut Scene<'_>, place: Place<'_>) -> Finding {
        let Place { account, region, .. } = place;
        let kind = self.kind;
        let detector = detector(account, region);
        let id: String = (0..2).map(|_| format!("{:016x}", scene.rng.bits())).collect();
        let mut top = Members::default();
        top.set_text("schemaVersion", "2.0");
        top.set_text("accountId", account);
        top.set_text("region", region);
        top.set_text("partition", partition(region));
        top.set_text("id", &id);
        top.set_text("arn", &arn(account, region, &detector, &id));
        top.set_text("type", kind.kind);
        let mut resource = format!(r#"{{"resourceType":"{}""#, kind.resource_type);
        for part in &self.resource {
            let _ = write!(resource, ",{}", fill(part, scene));
        }
        top.set("resource", in_partition(resource + "}", region));
        // Its place in the order; the text comes last.
        top.set("service", "");
        let mut service = Members::default();
        service.set_text("serviceName", "guardduty");
        service.set_text("detectorId", &detector);
        let action: String = self.action.iter().map(|part| fill(part, scene)).collect();
        if let Some((_, action)) = action.split_once(':') {
            service.set("action", in_partition(action.to_owned(), region));
        }
        service.set_text("resourceRole", kind.role);
        service.set("additionalInfo", fill(&self.info, scene));
        let detail: String = self.detail.iter().map(|part| fill(part, scene)).collect();
        if let Some((name, value)) = detail.trim_end_matches(',').split_once(':') {
            service.set(name.trim_matches('"'), in_partition(value.to_owned(), region));
        }
        service.set_text("eventFirstSeen", &instant(place.created));
        service.set_text("eventLastSeen", &instant(place.updated));
        service.set("archived", "false");
        service.set("count", "1");
        if !kind.feature.is_empty() {
            service.set_text("featureName", kind.feature);
        }
        top.set("severity", fill(&self.severity, scene));
        top.set_text("createdAt", &millis(place.created, scene.rng.below(1000)));
        top.set_text("updatedAt", &millis(place.updated, scene.rng.below(1000)));
        let (_, name) = kind.kind.rsplit_once('/').unwrap_or_default();
        top.set_text("title", &format!("{name} was seen on a resource of type {}.", kind.resource_type));
        top.set_text(
            "description",
            &format!(
                "A resource of type {} in account {account} shows {}, which is not what it does as a rule.",
                kind.resource_type, kind.kind
            ),
        );
        Finding { top, service: Some(service) }
    }
}

impl Finding {
    /// The finding as one line of JSON.
    #[must_use]
    pub fn text(&self) -> String {
        let mut top = self.top.clone();
        match &self.service {
            Some(service) => top.set("service", service.text()),
            None => top.remove("service"),
        }
        top.text()
    }

    /// Raises `count` and moves the times on, as GuardDuty does when the same thing happens again.
    pub fn again(&mut self, count: u64, updated: u64, fraction: u64) {
        if let Some(service) = &mut self.service {
            service.set("count", count.to_string());
            service.set_text("eventLastSeen", &instant(updated));
        }
        self.top.set_text("updatedAt", &millis(updated, fraction));
    }

    /// The EventBridge event around the finding: `id` and `time` are the event's own.
    #[must_use]
    pub fn event(&self, id: &str, time: &str) -> String {
        let (account, region) = (self.top.text_of("accountId"), self.top.text_of("region"));
        event([id, "GuardDuty Finding", "aws.guardduty", account, time, region], "[]", &self.text())
    }
}

/// An EventBridge event: `id`, `detail-type`, `source`, `account`, `time`, `region`, then JSON of `resources`
/// and `detail`.
#[must_use]
pub fn event([id, kind, source, account, time, region]: [&str; 6], resources: &str, detail: &str) -> String {
    let mut whole = Members::default();
    whole.set_text("version", "0");
    for (name, value) in [
        ("id", id),
        ("detail-type", kind),
        ("source", source),
        ("account", account),
        ("time", time),
        ("region", region),
    ] {
        whole.set(name, quoted(value));
    }
    whole.set("resources", resources);
    whole.set("detail", detail);
    whole.text()
}

/// The detector of an account and region.
#[must_use]
pub fn detector(account: &str, region: &str) -> String {
    let seed = account
        .bytes()
        .chain(region.bytes())
        .fold(7, |hash: u64, byte| hash.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte));
    let mut rng = Rng::new(seed);
    (0..2).map(|_| format!("{:016x}", rng.bits())).collect()
}

/// A finding's ARN, which is also its id in Security Hub.
#[must_use]
pub fn arn(account: &str, region: &str, detector: &str, id: &str) -> String {
    let partition = partition(region);
    format!("arn:{partition}:guardduty:{region}:{account}:detector/{detector}/finding/{id}")
}

/// The partition of a region.
#[must_use]
pub fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// ARNs of the region's partition; the templates have those of `aws`.
fn in_partition(text: String, region: &str) -> String {
    match partition(region) {
        "aws" => text,
        other => text.replace("arn:aws:", &format!("arn:{other}:")),
    }
}

/// Fills a template.
pub(crate) fn fill(template: &Template, scene: &mut Scene<'_>) -> String {
    let mut out = Vec::new();
    template.write(&mut out, scene);
    String::from_utf8_lossy(&out).into_owned()
}

/// `2026-03-01T08:00:00Z`.
#[must_use]
pub fn instant(seconds: u64) -> String {
    let mut out = Vec::new();
    clock::write_iso(&mut out, seconds);
    String::from_utf8_lossy(&out).into_owned()
}

/// `2026-03-01T08:00:00.123Z`.
#[must_use]
pub fn millis(seconds: u64, fraction: u64) -> String {
    instant(seconds).replace('Z', &format!(".{fraction:03}Z"))
}
