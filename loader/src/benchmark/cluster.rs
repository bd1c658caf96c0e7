//! The cluster's side of a benchmark: indices of its own, what they say of the work, and their end.

use opensearch::http::Method;
use serde_json::{Value, json};
use siem_parsers::document::Profile;
use tokio::runtime::Handle;

use super::{Error, report::ClusterPart};
use crate::{
    sink::{Cluster, classify_response},
    templates,
};

/// The indices of one benchmark, all named by one mark, which none had before.
pub(super) struct Estate<'a> {
    cluster: &'a Cluster,
    runtime: &'a Handle,
    /// `bench`, or `bench-NAME`.
    base: &'a str,
    runs: u32,
}

/// What the indices of a run say.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Figures {
    /// Documents of records.
    pub(super) documents: u64,
    pub(super) index_millis: u64,
    pub(super) disk_bytes: u64,
}

impl<'a> Estate<'a> {
    /// Looks that there is nothing yet, and installs the templates that are missing.
    ///
    /// # Errors
    /// [`Error::Exists`] where an index of such a name is there: nothing of it is touched.
    pub(super) fn found(
        cluster: &'a Cluster,
        runtime: &'a Handle,
        base: &'a str,
        profile: Profile,
    ) -> Result<(Self, ClusterPart), Error> {
        let estate = Self { cluster, runtime, base, runs: 0 };
        let info = runtime.block_on(cluster.info())?;
        let there = estate.list()?;
        if !there.is_empty() {
            return Err(Error::Exists { names: there.join(", ") });
        }
        let templates_installed = runtime.block_on(templates::install_missing(cluster, profile))?;
        let health = estate.ask(Method::Get, "/_cluster/health", &[], None).unwrap_or_default();
        let part = ClusterPart {
            url: cluster.url().to_owned(),
            version: info.number,
            distribution: info.distribution,
            data_nodes: health.get("number_of_data_nodes").and_then(Value::as_u64),
            shards: None,
            replicas: None,
            templates_installed,
            logs: Vec::new(),
            concurrency: Vec::new(),
            body_sizes: Vec::new(),
        };
        Ok((estate, part))
    }

    /// The mark of the next run.
    pub(super) fn next_mark(&mut self) -> String {
        self.runs += 1;
        format!("{}-r{}", self.base, self.runs)
    }

    /// Makes the index of the current state of findings, whose template is for its own name only, as that would be.
    pub(super) fn make_states(&self, mark: &str) -> Result<(), Error> {
        let simulated =
            self.ask(Method::Post, "/_index_template/_simulate_index/siem-findings-current", &[], None)?;
        let part = |name: &str| simulated.pointer(&format!("/template/{name}")).cloned().unwrap_or(json!({}));
        let body = json!({"settings": part("settings"), "mappings": part("mappings")}).to_string();
        self.ask(Method::Put, &format!("/siem-findings-current-{mark}"), &[], Some(&body)).map(drop)
    }

    /// What the indices of a run came to.
    pub(super) fn figures(&self, mark: &str, merge: bool) -> Result<Figures, Error> {
        let (records, all) = (format!("log-aws-*-{mark}-*"), self.names(mark));
        self.ask(Method::Post, &format!("/{all}/_refresh"), &[], None)?;
        if merge {
            self.ask(Method::Post, &format!("/{all}/_forcemerge"), &[("max_num_segments", "1")], None)?;
            self.ask(Method::Post, &format!("/{all}/_flush"), &[], None)?;
        }
        let count = self.ask(Method::Get, &format!("/{records}/_count"), &[], None)?;
        let stats = self.ask(Method::Get, &format!("/{all}/_stats/indexing,store"), &[], None)?;
        let figure = |path: &str| stats.pointer(&format!("/_all/primaries/{path}")).and_then(Value::as_u64);
        Ok(Figures {
            documents: count.get("count").and_then(Value::as_u64).unwrap_or(0),
            index_millis: figure("indexing/index_time_in_millis").unwrap_or(0),
            disk_bytes: figure("store/size_in_bytes").unwrap_or(0),
        })
    }

    /// Shards and replicas of an index of a run.
    pub(super) fn layout(&self, mark: &str) -> Option<(u64, u64)> {
        let settings = self.ask(Method::Get, &format!("/log-aws-*-{mark}-*/_settings"), &[], None).ok()?;
        let index = settings.as_object()?.values().next()?.pointer("/settings/index")?.clone();
        let number = |name: &str| index.get(name)?.as_str()?.parse().ok();
        Some((number("number_of_shards")?, number("number_of_replicas")?))
    }

    /// Deletes what the runs made: each index by its name, of those that did not exist before.
    pub(super) fn delete(&self) -> Result<(), Error> {
        for name in self.list()? {
            self.ask(Method::Delete, &format!("/{name}"), &[], None)?;
        }
        Ok(())
    }

    /// All indices of a mark.
    fn names(&self, mark: &str) -> String {
        format!("log-aws-*-{mark}-*,siem-findings-current-{mark}*")
    }

    /// Names of the indices that are there.
    fn list(&self) -> Result<Vec<String>, Error> {
        let base = self.base;
        let path = format!("/_cat/indices/log-aws-*-{base}-r*,siem-findings-current-{base}-r*");
        let query = [("format", "json"), ("h", "index"), ("expand_wildcards", "all")];
        let listed = self.ask(Method::Get, &path, &query, None)?;
        let names = listed.as_array().into_iter().flatten();
        Ok(names.filter_map(|entry| entry.get("index")?.as_str().map(str::to_owned)).collect())
    }

    fn ask(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&str>,
    ) -> Result<Value, Error> {
        let (status, answer) = self.runtime.block_on(self.cluster.call(method, path, query, body))?;
        if !(200..300).contains(&status) {
            return Err(classify_response(self.cluster.url(), status, &answer).into());
        }
        serde_json::from_slice(&answer)
            .map_err(|_| Error::Run(format!("{} answers no JSON to {path}", self.cluster.url())))
    }
}
