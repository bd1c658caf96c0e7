//! The figures as one page: tables, and plots as SVG inside it. It loads nothing from anywhere.

use std::fmt::Write;

use super::{
    plot::{Line, Plot, Point, escaped},
    report::{FeedRow, Report, Spread},
    text::{heading, tables},
};

/// Light, and dark where the reader has that.
const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#5b6470;--paper:#fff;--grid:#e3e6ea;
--c0:#2166c4;--c1:#c2410c;--c2:#15803d;--c3:#7c3aed;--c4:#b91c5c;--c5:#0e7490}
@media (prefers-color-scheme:dark){:root{--ink:#e6e8eb;--dim:#9aa4b0;--paper:#15181c;--grid:#2c323a;
--c0:#6ea8fe;--c1:#fb923c;--c2:#4ade80;--c3:#c4a1ff;--c4:#f472b6;--c5:#22d3ee}}
body{margin:2rem auto;max-width:86rem;padding:0 1rem;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem}h2{font-size:1.05rem;margin:2rem 0 .4rem}.dim,figcaption{color:var(--dim)}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(26rem,1fr));gap:1rem}
figure{margin:0;border:1px solid var(--grid);border-radius:8px;padding:.8rem}figcaption{margin-bottom:.3rem}
svg{width:100%;height:auto;display:block}svg text{fill:var(--dim);font:12px system-ui,sans-serif}
.end{text-anchor:end}.mid{text-anchor:middle}.grid{stroke:var(--grid)}.line{fill:none;stroke-width:2}
.c0{stroke:var(--c0)}.c1{stroke:var(--c1)}.c2{stroke:var(--c2)}.c3{stroke:var(--c3)}.c4{stroke:var(--c4)}.c5{stroke:var(--c5)}
.f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}.f4{fill:var(--c4)}.f5{fill:var(--c5)}
.b0{background:var(--c0)}.b1{background:var(--c1)}.b2{background:var(--c2)}.b3{background:var(--c3)}.b4{background:var(--c4)}.b5{background:var(--c5)}
.legend{margin:.3rem 0 0;font-size:.85rem}.legend i{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin:0 .35em 0 .6em}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.88rem}
th,td{padding:.25rem .7rem;text-align:right;border-bottom:1px solid var(--grid);white-space:nowrap}
th{color:var(--dim);font-weight:600}th:first-child,td:first-child{text-align:left}
.note{border-left:3px solid var(--c1);padding:.1rem .8rem}
";

fn point(x: f64, y: &Spread) -> Point {
    Point { x, y: y.median, low: y.min, high: y.max }
}

/// Documents a second against something.
fn fed(rows: &[FeedRow], x: impl Fn(&FeedRow) -> f64) -> Vec<Line> {
    let points = rows.iter().map(|row| point(x(row), &row.documents_per_second)).collect();
    vec![Line { name: rows.first().map_or_else(String::new, |row| row.log.clone()), points, marked: true }]
}

fn plots(report: &Report) -> Vec<Plot> {
    let mut plots = Vec::new();
    let marked = |name: &str, points: Vec<Point>| Line { name: name.to_owned(), points, marked: true };
    if let Some(part) = &report.cluster {
        plots.push(Plot {
            title: "Throughput against requests at a time".to_owned(),
            x: "bulk requests at a time".to_owned(),
            y: "documents a second".to_owned(),
            lines: fed(&part.concurrency, |row| row.requests.unwrap_or(0) as f64),
            doubling: true,
        });
        plots.push(Plot {
            title: "Throughput against size of bodies, 4 requests at a time".to_owned(),
            x: "MiB of a body, before packing".to_owned(),
            y: "documents a second".to_owned(),
            lines: fed(&part.body_sizes, |row| row.body_bytes.unwrap_or(0) as f64 / 1_048_576.0),
            doubling: true,
        });
    }
    let measured = report.scaling.iter().map(|row| point(row.threads as f64, &row.mb_per_second)).collect();
    let one = report.scaling.first().map_or(0.0, |row| row.mb_per_second.median);
    let even = report.scaling.iter().map(|row| Point::at(row.threads as f64, one * row.threads as f64));
    let even = Line { name: "in proportion".to_owned(), points: even.collect(), marked: false };
    plots.push(Plot {
        title: "One large object over cores, gzip on".to_owned(),
        x: "threads".to_owned(),
        y: "MB decoded a second".to_owned(),
        lines: vec![marked("measured", measured), even],
        doubling: false,
    });
    let curves = report.memory.iter().map(|curve| Line {
        name: curve.name.clone(),
        points: curve.points.iter().map(|&(second, bytes)| Point::at(second, bytes as f64 / 1e6)).collect(),
        marked: false,
    });
    plots.push(Plot {
        title: "Memory over time".to_owned(),
        x: "seconds".to_owned(),
        y: "MB resident".to_owned(),
        lines: curves.collect(),
        doubling: false,
    });
    let sizes = |figure: fn(&super::report::SizeRow) -> Point| report.sizes.iter().map(figure).collect();
    plots.push(Plot {
        title: "One object by its size".to_owned(),
        x: "bytes decoded".to_owned(),
        y: "MB decoded a second".to_owned(),
        lines: vec![marked("", sizes(|row| point(row.decoded_bytes as f64, &row.mb_per_second)))],
        doubling: true,
    });
    plots.push(Plot {
        title: "Memory by size of the object".to_owned(),
        x: "bytes decoded".to_owned(),
        y: "MB resident at most".to_owned(),
        lines: vec![marked(
            "",
            sizes(|row| Point::at(row.decoded_bytes as f64, row.peak_memory_bytes as f64 / 1e6)),
        )],
        doubling: true,
    });
    plots
}

/// The page.
pub(crate) fn page(report: &Report) -> String {
    let mut out = String::with_capacity(64 << 10);
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>siem-loader bench</title><style>{STYLE}</style></head><body>\n\
         <h1>siem-loader bench</h1>\n"
    );
    for line in heading(report) {
        let _ = writeln!(out, "<div class=\"dim\">{}</div>", escaped(&line));
    }
    for warning in &report.warnings {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", escaped(warning));
    }
    let drawn: String = plots(report).iter().map(Plot::html).collect();
    let _ = writeln!(out, "<h2>Plots</h2><div class=\"plots\">\n{drawn}</div>");
    for table in tables(report) {
        let _ = write!(out, "<h2>{}</h2><div class=\"scroll\"><table><tr>", escaped(&table.title));
        for cell in table.head {
            let _ = write!(out, "<th>{}</th>", escaped(cell));
        }
        out.push_str("</tr>\n");
        for row in table.rows {
            out.push_str("<tr>");
            for cell in row {
                let _ = write!(out, "<td>{}</td>", escaped(&cell));
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</table></div>\n");
    }
    out.push_str("</body></html>\n");
    out
}
