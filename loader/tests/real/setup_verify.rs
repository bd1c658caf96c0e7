//! `setup --verify` and `--attach-existing`, with fakes of the plugins in front of the real node.

use serde_json::json;
use siem_loader::sink::Method;

use crate::program::scratch;
use crate::setup::extras;
use crate::setup_fake::Fake;
use crate::support::{node, ok, unique};

#[tokio::test]
async fn policies_are_attached_to_indices_that_have_none_when_asked() {
    let fake = Fake::start();
    let [bare, owned] = [0, 1].map(|_| format!("log-aws-config-{}", unique()));
    for index in [&bare, &owned] {
        ok(&node(), Method::Put, &format!("/{index}"), None).await;
    }
    let theirs = json!({"policy_id": "their-policy", "enabled": true});
    fake.plugins().indices.insert(owned.clone(), theirs.clone());
    extras(&fake, &["--only", "policies"]).expect_status(0);
    assert!(!fake.plugins().indices.contains_key(&bare), "unasked, no index is attached");
    let verified = extras(&fake, &["--only", "policies", "--verify"]).expect_status(2);
    assert!(
        verified.stdout.contains(&format!("WRONG      index {bare}: has no policy")),
        "{}",
        verified.stdout
    );
    assert!(
        verified.stdout.contains(&format!("note       index {owned}: is managed by the policy their-policy"))
    );

    let run = extras(&fake, &["--only", "policies", "--attach-existing"]).expect_status(0);
    assert!(run.stdout.contains(&format!("attached   policy to index {bare}")), "{}", run.stdout);
    assert_eq!(fake.plugins().indices[&bare]["policy_id"], "siem-loader-config");
    assert_eq!(fake.plugins().indices[&owned], theirs);
    for index in [&bare, &owned] {
        ok(&node(), Method::Delete, &format!("/{index}"), None).await;
    }
}

#[test]
fn verify_says_what_does_not_work() {
    let fake = Fake::start();
    let missing = extras(&fake, &["--verify"]).expect_status(2);
    assert!(
        missing.stdout.contains("WRONG      monitor root-use: is missing: run setup"),
        "{}",
        missing.stdout
    );
    extras(&fake, &["--alert-channel", "there"]).expect_status(0);
    let good = extras(&fake, &["--verify", "--only", "dashboards,monitors"]).expect_status(0);
    assert!(
        good.stdout.contains("good       monitor lag") && good.stdout.contains(" 0 wrong"),
        "{}",
        good.stdout
    );
    {
        let mut plugins = fake.plugins();
        let id =
            |name: &str| plugins.monitors.iter().find(|(_, (m, _))| m["name"] == name).unwrap().0.clone();
        let [root, lag, quiet] = [
            "siem-loader: root use",
            "siem-loader: lag over the objective",
            "siem-loader: a source gone quiet",
        ]
        .map(id);
        plugins.monitors.get_mut(&root).unwrap().0["enabled"] = json!(false);
        let error = json!({"error": null, "input_results": {"error": "no permissions for [indices:data/read/search]"}});
        plugins.runs.insert(lag, error);
        plugins.overdue.insert(quiet);
        plugins.policies.remove("siem-loader-config");
        let failed = json!({"policy_id": "siem-loader-cloudtrail", "enabled": false, "retry_info": {"failed": true, "consumed_retries": 3},
                            "action": {"name": "force_merge", "failed": true}, "info": {"message": "Failed to start merge"}});
        plugins.indices.extend([("log-aws-cloudtrail-failed".to_owned(), failed)]);
    }
    let file = scratch().join("retention.toml");
    std::fs::write(&file, "[config]\ndelete_days = 90\nsnapshot_repository = \"no such\"\n").unwrap();
    let run = extras(&fake, &["--verify", "--retention", file.to_str().unwrap()]).expect_status(2);
    for line in [
        "WRONG      snapshot repository no such: does not exist: register it",
        "note       monitor root-use: is switched off",
        "WRONG      monitor lag: does not run: no permissions for [indices:data/read/search]",
        "WRONG      monitor source-quiet: its last run is overdue",
        "WRONG      policy siem-loader-config: is missing: run setup",
        "good       policy siem-loader-cloudtrail",
    ] {
        assert!(run.stdout.contains(line), "{line}\n{}", run.stdout);
    }
}

#[tokio::test]
async fn verify_repeats_what_ism_says_of_a_failed_index() {
    let fake = Fake::start();
    let index = format!("log-aws-securityhub-{}", unique());
    ok(&node(), Method::Put, &format!("/{index}"), None).await;
    let failed = json!({"policy_id": "siem-loader-securityhub", "enabled": true, "retry_info": {"failed": true, "consumed_retries": 3},
                        "action": {"name": "force_merge", "failed": true}, "info": {"message": "Failed to start merge"}});
    fake.plugins().indices.insert(index.clone(), failed);
    let run = extras(&fake, &["--verify", "--only", "policies"]).expect_status(2);
    let line = format!("WRONG      index {index}: force_merge failed: Failed to start merge");
    assert!(run.stdout.contains(&line), "{}", run.stdout);
    ok(&node(), Method::Delete, &format!("/{index}"), None).await;
}
