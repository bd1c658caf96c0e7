//! Security Hub findings: ASFF and OCSF, and the EventBridge events that carry them.

mod ocsf;
mod products;

use crate::{
    guardduty::{Place, event, fill, instant, millis, partition},
    members::{Members, quoted},
    rng::Rng,
    template::{Scene, Template},
    world::{Pool, Session, World},
};
pub use ocsf::{CLASSES, Class};
pub use products::{PRODUCTS, Product};

/// `Workflow.Status`, `RecordState` and the like over a finding's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has looked at it.
    New,
    /// Somebody has been told.
    Notified,
    /// Not worth anybody's time.
    Suppressed,
    /// Done.
    Resolved,
    /// The product withdrew it.
    Archived,
}

/// Makes findings from templates.
#[derive(Debug)]
pub struct Catalogue {
    weights: Vec<u64>,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::new()
    }
}

impl Catalogue {
    /// The catalogue with its weights summed.
    #[must_use]
    pub fn new() -> Self {
        let mut sum = 0;
        let weights = PRODUCTS.iter().map(|product| {
            sum += product.weight;
            sum
        });
        Self { weights: weights.collect() }
    }

    /// Draws a product by its weight.
    pub fn draw(&self, rng: &mut Rng) -> Option<&'static Product> {
        let point = rng.below(self.weights.last().copied().unwrap_or(0));
        PRODUCTS.get(self.weights.partition_point(|sum| *sum <= point))
    }
}

/// Runs `work` with a scene of the place.
fn with_scene<T>(
    rng: &mut Rng,
    world: &World,
    place: Place<'_>,
    work: impl FnOnce(&mut Scene<'_>) -> T,
) -> T {
    let session =
        Session { name: "session".to_owned(), address: place.remote.to_owned(), ..Session::default() };
    work(&mut Scene {
        rng,
        world,
        session: &session,
        account: place.account,
        region: place.region,
        now: place.updated,
        drawn: [None; Pool::COUNT],
        kept: Default::default(),
    })
}

/// A finding in ASFF: a new one.
pub fn asff(product: &Product, rng: &mut Rng, world: &World, place: Place<'_>) -> Members {
    with_scene(rng, world, place, |scene| {
        let mut text = |template: &'static str| {
            fill(&Template::new(template), scene).replace("arn:aws:", &arn_start(place.region))
        };
        // First what the other texts repeat.
        let title = text(product.title);
        let id = text(product.id);
        let generator = text(product.generator);
        let own = text(product.product);
        let Place { account, region, created, updated, .. } = place;
        let owner = if own.starts_with(account) { account } else { "" };
        let arn = format!("{}securityhub:{region}:{owner}:product/{own}", arn_start(region));
        let label = text(product.label);
        let mut finding = Members::default();
        let types = format!("[{}]", product.types);
        finding.set_text("ProductArn", &arn);
        finding.set("Types", types.clone());
        finding.set_text("Description", &format!("{title} More is in the product's own console."));
        finding.set_text("SchemaVersion", "2018-10-08");
        if !product.compliance.is_empty() {
            finding.set("Compliance", text(product.compliance));
        }
        finding.set_text("GeneratorId", &generator);
        finding.set_text("FirstObservedAt", &millis(created, 0));
        finding.set_text("CreatedAt", &millis(created, 0));
        finding.set_text("RecordState", "ACTIVE");
        finding.set_text("Title", &title);
        // Security Hub resolves what passes.
        let passed = product.compliance.starts_with(r#"{"Status":"PASSED""#);
        let status = if passed { "RESOLVED" } else { "NEW" };
        finding.set("Workflow", format!(r#"{{"Status":"{status}"}}"#));
        finding.set_text("LastObservedAt", &millis(updated, 0));
        let normalized = normalized(&label);
        finding.set(
            "Severity",
            format!(
                r#"{{"Product":{normalized},"Label":"{label}","Normalized":{normalized},"Original":"{label}"}}"#
            ),
        );
        finding.set_text("UpdatedAt", &millis(updated, 0));
        finding.set(
            "FindingProviderFields",
            format!(r#"{{"Types":{types},"Severity":{{"Label":"{label}","Original":"{label}"}}}}"#),
        );
        finding.set_text("WorkflowState", "NEW");
        if product.fields != "-" {
            let fields = text(product.fields);
            finding.set("ProductFields", format!(r#"{{{fields},"aws/securityhub/FindingId":"{arn}/{id}","aws/securityhub/ProductName":"{}","aws/securityhub/CompanyName":"AWS"}}"#, product.name));
        }
        finding.set_text("AwsAccountId", account);
        finding.set_text("AwsAccountName", "prod");
        finding.set_text("Region", region);
        finding.set_text("Id", &id);
        finding.set_text("ProductName", product.name);
        finding.set_text("CompanyName", if own.starts_with("aws/") { "AWS" } else { "Example" });
        finding.set("Resources", format!("[{}]", text(product.resources)));
        let (name, value) = product.more;
        if !name.is_empty() {
            finding.set(name, text(value));
        }
        finding.set_text("ProcessedAt", &millis(updated + 2, 250));
        finding
    })
}

/// A finding in OCSF: a new one.
pub fn ocsf(class: &Class, rng: &mut Rng, world: &World, place: Place<'_>) -> Members {
    with_scene(rng, world, place, |scene| {
        let mut text = |template: &'static str| {
            fill(&Template::new(template), scene).replace("arn:aws:", &arn_start(place.region))
        };
        let id = text(class.id);
        let unique = text("<hex:64>");
        let Place { account, region, created, updated, .. } = place;
        let (severity, name) = (class.severity, class.name);
        let word = severity_word(severity);
        let mut finding = Members::default();
        finding.set("activity_id", "1");
        finding.set_text("activity_name", "Create");
        finding.set("category_uid", "2");
        finding.set_text("category_name", "Findings");
        finding.set("class_uid", class.uid.to_string());
        finding.set_text("class_name", name);
        finding.set("type_uid", (class.uid * 100 + 1).to_string());
        finding.set_text("type_name", &format!("{name}: Create"));
        finding.set(
            "cloud",
            format!(
                r#"{{"provider":"AWS","region":"{region}","account":{{"uid":"{account}","name":"prod"}}}}"#
            ),
        );
        let product = format!("{}securityhub:{region}::productv2/{}", arn_start(region), class.product);
        finding.set("metadata", format!(r#"{{"uid":"{unique}","version":"1.6.0","profiles":["cloud","datetime"],"extensions":[{{"name":"aws","uid":"998","version":"1.0.0"}}],"product":{{"uid":"{product}","name":"{}","vendor_name":"AWS"}}}}"#, class.product_name));
        let info = text(class.info);
        finding.set("finding_info", format!(r#"{{"uid":"{id}",{info},"created_time":{0}000,"created_time_dt":"{1}","first_seen_time_dt":"{1}","last_seen_time_dt":"{2}","modified_time":{3}000,"modified_time_dt":"{2}"}}"#, created, millis(created, 0), millis(updated, 0), updated));
        finding.set("resources", format!("[{}]", text(class.resources)));
        for (name, value) in members(&text(class.rest)) {
            finding.set(name, value);
        }
        finding.set("severity_id", severity.to_string());
        finding.set_text("severity", word);
        finding.set("status_id", "1");
        finding.set_text("status", "New");
        finding.set("time", format!("{updated}000"));
        finding.set_text("time_dt", &millis(updated, 0));
        finding.set("vendor_attributes", format!(r#"{{"severity_id":{severity},"severity":"{word}"}}"#));
        finding
    })
}

/// The members of `"a":…,"b":…,`, which must be plain JSON.
fn members(text: &str) -> Vec<(&str, &str)> {
    let (mut found, mut depth, mut start, mut inside) = (Vec::new(), 0, 0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => inside = !inside,
            '{' | '[' if !inside => depth += 1,
            '}' | ']' if !inside => depth -= 1,
            ',' if !inside && depth == 0 => {
                let member = text.get(start..at).and_then(|member| member.split_once(':'));
                found.extend(member.map(|(name, value)| (name.trim_matches('"'), value)));
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// Moves a finding in ASFF on in its life; only a product's own change moves `UpdatedAt`.
pub fn advance(finding: &mut Members, state: State, now: u64) {
    let status = match state {
        State::New => "NEW",
        State::Notified => "NOTIFIED",
        State::Suppressed => "SUPPRESSED",
        State::Resolved | State::Archived => "RESOLVED",
    };
    finding.set("Workflow", format!(r#"{{"Status":"{status}"}}"#));
    if matches!(state, State::Archived) {
        finding.set_text("RecordState", "ARCHIVED");
        finding.set_text("UpdatedAt", &millis(now, 0));
        finding.set_text("LastObservedAt", &millis(now, 0));
        finding.set_text("ProcessedAt", &millis(now + 1, 0));
    }
}

/// Moves a finding in OCSF on in its life.
pub fn advance_ocsf(finding: &mut Members, state: State, now: u64) {
    let (id, status) = match state {
        State::New => (1, "New"),
        State::Notified => (2, "In Progress"),
        State::Suppressed => (3, "Suppressed"),
        State::Resolved => (4, "Resolved"),
        State::Archived => (5, "Archived"),
    };
    let (activity, name) = if matches!(state, State::Archived) { (3, "Close") } else { (2, "Update") };
    let class = finding.text_of("class_uid").to_owned();
    let class_name = finding.text_of("class_name").to_owned();
    finding.set("activity_id", activity.to_string());
    finding.set_text("activity_name", name);
    finding.set("type_uid", format!("{class}{activity:02}"));
    finding.set_text("type_name", &format!("{class_name}: {name}"));
    finding.set("status_id", id.to_string());
    finding.set_text("status", status);
    finding.set("time", format!("{now}000"));
    finding.set_text("time_dt", &millis(now, 0));
}

/// `Security Hub Findings - Imported` around findings in ASFF; the event's `resources` name each.
#[must_use]
pub fn imported(findings: &[Members], id: &str, time: u64) -> String {
    let first = findings.first().cloned().unwrap_or_default();
    let names: Vec<String> = findings
        .iter()
        .map(|finding| quoted(&format!("{}/{}", finding.text_of("ProductArn"), finding.text_of("Id"))))
        .collect();
    let kind = "Security Hub Findings - Imported";
    wrap(&first, findings, [id, kind, &instant(time)], &format!("[{}]", names.join(",")), "")
}

/// `Security Hub Findings - Custom Action`: what somebody picked in the console.
#[must_use]
pub fn custom_action(findings: &[Members], id: &str, time: u64) -> String {
    let first = findings.first().cloned().unwrap_or_default();
    let (account, region) = (first.text_of("AwsAccountId"), first.text_of("Region"));
    let resources =
        format!(r#"["{}securityhub:{region}:{account}:action/custom/ToTicket"]"#, arn_start(region));
    let kind = "Security Hub Findings - Custom Action";
    let before = r#""actionName":"ToTicket","actionDescription":"Open a ticket","#;
    wrap(&first, findings, [id, kind, &instant(time)], &resources, before)
}

fn wrap(
    first: &Members,
    findings: &[Members],
    [id, kind, time]: [&str; 3],
    resources: &str,
    before: &str,
) -> String {
    let (account, region) = (first.text_of("AwsAccountId"), first.text_of("Region"));
    let texts: Vec<String> = findings.iter().map(Members::text).collect();
    let detail = format!(r#"{{{before}"findings":[{}]}}"#, texts.join(","));
    event([id, kind, "aws.securityhub", account, time, region], resources, &detail)
}

/// `Findings Imported V2` around one finding in OCSF; the event's `resources` hold its `metadata.uid`.
#[must_use]
pub fn imported_v2(finding: &Members, place: Place<'_>, id: &str, time: u64) -> String {
    let unique = finding.get("metadata").and_then(|text| text.split('"').nth(3)).unwrap_or_default();
    event(
        [id, "Findings Imported V2", "aws.securityhub", place.account, &instant(time), place.region],
        &format!(r#"["{unique}"]"#),
        &format!(r#"{{"findings":[{}]}}"#, finding.text()),
    )
}

fn arn_start(region: &str) -> String {
    format!("arn:{}:", partition(region))
}

/// `Severity.Normalized` of a label, as ASFF documents it.
fn normalized(label: &str) -> u64 {
    match label {
        "LOW" => 1,
        "MEDIUM" => 40,
        "HIGH" => 70,
        "CRITICAL" => 90,
        _ => 0,
    }
}

fn severity_word(id: u64) -> &'static str {
    match id {
        1 => "Informational",
        2 => "Low",
        3 => "Medium",
        4 => "High",
        5 => "Critical",
        6 => "Fatal",
        _ => "Unknown",
    }
}
