//! Writes corpora for benchmarks and the fixture objects of the tests.

use std::{
    fs::File,
    io::{BufWriter, Write as _, stdout},
    path::PathBuf,
};

use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand};
use siem_benches::{
    fixtures,
    object::{Generator, Size, Stream, Written, tree},
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
        let size = match (self.events, self.decoded_bytes) {
            (_, Some(bytes)) => Size::Bytes(bytes),
            (events, None) => Size::Records(events.unwrap_or(50_000)),
        };
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
