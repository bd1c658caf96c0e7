//! Writes corpora for benchmarks and the fixture objects of the tests.

use std::{
    fs::File,
    io::{BufWriter, Write as _, stdout},
    path::PathBuf,
};

use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand};
use siem_benches::{
    config_item::{self, Delivery, Items},
    corpus::{self, Made, Origin},
    findings, fixtures, flow_log,
    object::{Generator, Size, Stream, Written, tree},
    resolver,
    rng::Rng,
};

#[derive(Parser)]
#[command(about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// CloudTrail events of every category.
    Cloudtrail(Corpus),
    /// CloudTrail Insights.
    CloudtrailInsight(Corpus),
    /// VPC Flow Logs as text.
    VpcFlowLogs {
        /// Version of the record format; all its fields are written.
        #[arg(long, default_value = "5", value_parser = flow_log::version)]
        version: u8,
        #[command(flatten)]
        corpus: Corpus,
    },
    /// Route 53 Resolver query logs.
    Route53Resolver(Corpus),
    /// AWS Config history files, one resource type each.
    ConfigHistory(Corpus),
    /// AWS Config snapshots.
    ConfigSnapshot(Corpus),
    /// GuardDuty findings, as an export has them.
    Guardduty(Corpus),
    /// Security Hub findings, as EventBridge and Firehose deliver them.
    SecurityHub(Corpus),
    /// The fixture objects, their bad neighbours and the manifest.
    Fixtures {
        /// The folder `objects` of the fixtures; `bad` and `manifest.ndjson` go beside it.
        #[arg(long)]
        out: PathBuf,
    },
}

#[derive(Args)]
struct Corpus {
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Records in an object.
    #[arg(long, conflicts_with = "decoded_bytes")]
    events: Option<u64>,
    /// Size of the one object before packing: 500MB, 2GB, 64MiB.
    #[arg(long, value_parser = bytes)]
    decoded_bytes: Option<u64>,
    /// One object, written to this file; `-` is standard output.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Objects under real keys below this folder.
    #[arg(long, conflicts_with_all = ["out", "decoded_bytes"])]
    out_dir: Option<PathBuf>,
    /// How many objects.
    #[arg(long, default_value_t = 1, requires = "out_dir")]
    objects: u64,
    /// Without gzip.
    #[arg(long)]
    plain: bool,
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Cloudtrail(corpus) => corpus.write(Stream::Events),
        Command::CloudtrailInsight(corpus) => corpus.write(Stream::Insights),
        Command::VpcFlowLogs { version, corpus } => corpus.write_from(&|rng, origin| {
            let rows = flow_log::Rows::new(corpus.source_seed(rng), version, origin);
            (flow_log::key(rng, origin), Box::new(rows))
        }),
        Command::Route53Resolver(corpus) => corpus.write_from(&|rng, origin| {
            let queries = resolver::Queries::new(corpus.source_seed(rng), origin);
            (resolver::key(rng, origin), Box::new(queries))
        }),
        Command::ConfigHistory(corpus) => corpus.write_items(Delivery::History),
        Command::ConfigSnapshot(corpus) => corpus.write_items(Delivery::Snapshot),
        Command::Guardduty(corpus) => corpus.write_findings(findings::Source::GuardDuty),
        Command::SecurityHub(corpus) => corpus.write_findings(findings::Source::SecurityHub),
        Command::Fixtures { out } => {
            let root = out.parent().context("the fixtures' folder needs a parent for `bad`")?;
            let count = fixtures::write(&out, root)?;
            say(&format!("{count} objects"))
        }
    }
}

impl Corpus {
    fn write(&self, stream: Stream) -> anyhow::Result<()> {
        if let Some(folder) = &self.out_dir {
            let events = self.events.unwrap_or(1000);
            let (keys, written) = tree(folder, self.seed, stream, self.objects, events, self.plain)?;
            return say(&format!("{} objects, {}", keys.len(), figures(written)));
        }
        let size = self.size();
        let mut generator = Generator::new(self.seed, stream);
        match &self.out {
            None => bail!("--out FILE or --out-dir DIR"),
            Some(path) if path.as_os_str() == "-" => {
                generator.file(BufWriter::new(stdout().lock()), size, self.plain)?;
                Ok(())
            }
            Some(path) => {
                let file = File::create(path).with_context(|| path.display().to_string())?;
                say(&figures(generator.file(BufWriter::new(file), size, self.plain)?))
            }
        }
    }
}

impl Corpus {
    fn size(&self) -> Size {
        match (self.events, self.decoded_bytes) {
            (_, Some(bytes)) => Size::Bytes(bytes),
            (events, None) => Size::Records(events.unwrap_or(50_000)),
        }
    }

    /// The seed of one object's source: the corpus's own, unless there are many objects.
    fn source_seed(&self, rng: &mut Rng) -> u64 {
        if self.out_dir.is_some() { rng.bits() } else { self.seed }
    }

    fn write_items(&self, delivery: Delivery) -> anyhow::Result<()> {
        self.write_from(&|rng, origin| {
            let seed = self.source_seed(rng);
            let key = config_item::key(rng, seed, delivery, origin);
            (key, Box::new(Items::new(seed, delivery, origin)))
        })
    }

    /// Writes the objects of a source that `make` gives with its key.
    fn write_from(&self, make: &dyn Fn(&mut Rng, Origin) -> Made) -> anyhow::Result<()> {
        if let Some(folder) = &self.out_dir {
            let count = (self.objects, self.events.unwrap_or(1000));
            let (keys, written) = corpus::tree(folder, self.seed, count, self.plain, make)?;
            return say(&format!("{} objects, {}", keys.len(), figures(written)));
        }
        let (_, mut source) = make(&mut Rng::new(self.seed), corpus::single());
        match &self.out {
            None => bail!("--out FILE or --out-dir DIR"),
            Some(path) if path.as_os_str() == "-" => {
                corpus::file(source.as_mut(), BufWriter::new(stdout().lock()), self.size(), self.plain)?;
                Ok(())
            }
            Some(path) => {
                let file = File::create(path).with_context(|| path.display().to_string())?;
                let written = corpus::file(source.as_mut(), BufWriter::new(file), self.size(), self.plain)?;
                say(&figures(written))
            }
        }
    }

    fn write_findings(&self, source: findings::Source) -> anyhow::Result<()> {
        if let Some(folder) = &self.out_dir {
            let events = self.events.unwrap_or(1000);
            let (keys, written) =
                findings::tree(folder, self.seed, source, self.objects, events, self.plain)?;
            return say(&format!("{} objects, {}", keys.len(), figures(written)));
        }
        let mut generator = findings::Generator::new(self.seed, source);
        match &self.out {
            None => bail!("--out FILE or --out-dir DIR"),
            Some(path) if path.as_os_str() == "-" => {
                generator.file(BufWriter::new(stdout().lock()), self.size(), self.plain)?;
                Ok(())
            }
            Some(path) => {
                let file = File::create(path).with_context(|| path.display().to_string())?;
                say(&figures(generator.file(BufWriter::new(file), self.size(), self.plain)?))
            }
        }
    }
}

fn figures(written: Written) -> String {
    format!("{} records, {} bytes decoded", written.records, written.decoded)
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(stdout().lock(), "{line}")?)
}

/// A size with a unit: `2GB`, `64MiB`, `1000`.
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text.strip_prefix(digits) {
        Some("" | "B") => 1,
        Some("kB" | "KB") => 1_000,
        Some("MB") => 1_000_000,
        Some("GB") => 1_000_000_000,
        Some("MiB") => 1 << 20,
        Some("GiB") => 1 << 30,
        _ => return Err("units are B, kB, MB, GB, MiB, GiB".to_owned()),
    };
    let number: u64 = digits.parse().map_err(|error| format!("{digits}: {error}"))?;
    number.checked_mul(unit).ok_or_else(|| "too large".to_owned())
}
