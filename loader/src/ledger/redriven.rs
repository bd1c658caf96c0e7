//! Dead letters that went through: the ledger's document of their object gets the number of those that are left.

use serde_json::{Value, json};
use siem_parsers::source::read_key;

use super::{INDEX, Ledger, index_of};
use crate::{
    error::SinkError,
    fetch::ObjectRef,
    pipeline::ObjectStatus,
    sink::{Method, classify_response},
};

/// Tries where somebody else writes the same document meanwhile.
const TRIES: u32 = 5;

impl Ledger {
    /// Sets how many dead letters of an object are left; the others count as indexed. May be done again: it is the
    /// number that is told, and not a difference. `whole`: nothing else is wrong with the object. An object that the ledger
    /// does not have is no error.
    ///
    /// # Errors
    /// The ledger cannot be read or written.
    pub async fn redriven(
        &self,
        object: &ObjectRef,
        id: &str,
        left: u64,
        whole: bool,
    ) -> Result<(), SinkError> {
        for _ in 0..TRIES {
            let Some((index, version, mut document)) = self.document(object, id).await? else {
                return Ok(());
            };
            let records = |name: &str| document.pointer(&format!("/records/{name}")).and_then(Value::as_u64);
            let (before, indexed) = (records("dead_lettered").unwrap_or(0), records("indexed").unwrap_or(0));
            if left >= before {
                return Ok(());
            }
            if let Some(records) = document.get_mut("records").and_then(Value::as_object_mut) {
                records.insert("dead_lettered".to_owned(), left.into());
                records.insert("indexed".to_owned(), (indexed + before - left).into());
            }
            // Where an unfinished object goes on, it begins with these figures.
            if let Some(earlier) = document.pointer_mut("/progress/counts").and_then(Value::as_object_mut) {
                let indexed = earlier.get("indexed").and_then(Value::as_u64).unwrap_or(0);
                earlier.insert("dead_lettered".to_owned(), left.into());
                earlier.insert("indexed".to_owned(), (indexed + before - left).into());
            }
            let partial =
                document.pointer("/object/status").is_some_and(|s| s == ObjectStatus::Partial.as_str());
            let rejected = document.pointer("/records/rejected").and_then(Value::as_u64).unwrap_or(0);
            let unfinished = document.get("progress").is_some();
            if left == 0 && rejected == 0 && partial && whole && !unfinished {
                if let Some(status) = document.pointer_mut("/object/status") {
                    *status = ObjectStatus::Loaded.as_str().into();
                }
                if let Some(document) = document.as_object_mut() {
                    document.remove("error");
                }
            }
            let version = (version + 1).to_string();
            let query = [("version", version.as_str()), ("version_type", "external")];
            let body = document.to_string();
            let path = format!("/{index}/_doc/{id}");
            let (status, answer) = self.cluster.call(Method::Put, &path, &query, Some(&body)).await?;
            match status {
                200 | 201 => return Ok(()),
                409 => {}
                _ => return Err(classify_response(self.cluster.url(), status, &answer)),
            }
        }
        Ok(())
    }

    /// Index, version and content of the document of an object.
    async fn document(
        &self,
        object: &ObjectRef,
        id: &str,
    ) -> Result<Option<(String, i64, Value)>, SinkError> {
        let key = read_key(&object.key);
        if key.time.is_some() {
            let index = index_of(object, &key);
            let (status, answer) =
                self.cluster.call(Method::Get, &format!("/{index}/_doc/{id}"), &[], None).await?;
            return match (status, serde_json::from_slice::<Value>(&answer)) {
                (200, Ok(mut hit)) => Ok(taken(&mut hit)),
                (404, _) => Ok(None),
                _ => Err(classify_response(self.cluster.url(), status, &answer)),
            };
        }
        // Its index is by a time that the letter does not know.
        let body = json!({"query": {"ids": {"values": [id]}}, "version": true, "size": 1}).to_string();
        let path = format!("/{INDEX}*/_search");
        let query = [("ignore_unavailable", "true")];
        let (status, answer) = self.cluster.call(Method::Post, &path, &query, Some(&body)).await?;
        match (status, serde_json::from_slice::<Value>(&answer)) {
            (200, Ok(mut found)) => Ok(found.pointer_mut("/hits/hits/0").and_then(taken)),
            _ => Err(classify_response(self.cluster.url(), status, &answer)),
        }
    }
}

fn taken(hit: &mut Value) -> Option<(String, i64, Value)> {
    let index = hit.get("_index")?.as_str()?.to_owned();
    let version = hit.get("_version")?.as_i64()?;
    Some((index, version, hit.get_mut("_source")?.take()))
}
