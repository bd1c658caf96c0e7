//! `siem-loader dead-letters` and `siem-loader redrive`.

use std::io::Write;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Serialize;
use tokio::runtime::Handle;

use super::{
    FAILED, OK, OutputFormat, ProfileArgs, REJECTED,
    connect::{ClusterArgs, PackArgs, SendArgs},
    load::prepare,
    progress::say,
};
use crate::{
    dead_letter::{Groups, Kind, RedriveError, Redriven, Redriver, Selection, Store, lines},
    engine::{Engine, EngineParts},
    fetch::{BucketRules, FetchOptions, S3Settings, Source},
    pipeline::Settings,
};

/// Which letters are meant.
#[derive(Debug, Args)]
struct WhichArgs {
    /// Where dead letters are: a folder or s3://bucket/prefix
    #[arg(value_name = "PLACE", default_value = "dead-letters", env = "SIEM_LOADER_DEAD_LETTERS")]
    place: String,
    /// Only those of this reason, as `dead-letters` names it
    #[arg(long, value_name = "TYPE")]
    reason: Option<String>,
    /// Only those in which this field is blamed
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// Only those of this log
    #[arg(long, value_name = "LOG")]
    log_type: Option<String>,
    /// Only those about documents, records or objects
    #[arg(long, value_enum)]
    kind: Option<KindArg>,
    /// Only those of objects whose key begins so
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<String>,
    /// How the result is told
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    output: OutputFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KindArg {
    /// The cluster refused the document.
    Document,
    /// The record became no document.
    Record,
    /// The object could not be read to its end.
    Object,
}

impl WhichArgs {
    fn selection(&self) -> Selection {
        Selection {
            reason: self.reason.clone(),
            field: self.field.clone(),
            log_type: self.log_type.clone(),
            kind: self.kind.map(|kind| match kind {
                KindArg::Document => Kind::Document,
                KindArg::Record => Kind::Record,
                KindArg::Object => Kind::Object,
            }),
            prefix: self.prefix.clone(),
        }
    }
}

/// Arguments of `dead-letters`.
#[derive(Debug, Args)]
pub(super) struct DeadLettersArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Write the letters themselves, one JSON line each, instead of what they have in common
    #[arg(long)]
    lines: bool,
}

/// Arguments of `redrive`.
#[derive(Debug, Args)]
pub(super) struct RedriveArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    send: SendArgs,
    #[command(flatten)]
    pack: PackArgs,
    /// Keep no ledger: that of the objects is not told how many letters are left
    #[arg(long)]
    no_ledger: bool,
}

/// S3 as the variables say, roles of buckets included.
fn source(runtime: &Handle) -> anyhow::Result<Source> {
    let settings = S3Settings { buckets: BucketRules::from_env()?, ..S3Settings::default() };
    Ok(Source::with_s3(FetchOptions::default(), runtime.clone(), settings))
}

pub(super) fn list(args: DeadLettersArgs) -> anyhow::Result<u8> {
    let runtime = super::runtime().context("cannot start the network threads")?;
    let source = source(runtime.handle())?;
    let store = Store::at(&args.which.place, &source)?;
    let selection = args.which.selection();
    let (mut groups, mut files, mut damaged) = (Groups::default(), 0_u64, 0_u64);
    let mut out = std::io::BufWriter::new(std::io::stdout());
    for name in store.list()? {
        files += 1;
        let mut written = Ok(());
        let read = lines(&store.read(&name)?, &mut |letter, line| {
            if !selection.takes(letter) {
                return;
            }
            if args.lines {
                if written.is_ok() {
                    written = out.write_all(line).and_then(|()| out.write_all(b"\n"));
                }
            } else {
                groups.add(letter);
            }
        });
        written.context("cannot write to standard output")?;
        if let Err(error) = read {
            damaged += 1;
            say(&format!("siem-loader: {store}: {name} {error}"));
        }
    }
    let status = if damaged > 0 { FAILED } else { OK };
    if args.lines {
        out.flush()?;
        return Ok(status);
    }
    let groups = groups.most_first();
    if args.which.output == OutputFormat::Json {
        writeln!(
            out,
            "{}",
            serde_json::json!({"place": store.to_string(), "files": files, "groups": groups})
        )?;
        out.flush()?;
        return Ok(status);
    }
    for group in &groups {
        let about = match (group.kind, group.records) {
            (Kind::Object, _) => format!("{} objects", group.letters),
            (_, 1) => "1 record".to_owned(),
            (_, records) => format!("{records} records"),
        };
        let field = if group.field.is_empty() { String::new() } else { format!(", field {}", group.field) };
        writeln!(out, "{about} of {}: {}{field}", group.log_type, group.reason)?;
        writeln!(out, "  says     {}", group.text)?;
        writeln!(out, "  since    {}, last {}", group.first, group.last)?;
        writeln!(out, "  example  {}", group.example)?;
        writeln!(out, "  to do    {}", group.advice)?;
        let log = if group.log_type == "unknown" {
            String::new()
        } else {
            format!(" --log-type {}", group.log_type)
        };
        let field =
            if group.field.is_empty() { String::new() } else { format!(" --field '{}'", group.field) };
        writeln!(out, "  redrive  siem-loader redrive {store}{log} --reason '{}'{field}", group.reason)?;
    }
    let letters: u64 = groups.iter().map(|group| group.letters).sum();
    writeln!(out, "{letters} dead letters in {files} files in {store}")?;
    out.flush()?;
    Ok(status)
}

/// What `--output json` prints. Scripts rely on the names.
#[derive(Serialize)]
struct Json {
    status: u8,
    files: u64,
    files_failed: u64,
    records: u64,
    indexed: u64,
    already_present: u64,
    kept: u64,
    left: u64,
    objects: u64,
    objects_kept: u64,
    files_removed: u64,
}

pub(super) fn redrive(args: RedriveArgs) -> anyhow::Result<u8> {
    let runtime = super::runtime().context("cannot start the network threads")?;
    let source = source(runtime.handle())?;
    let store = Store::at(&args.which.place, &source)?;
    let cluster = args.pack.connect(&args.cluster, runtime.handle())?;
    let names = store.list()?;
    let mut settings = Settings::for_threads(std::thread::available_parallelism().map_or(1, usize::from));
    if !names.is_empty() {
        settings.encoding = runtime.block_on(prepare(&cluster, args.profile.profile, args.pack))?;
    }
    settings.profile = args.profile.profile;
    let engine = Engine::new(EngineParts {
        source,
        send: args.send.settings(settings.encoding),
        cluster,
        settings,
        runtime: runtime.handle().clone(),
        ledger: !args.no_ledger,
        dead_letters: Some(store.clone()),
        refuse_loss: false,
    });
    let selection = args.which.selection();
    let redriver = Redriver::new(&engine, &store, &selection);
    let (mut sum, mut failed) = (Redriven::default(), 0);
    for name in &names {
        match redriver.file(name) {
            Ok(redriven) => sum.add(&redriven),
            Err(error) => {
                failed += 1;
                say(&format!("siem-loader: {error}"));
                // What stops one file for good stops the next one too.
                if matches!(error, RedriveError::Sink(_) | RedriveError::Engine(_)) {
                    break;
                }
            }
        }
    }
    let status = match (failed, sum.kept + sum.objects_kept) {
        (0, 0) => OK,
        (0, _) => REJECTED,
        _ => FAILED,
    };
    let Redriven { records, indexed, already_present, kept, left, objects, objects_kept, files_removed } =
        sum;
    let files = names.len() as u64;
    let mut out = std::io::stdout();
    if args.which.output == OutputFormat::Json {
        let json = Json {
            status,
            files,
            files_failed: failed,
            records,
            indexed,
            already_present,
            kept,
            left,
            objects,
            objects_kept,
            files_removed,
        };
        writeln!(out, "{}", serde_json::to_string(&json)?)?;
        return Ok(status);
    }
    for (count, what) in [
        (files, "files of dead letters"),
        (failed, "  failed; they are as they were"),
        (files_removed, "  removed, nothing is left in them"),
        (records, "records sent again"),
        (indexed, "  indexed"),
        (already_present, "  already present"),
        (kept, "  refused again, kept with the new reason"),
        (left, "records not chosen, kept"),
        (objects, "objects loaded again"),
        (objects_kept, "objects that still cannot be read to their end, kept"),
    ] {
        if count > 0 || what == "files of dead letters" {
            writeln!(out, "{count:>14}  {what}")?;
        }
    }
    Ok(status)
}
