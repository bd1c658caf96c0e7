//! Line plots as SVG. An own writer of some hundred lines and not a library: colours are CSS variables, so that one page
//! reads in light and in dark; the library one would take (plotters 0.3.7 with SVG alone, four crates) fixes them while
//! drawing.

use std::fmt::Write;

/// One line.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub(super) name: String,
    /// Ascending in x.
    pub(super) points: Vec<Point>,
    /// Points are marked: they were measured, and what is between them was not.
    pub(super) marked: bool,
}

/// One point; `low` and `high` are drawn where they differ.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Point {
    /// Without a spread.
    pub(super) fn at(x: f64, y: f64) -> Self {
        Self { x, y, low: y, high: y }
    }
}

/// A plot.
#[derive(Debug, Clone, Default)]
pub(super) struct Plot {
    pub(super) title: String,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) lines: Vec<Line>,
    /// Equal steps of x are equal factors.
    pub(super) doubling: bool,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 46.0;

/// Steps of the y axis, about.
const STEPS: f64 = 5.0;

/// Lines have one of so many colours.
const COLOURS: usize = 6;

/// Labels of x that have room.
const LABELS: usize = 12;

impl Plot {
    /// As a figure of HTML; empty where there is nothing to see.
    pub(super) fn html(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let top = points().map(|point| point.high).fold(0.0, f64::max);
        let (first, last) = points()
            .fold((f64::MAX, f64::MIN), |(first, last), point| (first.min(point.x), last.max(point.x)));
        if top <= 0.0 || first > last {
            return String::new();
        }
        let step = step(top / STEPS);
        let top = (top / step).ceil() * step;
        let along = |x: f64| if self.doubling { x.max(f64::MIN_POSITIVE).log2() } else { x };
        let (from, to) = (along(first), along(last));
        let wide = WIDTH - LEFT - RIGHT;
        let px = |x: f64| match to - from {
            range if range > 0.0 => LEFT + (along(x) - from) / range * wide,
            _ => LEFT + wide / 2.0,
        };
        let py = |y: f64| TOP + (1.0 - y / top) * (HEIGHT - TOP - BOTTOM);
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "<figure><figcaption>{title}</figcaption><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             aria-label=\"{title}\">",
            title = escaped(&self.title)
        );
        let mut at = 0.0;
        while at <= top * 1.000_001 {
            let (y, label) = (py(at), number(at));
            let _ = write!(
                out,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text class=\"end\" \
                 x=\"{}\" y=\"{:.1}\">{label}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                y + 4.0
            );
            at += step;
        }
        let bottom = HEIGHT - BOTTOM;
        for x in self.labels(first, last) {
            let _ = write!(
                out,
                "<text class=\"mid\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                px(x),
                bottom + 18.0,
                number(x)
            );
        }
        let _ = write!(
            out,
            "<text class=\"mid axis\" x=\"{:.1}\" y=\"{:.1}\">{}</text><text class=\"mid axis\" \
             transform=\"translate(14 {:.1}) rotate(-90)\">{}</text>",
            LEFT + wide / 2.0,
            HEIGHT - 8.0,
            escaped(&self.x),
            TOP + (bottom - TOP) / 2.0,
            escaped(&self.y)
        );
        for (place, line) in self.lines.iter().enumerate() {
            let colour = place % COLOURS;
            let path: Vec<String> =
                line.points.iter().map(|point| format!("{:.1},{:.1}", px(point.x), py(point.y))).collect();
            let _ = write!(out, "<polyline class=\"line c{colour}\" points=\"{}\"/>", path.join(" "));
            for point in line.points.iter().filter(|_| line.marked) {
                let (x, low, high) = (px(point.x), py(point.low), py(point.high));
                let _ = write!(
                    out,
                    "<line class=\"line c{colour}\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{low:.1}\" y2=\"{high:.1}\"/>\
                     <circle class=\"f{colour}\" cx=\"{x:.1}\" cy=\"{:.1}\" r=\"4\"><title>{}: {}</title></circle>",
                    py(point.y),
                    number(point.x),
                    number(point.y)
                );
            }
        }
        out.push_str("</svg>");
        if self.lines.len() > 1 || self.lines.iter().any(|line| !line.name.is_empty()) {
            out.push_str("<p class=\"legend\">");
            for (place, line) in self.lines.iter().enumerate() {
                let _ = write!(
                    out,
                    "<span><i class=\"b{}\"></i>{}</span> ",
                    place % COLOURS,
                    escaped(&line.name)
                );
            }
            out.push_str("</p>");
        }
        out.push_str("</figure>\n");
        out
    }

    /// Where x is labelled: where something was measured, or in even steps.
    fn labels(&self, first: f64, last: f64) -> Vec<f64> {
        if self.lines.iter().any(|line| line.marked) {
            let mut all: Vec<f64> =
                self.lines.iter().flat_map(|line| &line.points).map(|point| point.x).collect();
            all.sort_by(f64::total_cmp);
            all.dedup();
            let every = all.len().div_ceil(LABELS).max(1);
            return all.into_iter().step_by(every).collect();
        }
        let step = step((last - first) / STEPS);
        let begin = (first / step).ceil();
        (0..LABELS).map(|place| (begin + place as f64) * step).take_while(|x| *x <= last).collect()
    }
}

/// 1, 2 or 5 times a power of ten, not below.
fn step(least: f64) -> f64 {
    let power = 10_f64.powf(least.max(1e-9).log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|times| times * power).find(|step| *step >= least).unwrap_or(10.0 * power)
}

/// Short: three digits that mean something.
pub(super) fn number(figure: f64) -> String {
    let (divided, unit) = match figure.abs() {
        large if large >= 1e9 => (figure / 1e9, "G"),
        large if large >= 1e6 => (figure / 1e6, "M"),
        large if large >= 1e4 => (figure / 1e3, "k"),
        _ => (figure, ""),
    };
    let digits = match divided.abs() {
        size if size >= 100.0 || size == 0.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{divided:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{unit}")
}

/// Text inside HTML and its attributes.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{Line, Plot, Point, escaped, number, step};

    #[test]
    fn axes_have_round_steps_and_numbers_are_short() {
        assert_eq!((step(0.3), step(7.0), step(100.0)), (0.5, 10.0, 100.0));
        assert_eq!(
            (number(0.0), number(12_345.0), number(2_000_000.0), number(1.5)),
            ("0".into(), "12.3k".into(), "2M".into(), "1.5".into())
        );
    }

    #[test]
    fn nothing_measured_draws_nothing_and_names_are_escaped() {
        assert_eq!(Plot::default().html(), "");
        let line = Line { name: "<b>".to_owned(), points: vec![Point::at(1.0, 2.0)], marked: true };
        let html = Plot { title: "t".to_owned(), lines: vec![line], ..Plot::default() }.html();
        assert!(html.contains("&lt;b&gt;") && !html.contains("<b>") && !html.contains("NaN"), "{html}");
        assert_eq!(escaped("a\"&"), "a&quot;&amp;");
    }
}
