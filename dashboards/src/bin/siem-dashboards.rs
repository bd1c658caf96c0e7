//! Writes the file to import, and the preview.
//!
//! ```text
//! siem-dashboards write                                  the file to import
//! siem-dashboards msearch FROM TO                        what to ask: the body of an _msearch
//! siem-dashboards report FROM TO ANSWERS ECHARTS         a page of the answers, ECHARTS being the library's source
//! ```
//!
//! Everything goes to standard output. FROM and TO are instants such as `2026-03-01T00:00:00Z`.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::process::ExitCode;

use chrono::DateTime;
use siem_dashboards::{report, translate::Context};

const USAGE: &str = "usage: siem-dashboards write | msearch FROM TO | report FROM TO ANSWERS ECHARTS";

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
        ["msearch", from, to] => {
            let objects = objects?;
            Ok(report::msearch(&report::plan(&objects, &context(from, to)?)?))
        }
        ["report", from, to, answers, library] => {
            let objects = objects?;
            let plan = report::plan(&objects, &context(from, to)?)?;
            let answers = serde_json::from_str(&fs::read_to_string(answers)?)?;
            Ok(report::html(&plan, &answers, &fs::read_to_string(library)?)?)
        }
        _ => Err(USAGE.into()),
    }
}

fn context(from: &str, to: &str) -> Result<Context, Box<dyn Error>> {
    let millis = |text: &str| -> Result<u64, Box<dyn Error>> {
        Ok(u64::try_from(DateTime::parse_from_rfc3339(text)?.timestamp_millis())?)
    };
    Ok(Context { from: millis(from)?, to: millis(to)?, filters: Vec::new() })
}
