//! The preview of the dashboards, in a browser without a window.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use siem_dashboards::report;

use crate::{ask, load, plan};

/// Seconds that the browser may take for one page.
const PATIENCE: &str = "55";

/// A script of `dev/` that prints one line.
fn script(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dev").join(name);
    let output = Command::new(path).output().unwrap();
    assert!(output.status.success(), "dev/{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Chromium's answer to a page: standard output and error.
fn browser(page: &Path, hash: &str, arguments: &[&str]) -> (String, String) {
    let profile = crate::program::scratch();
    let mut command = Command::new("timeout");
    command.args([PATIENCE, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"]);
    command.args(["--no-first-run", "--disable-background-networking", "--disable-component-update"]);
    command.args([
        "--disable-sync",
        "--hide-scrollbars",
        "--enable-logging=stderr",
        "--window-size=1600,1200",
    ]);
    command.arg(format!("--user-data-dir={}", profile.display())).args(arguments);
    let output = command.arg(format!("file://{}#{hash}", page.display())).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "chromium: {}", text(&output.stderr));
    std::fs::remove_dir_all(profile).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn the_preview_is_drawn_by_a_browser() {
    if Command::new("chromium").arg("--version").output().is_err() {
        println!("chromium is not installed: the page was not drawn");
        return;
    }
    load().await;
    let objects = siem_dashboards::objects().unwrap();
    let plan = plan(&objects);
    let mut answers = Vec::new();
    for search in plan.iter().flat_map(|planned| &planned.searches) {
        answers.push(ask(search, "all").await);
    }
    let library = std::fs::read_to_string(script("echarts")).unwrap();
    let html = report::html(&plan, &json!({"responses": answers}), &library).unwrap();
    let folder = crate::program::scratch();
    let page: PathBuf = folder.join("report.html");
    std::fs::write(&page, &html).unwrap();
    assert!(!html.contains("<script src") && !html.contains("<link"), "the page asks the network");

    let (dom, errors) = browser(&page, "all", &["--dump-dom"]);
    let console: Vec<&str> = errors.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "{console:#?}");
    let (_, body) = dom.split_once("<body").unwrap();
    let (attributes, body) = body.split_once('>').unwrap();
    assert_eq!(attributes, " data-errors=\"0\"");
    let sections: Vec<&str> =
        body.split("<section ").skip(1).map(|one| one.split_once('>').unwrap().0).collect();
    assert_eq!(sections.len(), plan.len());
    for section in &sections {
        let is_drawn =
            section.contains("data-state=\"drawn\"") && !section.contains("data-painted=\"false\"");
        assert!(is_drawn, "{section}");
    }
    let charts = sections.iter().filter(|section| section.contains("data-painted=\"true\"")).count();
    let numbers = ["table", "metric", "markdown", "input_control_vis"];
    let is_chart = |kind: &str| !kind.is_empty() && !numbers.contains(&kind);
    let wanted =
        plan.iter().filter(|planned| planned.panel.inner("visState")["type"].as_str().is_some_and(is_chart));
    assert_eq!(charts, wanted.count());

    let picture = folder.join("cloudtrail.png");
    browser(&page, "siem-loader-cloudtrail", &[&format!("--screenshot={}", picture.display())]);
    let bytes = std::fs::read(&picture).unwrap();
    assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 20_000, "a picture of {} bytes", bytes.len());
}

#[test]
fn what_attackers_write_into_logs_is_no_markup_of_the_page() {
    let objects = siem_dashboards::objects().unwrap();
    let plan = plan(&objects);
    let evil = "</script><script>alert(1)</script>";
    let bucket = json!({"key": evil, "doc_count": 1});
    let groups = json!({"buckets": [bucket]});
    let all = json!({"1": groups, "2": groups, "3": groups, "4": groups, "5": groups, "termsAgg": groups});
    let one = json!({"hits": {"total": {"value": 1}, "hits": []}, "aggregations": all});
    let count = plan.iter().map(|planned| planned.searches.len()).sum();
    let html = report::html(&plan, &json!({"responses": vec![one; count]}), "").unwrap();
    assert!(html.contains("alert(1)") && !html.contains(evil));
    let fewer = report::html(&plan, &json!({"responses": []}), "");
    assert!(fewer.unwrap_err().to_string().contains("0 answers"));
}
