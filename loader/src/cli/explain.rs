//! `siem-loader explain`: which log an object is, why, and what becomes of its records. Nothing is sent anywhere.

use std::{
    collections::BTreeMap,
    io::Write,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use serde_json::Value;
use siem_parsers::{document::ItemKind, recognise, source};

use super::{FAILED, InputArgs, OK, OutputFormat, REJECTED};
use crate::{
    fetch::{FetchOptions, Source},
    pipeline::{self, Chunk, ObjectReport, ObjectStatus, Output, Settings},
};

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    input: InputArgs,
    /// How it is told
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    output: OutputFormat,
}

/// What there is to say of a key or a file. Scripts rely on the names.
#[derive(Debug, Default, Serialize)]
struct Explanation {
    /// The S3 key.
    key: String,
    /// Which rule spoke, in words.
    rule: String,
    log_type: Option<String>,
    account: Option<String>,
    region: Option<String>,
    organization: Option<String>,
    /// When the object was written, by its key.
    time: Option<String>,
    /// Why it would not be loaded, or what else is worth knowing.
    remark: Option<String>,
    /// What is in it; none where only the key is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Content>,
}

#[derive(Debug, Serialize)]
struct Content {
    status: &'static str,
    bytes: u64,
    records: u64,
    documents: u64,
    /// Documents by index.
    indices: BTreeMap<String, u64>,
    /// Records that would be rejected, and what is wrong with the object; at most a few.
    problems: Vec<String>,
    problem_count: u64,
    /// The first document, with `_index`, `_id` and `_source`.
    first_document: Option<Value>,
}

/// Keeps the first document and counts the others.
#[derive(Debug, Default)]
struct Sample(Mutex<Sampled>);

#[derive(Debug, Default)]
struct Sampled {
    first: Option<Vec<u8>>,
    documents: u64,
    indices: BTreeMap<String, u64>,
}

impl Output for Sample {
    fn take(&self, chunk: Chunk) {
        let mut sampled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for item in &chunk.items {
            if item.kind == ItemKind::Record {
                sampled.documents += 1;
                if sampled.first.is_none() {
                    let mut line = Vec::new();
                    item.write_line(&chunk.bytes, &mut line);
                    sampled.first = Some(line);
                }
            }
            if let Some(index) = item.index(&chunk.bytes) {
                match sampled.indices.get_mut(index) {
                    Some(count) => *count += 1,
                    None => drop(sampled.indices.insert(index.to_owned(), 1)),
                }
            }
        }
        chunk.discard();
    }
}

pub(super) fn run(args: ExplainArgs) -> anyhow::Result<u8> {
    let mut status = OK;
    let mut out = std::io::stdout();
    for target in &args.input.paths {
        let explained =
            if target == "-" || Path::new(target).is_file() { file(target, &args)? } else { by_key(target) };
        status = status.max(explained.status());
        match args.output {
            OutputFormat::Json => writeln!(out, "{}", serde_json::to_string(&explained)?)?,
            OutputFormat::Text => writeln!(out, "{}", explained.text()?)?,
        }
    }
    Ok(status)
}

/// What the key alone says.
fn by_key(target: &str) -> Explanation {
    let key = match target.strip_prefix("s3://") {
        Some(address) => address.split_once('/').map_or("", |(_, key)| key),
        None => target,
    };
    let mut info = source::read_key(key);
    let mut key = key.to_owned();
    let mut remark = None;
    if info.log_type.is_none()
        && info.not_loaded.is_none()
        && let Some(decoded) = decoded(&key)
    {
        let read = source::read_key(&decoded);
        if read.log_type.is_some() || read.not_loaded.is_some() {
            (info, key) = (read, decoded);
            remark = Some("read as the URL-encoded key of a notification".to_owned());
        }
    }
    let time = info.time.map(|time| {
        let mut text = Vec::new();
        time.write(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    let rule = if info.rule.is_empty() { "none" } else { info.rule };
    let log_type = info.log_type.map(str::to_owned);
    let remark = match (info.not_loaded, &log_type) {
        (Some(why), _) => Some(format!("not loaded: {why}")),
        (None, Some(_)) => remark,
        (None, None) => {
            Some("no file of this name, and no log by its key; what it is shows when it is read".to_owned())
        }
    };
    Explanation {
        key,
        rule: rule.to_owned(),
        log_type,
        account: info.account,
        region: info.region,
        organization: info.organization,
        time,
        remark,
        content: None,
    }
}

/// A key as S3 notifications write it: `+` is a space, `%3D` is `=`. None where it is not written so.
fn decoded(key: &str) -> Option<String> {
    if !key.contains(['%', '+']) {
        return None;
    }
    let spaced = key.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// What the key and the content of a file say.
fn file(path: &str, args: &ExplainArgs) -> anyhow::Result<Explanation> {
    let runtime = super::runtime().context("cannot start the network threads")?;
    let options = FetchOptions { key: args.input.key.clone(), ..args.input.options() };
    let source = Source::new(options, runtime.handle().clone());
    let sample = Arc::new(Sample::default());
    let output: Arc<dyn Output> = Arc::clone(&sample) as Arc<dyn Output>;
    let (reports, told) = crossbeam_channel::unbounded();
    let objects: Vec<_> = source.list(vec![path.to_owned()]).into_iter().collect();
    let key = objects.iter().flatten().next().map(|object| object.key.clone()).unwrap_or_default();
    let (sender, listed) = crossbeam_channel::bounded(objects.len());
    for object in objects {
        let _ = sender.send(object);
    }
    drop(sender);
    pipeline::run(&listed, &source, &Settings::for_threads(1), &output, &reports)
        .context("cannot start the threads that render")?;
    drop((output, reports));
    let report = told.into_iter().next().unwrap_or_default();
    let sampled = std::mem::take(&mut *sample.0.lock().unwrap_or_else(PoisonError::into_inner));
    let mut explained = by_key(&key);
    explained.content = Some(Content::of(&report, sampled));
    explained.log_type = report.log_type.map(str::to_owned);
    explained.remark = report.remark;
    if report.by == recognise::BY_CONTENT {
        explained.rule = format!("content (by the key: {})", explained.rule);
    }
    Ok(explained)
}

impl Content {
    fn of(report: &ObjectReport, sampled: Sampled) -> Self {
        let first = sampled.first.as_deref().and_then(|line| serde_json::from_slice(line).ok());
        Self {
            status: report.status.map_or("failed", ObjectStatus::as_str),
            bytes: report.counts.bytes_in,
            records: report.counts.records,
            documents: sampled.documents,
            indices: sampled.indices,
            problems: report.problems.clone(),
            problem_count: report.problem_count,
            first_document: first,
        }
    }
}

impl Explanation {
    /// As `load` would end: 1 where a record or the object is damaged.
    fn status(&self) -> u8 {
        match &self.content {
            Some(content) if content.status == ObjectStatus::Failed.as_str() => FAILED,
            Some(content) if content.problem_count > 0 => REJECTED,
            _ => OK,
        }
    }

    fn text(&self) -> anyhow::Result<String> {
        let mut lines = vec![];
        let mut line = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                lines.push(format!("{name:<14}{value}"));
            }
        };
        line("key", Some(&self.key));
        line("rule", Some(&self.rule));
        line("log type", Some(self.log_type.as_deref().unwrap_or("none")));
        line("account", self.account.as_deref());
        line("region", self.region.as_deref());
        line("organisation", self.organization.as_deref());
        line("written", self.time.as_deref());
        line("remark", self.remark.as_deref());
        if let Some(content) = &self.content {
            line("status", Some(content.status));
            line("decoded", Some(&format!("{} bytes", content.bytes)));
            line("records", Some(&format!("{}, of which documents {}", content.records, content.documents)));
            for (index, count) in &content.indices {
                line("index", Some(&format!("{index} ({count})")));
            }
            for problem in &content.problems {
                line("problem", Some(problem));
            }
            let more = content.problem_count.saturating_sub(content.problems.len() as u64);
            if more > 0 {
                line("problem", Some(&format!("and {more} more")));
            }
            if let Some(document) = &content.first_document {
                line("first document", Some(""));
                lines.push(serde_json::to_string_pretty(document)?);
            }
        }
        Ok(lines.join("\n"))
    }
}
