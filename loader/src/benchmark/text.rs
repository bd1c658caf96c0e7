//! The figures as tables for a terminal, and for the page.

use super::{
    plot::number,
    report::{FeedRow, Report, Spread},
};

/// One table: all cells are text.
pub(super) struct Table {
    pub(super) title: String,
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

/// `4.32 (4.20–4.71)`.
fn spread(spread: &Spread) -> String {
    let Spread { median, min, max, runs } = spread;
    if *runs < 2 {
        number(*median)
    } else {
        format!("{} ({}–{})", number(*median), number(*min), number(*max))
    }
}

fn maybe(figure: Option<&Spread>) -> String {
    figure.map_or_else(|| "–".to_owned(), spread)
}

fn mb(bytes: u64) -> String {
    number(bytes as f64 / 1e6)
}

/// What was measured on what, in lines.
pub(super) fn heading(report: &Report) -> Vec<String> {
    let machine = &report.machine;
    let load =
        machine.load_1m.map_or_else(String::new, |load| format!(", load average {load:.2} at the start"));
    let mut lines = vec![
        format!("siem-loader {}, {}, {:.0} s", report.version, report.began, report.seconds),
        format!(
            "{} cores, {} ({}), {:.1} GB of memory{load}",
            machine.cores,
            machine.cpu,
            machine.arch,
            machine.memory_bytes as f64 / 1e9
        ),
    ];
    if let Some(inflate) = &report.inflate_yardstick {
        lines.push(format!(
            "yardstick: inflating a CloudTrail object (zlib-rs) took {} CPU-seconds per GB in the same minutes",
            spread(inflate)
        ));
    }
    for corpus in &report.corpora {
        lines.push(format!(
            "{} ({}): {} objects, {} records, {} MB decoded",
            corpus.log,
            if corpus.made { "made" } else { "given" },
            corpus.objects,
            corpus.records,
            mb(corpus.decoded_bytes)
        ));
    }
    lines.push("medians of repeated runs (least–most); GB and MB are 10⁹ and 10⁶ decoded bytes".to_owned());
    lines
}

/// All tables that have a row.
pub(super) fn tables(report: &Report) -> Vec<Table> {
    let mut tables = local(report);
    tables.extend(cluster(report));
    tables.extend(lambda(report));
    tables.retain(|table| !table.rows.is_empty());
    tables
}

fn local(report: &Report) -> Vec<Table> {
    let stages = report.stages.iter().map(|row| {
        let figures = [&row.inflate, &row.cut, &row.render, &row.gzip, &row.zstd];
        std::iter::once(row.log.clone()).chain(figures.into_iter().map(spread)).collect()
    });
    let whole = report.whole.iter().map(|row| {
        vec![
            row.log.clone(),
            row.packing.to_owned(),
            row.threads.to_string(),
            spread(&row.mb_per_second),
            spread(&row.documents_per_second),
            spread(&row.cpu_seconds_per_gb),
            mb(row.peak_memory_bytes),
            number(row.out_per_in),
        ]
    });
    let scaling = report
        .scaling
        .iter()
        .map(|row| vec![row.threads.to_string(), spread(&row.mb_per_second), format!("{:.2}", row.speedup)]);
    let sizes = report.sizes.iter().map(|row| {
        vec![
            number(row.decoded_bytes as f64),
            spread(&row.seconds),
            spread(&row.mb_per_second),
            spread(&row.cpu_seconds_per_gb),
            mb(row.peak_memory_bytes),
        ]
    });
    let objects = report.objects.iter().map(|row| {
        vec![
            row.objects.to_string(),
            spread(&row.seconds),
            spread(&row.objects_per_second),
            maybe(row.cpu_us_per_object.as_ref()),
            mb(row.peak_memory_bytes),
        ]
    });
    vec![
        Table {
            title: "Stages, one thread, CPU-seconds per GB".to_owned(),
            head: vec!["log", "inflate", "cut", "render", "gzip", "zstd"],
            rows: stages.collect(),
        },
        Table {
            title: "Whole, without a cluster".to_owned(),
            head: vec![
                "log",
                "packing",
                "threads",
                "MB/s",
                "documents/s",
                "CPU-s/GB",
                "peak MB",
                "bytes out:in",
            ],
            rows: whole.collect(),
        },
        Table {
            title: "One large CloudTrail object, gzip on".to_owned(),
            head: vec!["threads", "MB/s", "times one thread"],
            rows: scaling.collect(),
        },
        Table {
            title: "One CloudTrail object by its size".to_owned(),
            head: vec!["bytes decoded", "seconds", "MB/s", "CPU-s/GB", "peak MB"],
            rows: sizes.collect(),
        },
        Table {
            title: "CloudTrail objects of 2 KB".to_owned(),
            head: vec!["objects", "seconds", "objects/s", "CPU µs each", "peak MB"],
            rows: objects.collect(),
        },
    ]
}

fn cluster(report: &Report) -> Vec<Table> {
    let Some(part) = &report.cluster else { return Vec::new() };
    let table = |title: &str, rows: &[FeedRow]| Table {
        title: title.to_owned(),
        head: vec![
            "log",
            "requests",
            "body MB",
            "documents/s",
            "MB/s",
            "p50 ms",
            "p90",
            "p99",
            "max",
            "retries",
            "refused",
            "index µs/doc",
            "disk B/doc",
            "our CPU-s/GB",
        ],
        rows: rows.iter().map(fed).collect(),
    };
    let known = |figure: Option<u64>| figure.map_or_else(|| "?".to_owned(), |figure| figure.to_string());
    let packing = part.logs.first().map_or("", |row| row.packing);
    let title = format!(
        "Indexing into {} {} ({} data nodes, {} shards, {} replicas), packing {packing}",
        part.distribution,
        part.version.as_deref().unwrap_or(""),
        known(part.data_nodes),
        known(part.shards),
        known(part.replicas)
    );
    vec![
        table(&title, &part.logs),
        table("Indexing by requests at a time", &part.concurrency),
        table("Indexing by size of bodies", &part.body_sizes),
    ]
}

fn fed(row: &FeedRow) -> Vec<String> {
    vec![
        row.log.clone(),
        row.requests.map_or_else(|| "auto".to_owned(), |requests| requests.to_string()),
        number(row.mean_body_bytes / 1e6),
        spread(&row.documents_per_second),
        spread(&row.mb_per_second),
        number(row.latency.p50_ms),
        number(row.latency.p90_ms),
        number(row.latency.p99_ms),
        number(row.latency.max_ms),
        row.bulk_retries.to_string(),
        row.refused_items.to_string(),
        maybe(row.index_us_per_document.as_ref()),
        maybe(row.disk_bytes_per_document.as_ref()),
        spread(&row.loader_cpu_seconds_per_gb),
    ]
}

fn lambda(report: &Report) -> Vec<Table> {
    let prices = &report.prices;
    let rows = report.lambda.iter().map(|row| {
        vec![
            row.log.clone(),
            format!("{}{}", row.memory_mb, if row.fits { "" } else { " (too small)" }),
            format!("{:.2}", row.vcpu),
            number(row.duration_ms),
            number(row.gb_seconds),
            format!("{:.2}", row.usd_compute),
            format!("{:.2}", row.usd_invocations + row.usd_sqs + row.usd_s3_gets),
            format!("{:.2}", row.usd),
        ]
    });
    vec![Table {
        title: format!(
            "As a Lambda function, an estimate for 10¹² decoded bytes: objects of {} KB, {} a batch, one vCPU = {} of a core \
             here; USD, prices as of 2026-11 unless given",
            number(prices.object_kb),
            number(prices.batch),
            number(prices.lambda_speed)
        ),
        head: vec!["log", "memory MB", "vCPU", "ms a batch", "GB-s", "compute", "requests", "all"],
        rows: rows.collect(),
    }]
}

/// Everything for a terminal.
pub(crate) fn text(report: &Report) -> String {
    let mut out = heading(report);
    for table in tables(report) {
        out.push(String::new());
        out.push(table.title);
        let mut widths: Vec<usize> = table.head.iter().map(|cell| cell.chars().count()).collect();
        for row in &table.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let padded = cells.zip(&widths).enumerate().map(|(place, (cell, &width))| {
                if place == 0 { format!("  {cell:<width$}") } else { format!("  {cell:>width$}") }
            });
            padded.collect::<String>().trim_end().to_owned()
        };
        out.push(line(&mut table.head.iter().copied()));
        out.extend(table.rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    }
    for warning in &report.warnings {
        out.push(String::new());
        out.push(format!("note: {warning}"));
    }
    out.join("\n")
}
