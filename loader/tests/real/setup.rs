//! `setup` against a real node, with and without the plugins. The plugins are fakes (`setup_fake.rs`): ISM, Alerting,
//! Notifications and Dashboards are not on Maven Central, from which the node comes.

use serde_json::{Value, json};
use siem_loader::setup::{self, Alerts, Dashboards, Options, Part, SAVED_OBJECTS};
use siem_loader::sink::{Auth, Cluster, ClusterConfig, Method, SigV4Service};
use siem_loader::templates::{Action, Change, Template, TemplateKind, apply_of, override_changed, plan_of};
use siem_parsers::document::Profile;

use crate::program::{Run, run, scratch, siem_loader};
use crate::setup_fake::Fake;
use crate::support::{node, ok, opensearch_url, unique};

const MONITORS: usize = 8;
const POLICIES: usize = 7;

fn setup_of(url: &str, more: &[&str]) -> Run {
    run(&[&["setup", "--opensearch-url", url], more].concat())
}

/// All parts but the templates, which all tests share on one node.
pub(crate) fn extras(fake: &Fake, more: &[&str]) -> Run {
    let only: &[&str] =
        if more.contains(&"--only") { &[] } else { &["--only", "policies,dashboards,monitors"] };
    setup_of(&fake.url, &[only, &["--dashboards-url", &fake.url], more].concat())
}

fn objects() -> usize {
    SAVED_OBJECTS.lines().count()
}

#[test]
fn a_cluster_without_plugins_gets_its_templates_and_is_told_what_is_left_out() {
    let run = setup_of(opensearch_url(), &[]).expect_status(0);
    for what in [
        "left out   policies: this cluster has no ISM plugin",
        "left out   monitors: this cluster has no alerting",
    ] {
        assert!(run.stdout.contains(what), "{}", run.stdout);
    }
    let verified = setup_of(opensearch_url(), &["--verify"]).expect_status(2);
    assert!(
        verified.stdout.contains("WRONG      policies: the cluster has no ISM plugin"),
        "{}",
        verified.stdout
    );
    assert!(
        verified.stdout.contains("good       index_template siem-loader-cloudtrail"),
        "{}",
        verified.stdout
    );
}

#[test]
fn a_second_run_changes_nothing() {
    let fake = Fake::start();
    let first = extras(&fake, &[]).expect_status(0);
    let written = format!("{MONITORS} monitor, {POLICIES} policy");
    assert!(first.stdout.contains(&written), "{}", first.stdout);
    assert_eq!(fake.plugins().policies.len(), POLICIES);
    assert_eq!(fake.plugins().monitors.len(), MONITORS);
    assert_eq!(fake.plugins().objects.len(), objects());
    assert!(!fake.writes().is_empty());

    let second = extras(&fake, &[]).expect_status(0);
    assert!(second.stdout.contains("nothing had to be written"), "{}", second.stdout);
    assert_eq!(fake.writes(), Vec::<String>::new());
}

#[test]
fn a_dry_run_shows_a_line_an_object_and_writes_nothing() {
    let fake = Fake::start();
    let dry = extras(&fake, &["--dry-run"]).expect_status(0);
    assert_eq!(dry.stdout.matches("create     ").count(), POLICIES + MONITORS + objects(), "{}", dry.stdout);
    assert_eq!(fake.writes(), Vec::<String>::new());
}

#[test]
fn what_somebody_changed_is_kept_until_it_is_forced() {
    let fake = Fake::start();
    extras(&fake, &[]).expect_status(0);
    {
        let mut plugins = fake.plugins();
        let policy = plugins.policies.get_mut("siem-loader-cloudtrail").unwrap();
        policy.0["states"][0]["transitions"][0]["conditions"]["min_index_age"] = json!("7d");
        let monitor =
            plugins.monitors.values_mut().find(|(m, _)| m["name"] == "siem-loader: root use").unwrap();
        monitor.0["schedule"]["period"]["interval"] = json!(1);
        let object = plugins.objects.values_mut().next().unwrap();
        object["attributes"]["title"] = json!("mine");
    }
    fake.writes();
    let kept = extras(&fake, &[]).expect_status(0);
    assert_eq!(fake.writes(), Vec::<String>::new());
    assert!(kept.stdout.contains("3 objects are left as somebody made them"), "{}", kept.stdout);
    assert!(kept.stdout.contains("kept       policy siem-loader-cloudtrail"), "{}", kept.stdout);
    assert!(
        kept.stdout.contains("differs at states.0.transitions.0.conditions.min_index_age"),
        "{}",
        kept.stdout
    );
    assert!(kept.stdout.contains("differs at schedule.period.interval"), "{}", kept.stdout);
    assert!(kept.stdout.contains("differs at attributes.title"), "{}", kept.stdout);

    extras(&fake, &["--force"]).expect_status(0);
    assert_eq!(fake.writes().len(), 3, "only what was changed is written again");
    let again = extras(&fake, &[]).expect_status(0);
    assert!(again.stdout.contains("nothing had to be written"), "{}", again.stdout);
}

#[test]
fn what_somebody_deleted_is_not_made_again() {
    let fake = Fake::start();
    extras(&fake, &[]).expect_status(0);
    let id = {
        let mut plugins = fake.plugins();
        let id = plugins
            .monitors
            .iter()
            .find(|(_, (m, _))| m["name"] == "siem-loader: lag over the objective")
            .unwrap()
            .0
            .clone();
        plugins.monitors.remove(&id);
        id
    };
    let run = extras(&fake, &[]).expect_status(0);
    assert!(run.stdout.contains("deleted    monitor lag"), "{}", run.stdout);
    assert!(
        !fake.plugins().monitors.values().any(|(m, _)| m["name"] == "siem-loader: lag over the objective"),
        "{id}"
    );
    extras(&fake, &["--force"]).expect_status(0);
    assert!(
        fake.plugins().monitors.values().any(|(m, _)| m["name"] == "siem-loader: lag over the objective")
    );
}

#[test]
fn objects_of_others_are_never_touched() {
    let fake = Fake::start();
    let own = json!({"description": "mine", "default_state": "s", "states": [{"name": "s", "actions": [], "transitions": []}], "ism_template": []});
    let monitor = json!({"name": "my monitor", "inputs": [], "triggers": []});
    {
        let mut plugins = fake.plugins();
        plugins.policies.insert("siem-loader-config".to_owned(), (own.clone(), 4));
        plugins.policies.insert("my-policy".to_owned(), (own.clone(), 2));
        plugins.monitors.insert("mine".to_owned(), (monitor.clone(), 0));
        plugins.objects.insert("dashboard:mine".to_owned(), json!({"type": "dashboard", "id": "mine"}));
    }
    let run = extras(&fake, &[]).expect_status(0);
    assert!(run.stdout.contains("kept       policy siem-loader-config"), "{}", run.stdout);
    assert!(run.stdout.contains("is there and was not written by setup"), "{}", run.stdout);
    extras(&fake, &["--force", "--only", "monitors,dashboards"]);
    let plugins = fake.plugins();
    assert_eq!(plugins.policies["siem-loader-config"].0, own);
    assert_eq!(plugins.policies["my-policy"].0, own);
    assert_eq!(plugins.monitors["mine"].0, monitor);
    assert!(plugins.objects.contains_key("dashboard:mine"));
}

#[test]
fn other_retention_changes_the_policies_it_is_about() {
    let fake = Fake::start();
    extras(&fake, &[]).expect_status(0);
    fake.writes();
    let file = scratch().join("retention.toml");
    std::fs::write(&file, "[vpcflowlogs]\ndelete_days = 90\n").unwrap();
    let retention = ["--retention", file.to_str().unwrap()];
    let dry = extras(&fake, &[&retention[..], &["--dry-run"]].concat()).expect_status(0);
    assert!(dry.stdout.contains("update     policy siem-loader-vpcflowlogs"), "{}", dry.stdout);
    assert!(dry.stdout.contains("differs at states.2.name"), "{}", dry.stdout);
    extras(&fake, &retention).expect_status(0);
    assert_eq!(fake.writes(), ["PUT /_plugins/_ism/policies/siem-loader-vpcflowlogs"]);
    let wrong = scratch().join("wrong.toml");
    std::fs::write(&wrong, "[vpcflowlogs]\ndelete_day = 90\n").unwrap();
    let wrong = extras(&fake, &["--retention", wrong.to_str().unwrap()]).expect_status(2);
    assert!(wrong.stderr.contains("delete_day"), "{}", wrong.stderr);
}

#[tokio::test]
async fn what_a_newer_release_installed_is_left_alone() {
    let fake = Fake::start();
    extras(&fake, &["--only", "policies"]).expect_status(0);
    let path = format!("/{}/_update/policy%2Fsiem-loader-guardduty?refresh=true", fake.state_index);
    ok(&node(), Method::Post, &path, Some(json!({"doc": {"release": "99.0.0"}}))).await;
    let file = scratch().join("retention.toml");
    std::fs::write(&file, "[guardduty]\nhot_days = 10\n").unwrap();
    fake.writes();
    let run = extras(&fake, &["--retention", file.to_str().unwrap()]).expect_status(0);
    assert!(run.stdout.contains("newer      policy siem-loader-guardduty"), "{}", run.stdout);
    assert!(!fake.writes().iter().any(|write| write.contains("siem-loader-guardduty")));
}

#[tokio::test]
async fn what_somebody_added_survives_an_upgrade() {
    let fake = Fake::start();
    extras(&fake, &["--only", "monitors"]).expect_status(0);
    let trigger =
        json!({"query_level_trigger": {"id": "mine", "name": "mine", "severity": "5", "actions": []}});
    for (monitor, _) in fake.plugins().monitors.values_mut() {
        monitor["triggers"].as_array_mut().unwrap().push(trigger.clone());
    }
    fake.writes();
    extras(&fake, &["--only", "monitors"]).expect_status(0);
    // As if the release before had sent something else, and so this one brings something new.
    let path = format!("/{}/_update/monitor%2Flag?refresh=true", fake.state_index);
    ok(&node(), Method::Post, &path, Some(json!({"doc": {"sent": "{}"}}))).await;
    let channel = ["--only", "monitors", "--alert-channel", "there"];
    let run = extras(&fake, &channel).expect_status(0);
    assert!(run.stdout.contains("8 objects are left as somebody made them"), "{}", run.stdout);
    assert!(run.stdout.contains("differs at triggers.1.query_level_trigger.name"), "{}", run.stdout);
    assert_eq!(fake.writes(), Vec::<String>::new());
}

#[test]
fn an_import_that_loses_objects_is_a_failure_although_it_answers_200() {
    let fake = Fake::start();
    fake.plugins().lost = 1;
    let run = extras(&fake, &["--only", "dashboards"]).expect_status(2);
    assert!(run.stderr.contains("missing_references"), "{}", run.stderr);
    let count = format!("{} of {} objects imported", objects() - 1, objects());
    assert!(run.stderr.contains(&count), "{}", run.stderr);
}

#[test]
fn an_import_names_its_tenant_and_the_path_of_dashboards() {
    let fake = Fake::start();
    let url = format!("{}/_dashboards", fake.url);
    let arguments = ["--only", "dashboards", "--dashboards-url", &url, "--dashboards-tenant", "global"];
    setup_of(&fake.url, &arguments).expect_status(0);
    let plugins = fake.plugins();
    let (method, path, headers, _) = &plugins.writes[0];
    assert_eq!((method.as_str(), path.as_str()), ("POST", "/_dashboards/api/saved_objects/_import"));
    assert_eq!(headers["securitytenant"], "global");
    assert_eq!(headers["osd-xsrf"], "true");
}

#[test]
fn the_saved_objects_are_written_as_a_file_for_an_import_by_hand() {
    let file = scratch().join("objects.ndjson");
    let run =
        setup_of(opensearch_url(), &["--only", "dashboards", "--dashboards-file", file.to_str().unwrap()]);
    run.expect_status(0);
    assert_eq!(std::fs::read_to_string(file).unwrap(), SAVED_OBJECTS);
    for line in SAVED_OBJECTS.lines() {
        let object: Value = serde_json::from_str(line).unwrap();
        assert!(object["id"].as_str().unwrap().starts_with("siem-loader-"), "{line}");
    }
}

#[test]
fn monitors_keep_their_channel_when_a_later_run_does_not_name_it() {
    let fake = Fake::start();
    let channel = |fake: &Fake| -> Vec<Value> {
        let action = "/triggers/0/query_level_trigger/actions/0/destination_id";
        fake.plugins().monitors.values().filter_map(|(m, _)| m.pointer(action).cloned()).collect()
    };
    extras(&fake, &["--only", "monitors"]).expect_status(0);
    assert!(channel(&fake).is_empty());
    let topic = "arn:aws:sns:eu-central-1:111122223333:alerts";
    extras(&fake, &["--only", "monitors", "--alert-sns", topic]).expect_status(0);
    assert_eq!(fake.plugins().channels["siem-loader-alerts"]["sns"]["topic_arn"], topic);
    assert_eq!(channel(&fake), vec![json!("siem-loader-alerts"); MONITORS]);
    let again = extras(&fake, &["--only", "monitors"]).expect_status(0);
    assert!(again.stdout.contains("nothing had to be written"), "{}", again.stdout);
    assert_eq!(channel(&fake).len(), MONITORS);
}

#[tokio::test]
async fn the_url_of_a_slack_channel_is_neither_shown_nor_remembered() {
    let fake = Fake::start();
    let secret = "https://hooks.example.com/services/T0/B0/SECRET";
    let mut command =
        siem_loader(&["--log", "debug", "setup", "--only", "monitors", "--opensearch-url", &fake.url]);
    command.env("SIEM_LOADER_ALERT_SLACK_URL", secret);
    let run = crate::program::finish(command, &[]).expect_status(0);
    assert!(!run.stdout.contains("SECRET") && !run.stderr.contains("SECRET"));
    assert_eq!(fake.plugins().channels["siem-loader-alerts"]["slack"]["url"], secret);
    ok(&node(), Method::Post, &format!("/{}/_refresh", fake.state_index), None).await;
    let records = ok(&node(), Method::Get, &format!("/{}/_search?size=100", fake.state_index), None).await;
    assert_eq!(records["hits"]["total"]["value"], MONITORS);
    assert!(!records.to_string().contains("SECRET"));
}

#[test]
fn a_refused_policy_says_why_and_what_to_do() {
    let fake = Fake::start();
    let reason = "New policy siem-loader-cloudtrail has an ISM template with index pattern [log-aws-cloudtrail-*] matching existing policy templates, please use a different priority than 100";
    let conflict = json!({"error": {"type": "illegal_argument_exception", "reason": reason}, "status": 400});
    fake.plugins().policy_answer = Some((400, conflict.to_string()));
    let run = extras(&fake, &["--only", "policies"]).expect_status(2);
    assert!(run.stderr.contains("give ours another `priority`"), "{}", run.stderr);
    let reason = "Invalid field: [warm_migration] found in Actions.";
    let unknown = json!({"error": {"type": "illegal_argument_exception", "reason": reason}, "status": 400});
    fake.plugins().policy_answer = Some((400, unknown.to_string()));
    let run = extras(&fake, &["--only", "policies"]).expect_status(2);
    assert!(run.stderr.contains("this cluster has no UltraWarm"), "{}", run.stderr);
    let text = "You have actions that are not allowed in your policy [force_merge]".to_owned();
    fake.plugins().policy_answer = Some((403, text));
    let run = extras(&fake, &["--only", "policies"]).expect_status(2);
    assert!(run.stderr.contains("[force_merge]") && run.stderr.contains("allow_list"), "{}", run.stderr);
}

/// The fake as a managed service: requests are signed.
fn signed(fake: &Fake, service: SigV4Service) -> Cluster {
    let credentials = aws_credential_types::Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    let auth = Auth::SigV4 {
        region: "eu-central-1".to_owned(),
        service,
        credentials: aws_credential_types::provider::SharedCredentialsProvider::new(credentials),
    };
    let timeout = std::time::Duration::from_secs(30);
    Cluster::connect(ClusterConfig { url: fake.url.parse().unwrap(), auth, timeout, gzip: false }).unwrap()
}

fn options(only: &[Part], dashboards: Option<Dashboards>) -> Options {
    Options {
        profile: Profile::Full,
        only: only.to_vec(),
        retention: setup::parse_retention("").unwrap(),
        attach_existing: false,
        alerts: Alerts::default(),
        dashboards,
        saved_objects: SAVED_OBJECTS.to_owned(),
        force: false,
    }
}

#[tokio::test]
async fn serverless_is_told_what_it_does_without() {
    let fake = Fake::start();
    let cluster = signed(&fake, SigV4Service::Aoss);
    let options = options(&[Part::Policies, Part::Dashboards, Part::Monitors], None);
    let plan = setup::plan(&cluster, &options).await.unwrap();
    assert!(plan.lines().is_empty());
    let said = plan.left_out.join("\n");
    assert!(
        said.contains("has no ISM") && said.contains("has no alerting") && said.contains("dashboards"),
        "{said}"
    );
    setup::apply(&cluster, &options, &plan).await.unwrap();
    assert!(fake.writes().is_empty());
}

#[tokio::test]
async fn requests_to_amazon_opensearch_are_signed_also_those_to_dashboards() {
    let fake = Fake::start();
    let cluster = signed(&fake, SigV4Service::Es);
    let dashboards = Dashboards { server: cluster.clone(), tenant: None };
    let options = options(&[Part::Policies, Part::Dashboards, Part::Monitors], Some(dashboards));
    let plan = setup::plan(&cluster, &options).await.unwrap();
    setup::apply(&cluster, &options, &plan).await.unwrap();
    let plugins = fake.plugins();
    assert_eq!((plugins.policies.len(), plugins.objects.len()), (POLICIES, objects()));
    for (_, path, headers, _) in &plugins.writes {
        let start = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/";
        assert!(
            headers["authorization"].starts_with(start) && headers["authorization"].contains("/es/"),
            "{path}"
        );
    }
}

/// An index template of this test only.
fn template(name: &'static str, version: u64) -> [Template; 1] {
    let meta = json!({"managed_by": "siem-loader", "version": version});
    let settings = json!({"index": {"number_of_shards": 1, "refresh_interval": format!("{version}s")}});
    let body = json!({"index_patterns": [format!("{name}-*")], "priority": 3, "version": version, "_meta": meta, "template": {"settings": settings}});
    [Template { kind: TemplateKind::Index, name, body: body.to_string().leak() }]
}

#[tokio::test]
async fn a_template_that_somebody_changed_is_kept_until_it_is_forced() {
    let node = node();
    let name: &'static str = format!("siem-loader-{}", unique()).leak();
    let (one, two) = (template(name, 1), template(name, 2));
    let planned = async |templates: &[Template]| -> Vec<Change> { plan_of(&node, templates).await.unwrap() };
    apply_of(&node, &one, &planned(&one).await).await.unwrap();
    assert_eq!(planned(&one).await[0].action, Action::Unchanged);
    assert_eq!(planned(&two).await[0].action, Action::Update);

    let path = format!("/_index_template/{name}");
    let mut there = ok(&node, Method::Get, &path, None).await["index_templates"][0]["index_template"].clone();
    there["template"]["settings"]["index"]["number_of_shards"] = json!("3");
    ok(&node, Method::Put, &path, Some(there)).await;
    for ours in [&one, &two] {
        let mut changes = planned(ours).await;
        assert_eq!(changes[0].action, Action::Kept, "{changes:?}");
        assert!(changes[0].differences.contains(&"template.settings.index.number_of_shards".to_owned()));
        assert!(apply_of(&node, ours, &changes).await.unwrap().is_empty());
        override_changed(&mut changes);
        assert_eq!(changes[0].action, Action::Update);
    }
    // Not ours at all: no digest.
    ok(&node, Method::Put, &path, Some(json!({"index_patterns": [format!("{name}-*")], "priority": 3})))
        .await;
    let mut changes = planned(&two).await;
    assert_eq!(changes[0].action, Action::Kept);
    override_changed(&mut changes);
    apply_of(&node, &two, &changes).await.unwrap();
    assert_eq!(planned(&two).await[0].action, Action::Unchanged);
    ok(&node, Method::Delete, &path, None).await;
}

/// Rows `| kind | `name` |` of the first table of the page.
fn rows_of_docs() -> Vec<(String, String)> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/install.md")).unwrap();
    let section = page.split("## What it installs").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let (kind, name) = (cells.next()?, cells.next()?);
        Some((kind.to_owned(), name.strip_prefix('`')?.strip_suffix('`')?.to_owned()))
    });
    rows.collect()
}

#[tokio::test]
async fn the_page_names_everything_that_is_installed() {
    let templates = siem_loader::templates::TEMPLATES.iter().map(|t| (t.kind.to_string(), t.name.to_owned()));
    let rules = setup::parse_retention("").unwrap();
    let policies = rules.iter().map(|rule| ("policy".to_owned(), format!("siem-loader-{}", rule.section)));
    let monitors = setup::MONITORS.iter().map(|(name, _)| ("monitor".to_owned(), (*name).to_owned()));
    assert_eq!(rows_of_docs(), templates.chain(policies).chain(monitors).collect::<Vec<_>>());
}

#[test]
fn the_retention_file_of_the_page_is_read_with_every_key() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/install.md")).unwrap();
    let file = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    setup::parse_retention(file).unwrap();
    let all = file.replace("\n#", "\n");
    let rules = setup::parse_retention(&all).unwrap();
    let named = serde_json::to_value(&rules[0].retention).unwrap();
    for name in named.as_object().unwrap().keys() {
        assert!(all.contains(&format!("\n{name} = ")), "{name} is not on the page");
    }
}
