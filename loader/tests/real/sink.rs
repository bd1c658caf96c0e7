//! What a real OpenSearch answers to bulk bodies and templates, and what the sink makes of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use siem_loader::error::{ErrorClass, SinkError};
use siem_loader::sink::{Encoding, Method, Refusal};
use siem_loader::templates::{
    Action, TEMPLATES, Template, TemplateKind, apply, apply_of, compare, install_missing, install_missing_of,
    plan, plan_of, templates,
};
use siem_parsers::document::Profile;

use crate::support::{
    cluster_at, count, create_index, creates, index_name, node, ok, opensearch_url, packing_node, send,
    unique,
};

const SECRET: &str = "SECRET-it's [a] \"value\"";

/// The one refusal of a body with one document.
async fn refusal(index: &str, document: serde_json::Value) -> Refusal {
    let answer = send(&node(), index, &[("the-id", document)]).await.unwrap();
    assert_eq!((answer.indexed, answer.already_present, answer.refused.len()), (0, 0, 1), "{answer:?}");
    let refusal = answer.refused.into_iter().next().unwrap();
    assert!(!refusal.reason.contains("SECRET") && !refusal.reason.contains("the-id"), "{}", refusal.reason);
    refusal
}

#[tokio::test]
async fn the_node_says_which_version_it_is() {
    let info = node().info().await.unwrap();
    assert_eq!(info.distribution, "opensearch");
    assert!(info.number.is_some_and(|number| number.contains('.')));
}

#[tokio::test]
async fn a_second_run_reports_everything_as_already_present_and_changes_nothing() {
    let (node, index) = (node(), index_name());
    let first = [("a", json!({"n": 1})), ("b", json!({"n": 2}))];
    let answer = send(&node, &index, &first).await.unwrap();
    assert_eq!((answer.indexed, answer.already_present, answer.refused.len()), (2, 0, 0));
    let again = [("a", json!({"n": 8})), ("b", json!({"n": 9}))];
    let answer = send(&node, &index, &again).await.unwrap();
    assert_eq!((answer.indexed, answer.already_present, answer.refused.len()), (0, 2, 0));
    assert_eq!(count(&node, &index).await, 2);
    let stored = ok(&node, Method::Get, &format!("/{index}/_doc/a"), None).await;
    assert_eq!(stored["_source"]["n"], 1);
}

#[tokio::test]
async fn refused_items_keep_their_position_among_good_ones() {
    let node = node();
    let index = create_index(&node, json!({"n": {"type": "integer"}})).await;
    let good = json!({"n": 1});
    let documents: Vec<_> = (0..500)
        .map(|i| {
            (
                format!("id{}", i / 2 * 2 + usize::from(i % 10 != 0)),
                if i % 7 == 3 { json!({"n": SECRET}) } else { good.clone() },
            )
        })
        .collect();
    let documents: Vec<_> = documents.iter().map(|(id, document)| (id.as_str(), document.clone())).collect();
    let answer = send(&node, &index, &documents).await.unwrap();
    let expected: Vec<usize> = (0..500).filter(|i| i % 7 == 3).collect();
    assert_eq!(answer.refused.iter().map(|refusal| refusal.position).collect::<Vec<_>>(), expected);
    assert!(answer.already_present > 0);
    assert_eq!(answer.indexed + answer.already_present + answer.refused.len() as u64, 500);
    assert_eq!(count(&node, &index).await, answer.indexed);
}

#[tokio::test]
async fn refused_values_are_named_by_field_and_never_shown() {
    let node = node();
    let properties = json!({
        "n": {"type": "integer"}, "l": {"type": "long"}, "d": {"type": "date"}, "ip": {"type": "ip"},
        "b": {"type": "boolean"}, "g": {"type": "geo_point"}, "w": {"type": "wildcard"}, "k": {"type": "keyword"},
        "rp": {"type": "flat_object"}, "o": {"properties": {"x": {"type": "keyword"}}},
        "s": {"dynamic": "strict", "properties": {"x": {"type": "keyword"}}},
    });
    let index = create_index(&node, properties).await;
    let long = "SECRET".repeat(6_000);
    let cases = [
        (
            json!({"n": SECRET}),
            Some("n"),
            "failed to parse field [n] of type [integer] (number_format_exception: For input string)",
        ),
        (
            json!({"n": {"SECRET": 1}}),
            Some("n"),
            "failed to parse field [n] of type [integer] (input_coercion_exception: Current token (START_OBJECT) not numeric, cannot use numeric value accessors)",
        ),
        (json!({"l": 1e300}), Some("l"), "failed to parse field [l] of type [long]"),
        (
            json!({"d": SECRET}),
            Some("d"),
            "failed to parse field [d] of type [date] (illegal_argument_exception: failed to parse date field with format [strict_date_optional_time||epoch_millis])",
        ),
        (
            json!({"ip": SECRET}),
            Some("ip"),
            "failed to parse field [ip] of type [ip] (illegal_argument_exception: value is not an IP string literal)",
        ),
        (
            json!({"b": SECRET}),
            Some("b"),
            "failed to parse field [b] of type [boolean] (illegal_argument_exception: value is not one of true and false)",
        ),
        (json!({"g": SECRET}), Some("g"), "failed to parse field [g] of type [geo_point]"),
        (json!({"w": long}), Some("w"), "DocValuesField [w] is too large, must be <= 32766"),
        (
            json!({"k": long}),
            Some("k"),
            "Document contains at least one immense term in field [k] (over 32766 bytes) (max_bytes_length_exceeded_exception: bytes can be at most 32766 in length)",
        ),
        (
            json!({"rp": {"SECRET": long}}),
            Some("rp"),
            "Document contains at least one immense term in field [rp] (over 32766 bytes)",
        ),
        (
            json!({"rp": SECRET}),
            Some("rp"),
            "failed to parse field [rp] of type [flat_object] (parsing_exception: [rp] unexpected token [VALUE_STRING] in flat_object field value)",
        ),
        (
            json!({"o": SECRET}),
            Some("o"),
            "object mapping for [o] tried to parse field [o] as object, but found a concrete value",
        ),
        (
            json!({"s": {"y": SECRET}}),
            Some("s.y"),
            "mapping set to strict, dynamic introduction of [y] within [s] is not allowed",
        ),
        (
            json!({"": SECRET}),
            None,
            "failed to parse (illegal_argument_exception: field name cannot be an empty string)",
        ),
        (
            json!({"a..b": SECRET}),
            Some("a..b"),
            "failed to parse (illegal_argument_exception: object field starting or ending with a [.] makes object resolution ambiguous)",
        ),
    ];
    for (document, field, reason) in cases {
        let refusal = refusal(&index, document).await;
        assert_eq!(refusal.field.as_deref(), field, "{refusal:?}");
        assert!(refusal.reason.starts_with(reason), "{refusal:?}");
        assert_eq!((refusal.status, refusal.class), (400, ErrorClass::Permanent));
    }
}

#[tokio::test]
async fn a_closed_index_is_a_matter_of_configuration() {
    let node = node();
    let index = create_index(&node, json!({})).await;
    ok(&node, Method::Post, &format!("/{index}/_close"), None).await;
    let refusal = refusal(&index, json!({"n": SECRET})).await;
    assert_eq!(
        (refusal.error_type.as_str(), refusal.class),
        ("index_closed_exception", ErrorClass::Configuration)
    );
}

#[tokio::test]
async fn a_blocked_index_is_configuration_and_a_full_disk_is_transient() {
    let node = node();
    for (block, status, class) in [
        ("index.blocks.write", 403, ErrorClass::Configuration),
        ("index.blocks.read_only_allow_delete", 429, ErrorClass::Transient),
    ] {
        let index = create_index(&node, json!({})).await;
        ok(&node, Method::Put, &format!("/{index}/_settings"), Some(json!({block: true}))).await;
        let refusal = refusal(&index, json!({"n": 1})).await;
        assert_eq!((refusal.status, refusal.class), (status, class));
        assert_eq!(refusal.error_type, "cluster_block_exception");
        assert!(refusal.reason.contains(&index), "{}", refusal.reason);
    }
}

#[tokio::test]
async fn too_many_fields_are_the_fault_of_the_index() {
    let node = node();
    let index = create_index(&node, json!({"a": {"type": "keyword"}})).await;
    let settings = json!({"index.mapping.total_fields.limit": 1});
    ok(&node, Method::Put, &format!("/{index}/_settings"), Some(settings)).await;
    let refusal = refusal(&index, json!({"a": "x", "b": 1, "c": 2})).await;
    assert_eq!(refusal.class, ErrorClass::Configuration, "{refusal:?}");
    assert_eq!(refusal.reason, "Limit of total fields [1] has been exceeded");
}

fn gzip(parts: &[&str]) -> GzEncoder<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    for part in parts {
        packer.write_all(part.as_bytes()).unwrap();
        packer.flush().unwrap();
    }
    packer
}

#[tokio::test]
async fn a_packed_body_of_several_members_is_indexed() {
    let (node, index) = (packing_node(), index_name());
    assert!(node.packs());
    let mut body = gzip(&[&creates(&index, &[("a", json!({"n": 1}))])]).finish().unwrap();
    body.extend(gzip(&[&creates(&index, &[("b", json!({"n": 2}))])]).finish().unwrap());
    let answer = node.bulk(body.into(), Encoding::Gzip, 2).await.unwrap();
    assert_eq!(answer.indexed, 2);
}

#[tokio::test]
async fn a_packed_body_cut_off_at_a_line_is_not_believed() {
    let (node, index) = (node(), index_name());
    let one = creates(&index, &[("a", json!({"n": 1}))]);
    let whole = gzip(&[&one]).get_ref().clone();
    let error = node.bulk(whole.into(), Encoding::Gzip, 2).await.unwrap_err();
    assert!(matches!(error, SinkError::TruncatedAnswer { sent: 2, answered: 1, .. }), "{error:?}");
    assert_eq!(error.class(), ErrorClass::Transient);
}

#[tokio::test]
async fn a_cluster_says_which_packings_it_reads_and_nothing_is_written() {
    for encoding in [Encoding::Identity, Encoding::Gzip, Encoding::Zstd] {
        assert!(packing_node().takes(encoding).await, "{encoding:?}");
    }
    // Nobody there, and somebody else: no, and no failure.
    assert!(!cluster_at("http://127.0.0.1:9").takes(Encoding::Zstd).await);
}

#[tokio::test]
async fn bytes_that_are_not_gzip_end_the_connection_without_an_answer() {
    let error = node()
        .bulk(Bytes::from_static(b"{\"create\":{\"_index\":\"x\"}}\n{}\n"), Encoding::Gzip, 1)
        .await
        .unwrap_err();
    assert!(matches!(error, SinkError::Interrupted { .. }), "{error:?}");
    assert_eq!(error.class(), ErrorClass::Transient);
}

#[tokio::test]
async fn one_long_id_poisons_the_whole_body() {
    let (node, index) = (node(), index_name());
    let id = "SECRET".repeat(100);
    let error = send(&node, &index, &[("a", json!({})), (&id, json!({}))]).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Poison);
    assert!(error.to_string().contains("id is too long") && !error.to_string().contains("SECRET"), "{error}");
}

#[tokio::test]
async fn tls_to_a_plain_port_says_so() {
    let error = cluster_at(&opensearch_url().replace("http://", "https://")).info().await.unwrap_err();
    assert!(matches!(error, SinkError::Tls { .. }), "{error:?}");
    assert!(error.to_string().contains("use http://"), "{error}");
}

#[tokio::test]
async fn the_shipped_templates_install_and_then_count_as_unchanged() {
    let node = node();
    install_missing(&node, Profile::Full).await.unwrap();
    assert!(install_missing(&node, Profile::Full).await.unwrap().is_empty());
    apply(&node, Profile::Full, &plan(&node, Profile::Full).await.unwrap()).await.unwrap();
    for change in plan(&node, Profile::Full).await.unwrap() {
        assert_eq!(change.action, Action::Unchanged, "{change:?}");
        assert!(change.version > 0 && change.installed == Some(change.version));
    }
    assert!(TEMPLATES.iter().all(|template| template.name.starts_with("siem-loader-")));
}

#[test]
fn lean_templates_differ_in_the_word_for_it_and_setup_changes_one_into_the_other() {
    let (full, lean) = (templates(Profile::Full), templates(Profile::Lean));
    assert_eq!(full.len(), lean.len());
    for (full, lean) in full.iter().zip(lean) {
        assert_eq!((full.kind, full.name), (lean.kind, lean.name));
        let installed: Value = serde_json::from_str(full.body).unwrap();
        let change = compare(lean, Some(&installed));
        let differs = match full.kind {
            TemplateKind::Component => vec!["_meta.profile".to_owned()],
            TemplateKind::Index => Vec::new(),
        };
        assert_eq!(change.differences, differs, "{}", full.name);
    }
}

/// A pair of templates of this test only, in version `version`.
fn pair(name: &'static str, version: u64) -> [Template; 2] {
    let meta = json!({"managed_by": "siem-loader", "version": version});
    let component = json!({
        "template": {
            "settings": {"number_of_shards": 1, "index.refresh_interval": "30s", "index": {"codec": "best_compression"}},
            "mappings": {"dynamic": false, "properties": {"n": {"type": "long"}, "v": {"type": "keyword", "ignore_above": version}}},
            "aliases": {"a": {}},
        },
        "version": version, "_meta": meta,
    });
    let index = json!({"index_patterns": [format!("{name}-*")], "composed_of": [name], "priority": 7, "version": version, "_meta": meta});
    let body = |json: serde_json::Value| -> &'static str { json.to_string().leak() };
    [
        Template { kind: TemplateKind::Component, name, body: body(component) },
        Template { kind: TemplateKind::Index, name, body: body(index) },
    ]
}

#[tokio::test]
async fn templates_are_created_updated_and_left_alone_when_newer() {
    let node = node();
    let name: &'static str = format!("siem-loader-{}", unique()).leak();
    let (one, two) = (pair(name, 1), pair(name, 2));
    let actions = async |templates: &[Template]| -> Vec<Action> {
        plan_of(&node, templates).await.unwrap().iter().map(|change| change.action).collect()
    };
    assert_eq!(actions(&one).await, [Action::Create, Action::Create]);
    // Two processes at once: each template is created by one of them, and neither fails.
    let (left, right) = tokio::join!(install_missing_of(&node, &one), install_missing_of(&node, &one));
    assert_eq!(left.unwrap().len() + right.unwrap().len(), 2);
    assert_eq!(actions(&one).await, [Action::Unchanged, Action::Unchanged]);

    assert!(install_missing_of(&node, &two).await.unwrap().is_empty(), "a load never changes a template");
    let changes = plan_of(&node, &two).await.unwrap();
    assert!(changes.iter().all(|change| change.action == Action::Update && change.installed == Some(1)));
    assert!(
        changes[0].differences.contains(&"template.mappings.properties.v.ignore_above".to_owned()),
        "{changes:?}"
    );
    assert_eq!(apply_of(&node, &two, &changes).await.unwrap().len(), 2);
    assert_eq!(actions(&two).await, [Action::Unchanged, Action::Unchanged]);
    assert_eq!(actions(&one).await, [Action::NewerInstalled, Action::NewerInstalled]);
    let older = plan_of(&node, &one).await.unwrap();
    assert!(apply_of(&node, &one, &older).await.unwrap().is_empty());

    ok(&node, Method::Delete, &format!("/_index_template/{name}"), None).await;
    ok(&node, Method::Delete, &format!("/_component_template/{name}"), None).await;
}
