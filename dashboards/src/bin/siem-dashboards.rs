//! Writes the file to import, and the preview.
//!
//! ```text
//! siem-dashboards write                                  the file to import
//! siem-dashboards msearch FROM TO NOW                    what to ask: the body of an _msearch
//! siem-dashboards report FROM TO NOW ANSWERS ECHARTS     a page of the answers, ECHARTS being the library's source
//! ```
//!
//! Everything goes to standard output. FROM, TO and NOW are instants such as `2026-03-01T00:00:00Z`. Logs are those of
//! FROM to TO, the ledger is that of the week before NOW.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::process::ExitCode;

use chrono::DateTime;
use siem_dashboards::{report, translate::Context};

const USAGE: &str = "usage: siem-dashboards write | msearch FROM TO NOW | report FROM TO NOW ANSWERS ECHARTS";
const WEEK: u64 = 7 * 24 * 60 * 60 * 1000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let written = made(&arguments).and_then(|text| Ok(std::io::stdout().write_all(text.as_bytes())?));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is closed there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "siem-dashboards: {error}");
            ExitCode::FAILURE
        }
    }
}

fn made(arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let objects = siem_dashboards::objects();
    match arguments {
        ["write"] => Ok(siem_dashboards::file()),
        ["msearch", from, to, now] => {
            let (objects, logs, ledger) = (objects?, span(millis(from)?, millis(to)?), week(now)?);
            Ok(report::msearch(&report::plan(&objects, &logs, &ledger)?))
        }
        ["report", from, to, now, answers, library] => {
            let (objects, logs, ledger) = (objects?, span(millis(from)?, millis(to)?), week(now)?);
            let plan = report::plan(&objects, &logs, &ledger)?;
            let answers = serde_json::from_str(&fs::read_to_string(answers)?)?;
            Ok(report::html(&plan, &answers, &fs::read_to_string(library)?)?)
        }
        _ => Err(USAGE.into()),
    }
}

fn millis(text: &str) -> Result<u64, Box<dyn Error>> {
    Ok(u64::try_from(DateTime::parse_from_rfc3339(text)?.timestamp_millis())?)
}

fn span(from: u64, to: u64) -> Context {
    Context { from, to, filters: Vec::new() }
}

fn week(now: &str) -> Result<Context, Box<dyn Error>> {
    let now = millis(now)?;
    Ok(span(now.saturating_sub(WEEK), now))
}
