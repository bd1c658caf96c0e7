//! The words in which a dashboard is defined.

use crate::pattern::Pattern;

/// A dashboard.
#[derive(Debug)]
pub struct Dashboard {
    /// Its id is `siem-loader-` and this.
    pub slug: &'static str,
    /// What titles of its panels begin with.
    pub name: &'static str,
    /// What it answers.
    pub description: &'static str,
    /// Beginning of its time range, such as `now-24h`.
    pub since: &'static str,
    /// Indices of panels that name no others.
    pub pattern: Pattern,
    /// A condition on records that no panel shows, and its name.
    pub hidden: Option<(&'static str, serde_json::Value)>,
    /// Panels side by side, row by row.
    pub rows: Vec<Vec<Panel>>,
}

/// What a panel is drawn as.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Numbers.
    Metric,
    /// Bars over time or names.
    Histogram,
    /// Bars that lie.
    HorizontalBar,
    /// Areas over time.
    Area,
    /// Lines over time.
    Line,
    /// Shares.
    Pie,
    /// Rows.
    Table,
    /// A grid of two groupings.
    Heatmap,
    /// Text.
    Markdown(String),
    /// Lists to choose from: field and label.
    Controls(Vec<(&'static str, &'static str)>),
    /// Documents by columns, sorted by a time, the newest first.
    Search(Vec<&'static str>, &'static str),
}

/// A number of a panel, and its label.
#[derive(Debug, Clone)]
pub struct Metric {
    /// OpenSearch Dashboards' name of the aggregation.
    pub kind: &'static str,
    /// Its field; empty for `count`.
    pub field: &'static str,
    /// What the number is called.
    pub label: &'static str,
}

/// How a panel groups.
#[derive(Debug, Clone)]
pub enum Bucket {
    /// By time, in bars of a length that fits the range.
    Time,
    /// By the values of a field.
    Terms {
        /// The field.
        field: &'static str,
        /// How many values at most.
        size: u32,
        /// Number of the metric to order by, from 0.
        by: usize,
        /// The smallest first.
        ascending: bool,
        /// What is not shown is one more value.
        other: bool,
    },
    /// By conditions: label and DQL.
    Filters(Vec<(&'static str, String)>),
}

/// A panel.
#[derive(Debug, Clone)]
pub struct Panel {
    pub(crate) slug: &'static str,
    pub(crate) title: &'static str,
    pub(crate) question: &'static str,
    pub(crate) kind: Kind,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) query: String,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) width: Option<u64>,
}

fn panel(kind: Kind, slug: &'static str, title: &'static str, question: &'static str) -> Panel {
    let (metrics, buckets) = (Vec::new(), Vec::new());
    Panel { slug, title, question, kind, metrics, buckets, query: String::new(), pattern: None, width: None }
}

macro_rules! kinds {
    ($($name:ident $kind:ident $what:literal;)*) => {$(
        #[doc = $what]
        #[must_use]
        pub fn $name(slug: &'static str, title: &'static str, question: &'static str) -> Panel {
            panel(Kind::$kind, slug, title, question)
        }
    )*};
}
kinds! {
    metric Metric "Numbers.";
    histogram Histogram "Bars.";
    bars HorizontalBar "Bars that lie.";
    area Area "Areas.";
    line Line "Lines.";
    pie Pie "Shares.";
    table Table "Rows.";
    heatmap Heatmap "A grid.";
}

/// A text.
#[must_use]
pub fn markdown(slug: &'static str, title: &'static str, question: &'static str, text: &str) -> Panel {
    panel(Kind::Markdown(text.to_owned()), slug, title, question)
}

/// Lists to choose from: field and label.
#[must_use]
pub fn controls(question: &'static str, lists: &[(&'static str, &'static str)]) -> Panel {
    panel(Kind::Controls(lists.to_vec()), "controls", "Controls", question)
}

/// Columns of every saved search: which object of the bucket the record is from, and its place there.
const PROVENANCE: [&str; 3] = ["@log_s3bucket", "@log_s3key", "siem.ordinal"];

/// Documents with their provenance.
#[must_use]
pub fn search(
    slug: &'static str,
    title: &'static str,
    question: &'static str,
    columns: &[&'static str],
) -> Panel {
    let columns = columns.iter().copied().chain(PROVENANCE).collect();
    panel(Kind::Search(columns, "@timestamp"), slug, title, question)
}

/// Documents with the columns named and no others, sorted by a time.
#[must_use]
pub fn search_by(
    slug: &'static str,
    title: &'static str,
    question: &'static str,
    time: &'static str,
    columns: &[&'static str],
) -> Panel {
    panel(Kind::Search(columns.to_vec(), time), slug, title, question)
}

impl Panel {
    fn number(mut self, kind: &'static str, field: &'static str, label: &'static str) -> Self {
        self.metrics.push(Metric { kind, field, label });
        self
    }

    /// Number of documents.
    #[must_use]
    pub fn count(self, label: &'static str) -> Self {
        self.number("count", "", label)
    }

    /// Number of different values.
    #[must_use]
    pub fn distinct(self, field: &'static str, label: &'static str) -> Self {
        self.number("cardinality", field, label)
    }

    /// Sum.
    #[must_use]
    pub fn sum(self, field: &'static str, label: &'static str) -> Self {
        self.number("sum", field, label)
    }

    /// Largest value, or latest time.
    #[must_use]
    pub fn max(self, field: &'static str, label: &'static str) -> Self {
        self.number("max", field, label)
    }

    /// Smallest value, or earliest time.
    #[must_use]
    pub fn min(self, field: &'static str, label: &'static str) -> Self {
        self.number("min", field, label)
    }

    /// Mean.
    #[must_use]
    pub fn avg(self, field: &'static str, label: &'static str) -> Self {
        self.number("avg", field, label)
    }

    /// Median and 99th percentile.
    #[must_use]
    pub fn percentiles(self, field: &'static str, label: &'static str) -> Self {
        self.number("percentiles", field, label)
    }

    /// Value of the newest document.
    #[must_use]
    pub fn last(self, field: &'static str, label: &'static str) -> Self {
        self.number("top_hits", field, label)
    }

    /// Groups by time.
    #[must_use]
    pub fn over_time(mut self) -> Self {
        self.buckets.push(Bucket::Time);
        self
    }

    /// Groups by a field, most of the first number first.
    #[must_use]
    pub fn by(self, field: &'static str, size: u32) -> Self {
        self.by_most(field, size, 0)
    }

    /// Groups by a field, most of the given number first.
    #[must_use]
    pub fn by_most(mut self, field: &'static str, size: u32, by: usize) -> Self {
        self.buckets.push(Bucket::Terms { field, size, by, ascending: false, other: false });
        self
    }

    /// Groups by a field, least of the given number first.
    #[must_use]
    pub fn by_least(mut self, field: &'static str, size: u32, by: usize) -> Self {
        self.buckets.push(Bucket::Terms { field, size, by, ascending: true, other: false });
        self
    }

    /// Groups by a field; what is beyond the size is one more value.
    #[must_use]
    pub fn by_and_other(mut self, field: &'static str, size: u32) -> Self {
        self.buckets.push(Bucket::Terms { field, size, by: 0, ascending: false, other: true });
        self
    }

    /// Groups by conditions.
    #[must_use]
    pub fn by_filters<S: Into<String>>(
        mut self,
        filters: impl IntoIterator<Item = (&'static str, S)>,
    ) -> Self {
        let filters = filters.into_iter().map(|(label, dql)| (label, dql.into())).collect();
        self.buckets.push(Bucket::Filters(filters));
        self
    }

    /// Only documents that a DQL condition holds for.
    #[must_use]
    pub fn only(mut self, dql: impl Into<String>) -> Self {
        self.query = dql.into();
        self
    }

    /// Other indices than the dashboard's.
    #[must_use]
    pub fn on(mut self, pattern: Pattern) -> Self {
        self.pattern = Some(pattern);
        self
    }

    /// Another width than that of its kind; the whole is 48.
    #[must_use]
    pub fn wide(mut self, width: u64) -> Self {
        self.width = Some(width);
        self
    }

    /// Width in the grid of 48 columns.
    pub(crate) fn width(&self) -> u64 {
        let several = self.metrics.len() > 1 || !self.buckets.is_empty();
        self.width.unwrap_or(match self.kind {
            Kind::Metric => {
                if several {
                    16
                } else {
                    8
                }
            }
            Kind::Search(..) | Kind::Controls(_) | Kind::Markdown(_) => 48,
            _ => 24,
        })
    }

    /// Height in the grid.
    pub(crate) fn height(&self) -> u64 {
        match self.kind {
            Kind::Metric | Kind::Controls(_) => 6,
            Kind::Markdown(_) => 7,
            Kind::Search(..) => 18,
            _ => 12,
        }
    }
}
