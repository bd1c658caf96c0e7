//! Index patterns, searches, visualizations and dashboards: the file, and its way into OpenSearch Dashboards.
//!
//! Dashboards takes them by `POST /api/saved_objects/_import`, a form with one NDJSON file, and answers 200 also where
//! nothing was imported: `success` and `successCount` count. Routes and shapes: `src/core/server/saved_objects/routes`
//! of opensearch-project/OpenSearch-Dashboards.

use bytes::Bytes;
use opensearch::http::Method;
use opensearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::error::SetupError;
use super::owned::{Found, Planned, Record, Records, decide};
use crate::sink::{Cluster, classify_response};

/// The objects of this version.
pub static SAVED_OBJECTS: &str = include_str!("../../../dashboards/siem-loader.ndjson");

/// Without it Dashboards refuses what is no GET.
const XSRF: HeaderName = HeaderName::from_static("osd-xsrf");
/// The tenant of the security plugin.
const TENANT: HeaderName = HeaderName::from_static("securitytenant");
/// What parts of a form are divided by, followed by a number that makes it unlike anything in the file.
const BOUNDARY: &str = "siem-loader-saved-objects-";

/// An OpenSearch Dashboards and one tenant in it.
#[derive(Debug, Clone)]
pub struct Dashboards {
    /// Its address, with the same credentials as the cluster.
    pub server: Cluster,
    /// Tenant; none: the one that the user has by default.
    pub tenant: Option<String>,
}

/// One line of the file.
#[derive(Debug, Clone)]
struct Object {
    kind: String,
    id: String,
    line: String,
    body: Value,
}

/// The objects of a file. Lines that are blank or tell only a count are left out, as Dashboards does.
fn read(file: &str) -> Result<Vec<Object>, SetupError> {
    let mut objects = Vec::new();
    for (number, line) in file.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong =
            || SetupError::Settings(format!("line {} of the saved objects is no saved object", number + 1));
        let json: Value = serde_json::from_str(line).map_err(|_| wrong())?;
        if json.get("exportedCount").is_some() {
            continue;
        }
        let text = |name| json.get(name).and_then(Value::as_str).map(str::to_owned);
        let (kind, id) = text("type").zip(text("id")).ok_or_else(wrong)?;
        let body = content(&kind, &json);
        objects.push(Object { kind, id, line: line.to_owned(), body });
    }
    Ok(objects)
}

/// What counts of an object. Discover counts in the index pattern how often a field is used; that is no change.
fn content(kind: &str, object: &Value) -> Value {
    let part = |name| object.get(name).cloned().unwrap_or_default();
    let (mut attributes, references) = (part("attributes"), part("references"));
    let fields = attributes.get_mut("fields").filter(|_| kind == "index-pattern");
    if let Some(fields) = fields
        && let Some(Ok(Value::Array(mut list))) = fields.as_str().map(serde_json::from_str::<Value>)
    {
        for count in list.iter_mut().filter_map(|field| field.get_mut("count")) {
            *count = json!(0);
        }
        *fields = Value::String(Value::Array(list).to_string());
    }
    json!({"attributes": attributes, "references": references})
}

impl Dashboards {
    fn headers(&self) -> Result<HeaderMap, SetupError> {
        let mut headers = HeaderMap::new();
        headers.insert(XSRF, HeaderValue::from_static("true"));
        if let Some(tenant) = &self.tenant {
            let wrong = |_| SetupError::Settings("the name of the tenant cannot be sent".to_owned());
            headers.insert(TENANT, HeaderValue::from_str(tenant).map_err(wrong)?);
        }
        Ok(headers)
    }

    async fn post(
        &self,
        path: &str,
        query: &[(&str, &str)],
        headers: HeaderMap,
        body: String,
    ) -> Result<Value, SetupError> {
        let body = Bytes::from(body);
        let (status, answer) = self.server.call_with(Method::Post, path, query, headers, body).await?;
        match (status, serde_json::from_slice::<Value>(&answer)) {
            (200, Ok(answer)) => Ok(answer),
            (400..=499, Ok(answer)) if answer.get("message").is_some() => {
                let message = answer.get("message").and_then(Value::as_str).unwrap_or_default();
                Err(refused(message.chars().take(300).collect()))
            }
            (401 | 403, _) => {
                let source = classify_response(self.server.url(), status, &answer);
                Err(SetupError::Object { object: "OpenSearch Dashboards".to_owned(), source })
            }
            _ => {
                Err(refused(format!("what answers at {} with {status} is no Dashboards", self.server.url())))
            }
        }
    }

    /// What is there of some objects.
    async fn find(&self, objects: &[Object]) -> Result<Vec<Option<Found>>, SetupError> {
        let asked: Vec<Value> =
            objects.iter().map(|object| json!({"type": object.kind, "id": object.id})).collect();
        let path = "/api/saved_objects/_bulk_get";
        let answer = self.post(path, &[], self.headers()?, Value::Array(asked).to_string()).await?;
        let answers = answer.get("saved_objects").and_then(Value::as_array).cloned().unwrap_or_default();
        let text = |there: &Value, name| there.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(objects
            .iter()
            .map(|object| {
                let there = answers.iter().find(|there| {
                    text(there, "type").as_ref() == Some(&object.kind)
                        && text(there, "id").as_ref() == Some(&object.id)
                })?;
                // `{"type","id","error":{"statusCode":404}}` for what is not there.
                there.get("error").is_none().then(|| Found {
                    id: object.id.clone(),
                    body: content(&object.kind, there),
                    at: None,
                })
            })
            .collect())
    }
}

fn refused(reason: String) -> SetupError {
    let advice = "check --dashboards-url, or write the file by --dashboards-file and import it by hand";
    SetupError::Refused { object: "the import into OpenSearch Dashboards".to_owned(), reason, advice }
}

/// Compares the objects of a file with those in Dashboards.
pub(super) async fn plan(
    cluster: &Cluster,
    dashboards: &Dashboards,
    file: &str,
    force: bool,
) -> Result<Vec<Planned>, SetupError> {
    let objects = read(file)?;
    if objects.is_empty() {
        return Ok(Vec::new());
    }
    let found = dashboards.find(&objects).await?;
    let keys: Vec<_> = objects.iter().map(|object| (object.kind.clone(), object.id.clone())).collect();
    let records = Records::of_tenant(cluster, dashboards.tenant.as_deref()).of(&keys).await?;
    let planned = objects.into_iter().zip(found).zip(&keys).map(|((object, found), key)| {
        decide(&object.kind, &object.id, object.body, found, records.get(key), force)
    });
    Ok(planned.collect())
}

/// Imports the objects that are to be written, in one request, and reads them back.
pub(super) async fn write(
    dashboards: &Dashboards,
    file: &str,
    planned: &[Planned],
) -> Result<Vec<Record>, SetupError> {
    let mut objects = read(file)?;
    let of = |object: &Object| planned.iter().find(|one| one.kind == object.kind && one.name == object.id);
    objects.retain(|object| of(object).is_some_and(Planned::writes));
    if objects.is_empty() {
        return Ok(Vec::new());
    }
    let lines: String = objects.iter().map(|object| format!("{}\n", object.line)).collect();
    let (content_type, body) = form(&lines);
    let mut headers = dashboards.headers()?;
    let wrong = |_| SetupError::Settings("the form cannot be sent".to_owned());
    headers.insert(CONTENT_TYPE, HeaderValue::from_str(&content_type).map_err(wrong)?);
    let query = [("overwrite", "true")];
    let answer = dashboards.post("/api/saved_objects/_import", &query, headers, body).await?;
    let success = answer.get("success").and_then(Value::as_bool) == Some(true);
    let count = answer.get("successCount").and_then(Value::as_u64).unwrap_or(0);
    if !success || count != objects.len() as u64 {
        let error =
            |name| answer.pointer(&format!("/errors/0/{name}")).and_then(Value::as_str).unwrap_or("unnamed");
        let (kind, id, why) = (error("type"), error("id"), error("error/type"));
        return Err(refused(format!(
            "{count} of {} objects imported; first: {kind} {id}: {why}",
            objects.len()
        )));
    }
    let found = dashboards.find(&objects).await?;
    let records = objects.iter().zip(found).filter_map(|(object, found)| {
        let planned = of(object)?;
        Some(Record::written(planned, &object.id, &found.map(|found| found.body).unwrap_or_default()))
    });
    Ok(records.collect())
}

/// A form with one file (RFC 7578), and its content type.
fn form(file: &str) -> (String, String) {
    let boundary =
        (0_u32..).map(|number| format!("{BOUNDARY}{number}")).find(|boundary| !file.contains(boundary));
    let boundary = boundary.unwrap_or_else(|| BOUNDARY.to_owned());
    let body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"siem-loader.ndjson\"\r\n\
         Content-Type: application/ndjson\r\n\r\n{file}\r\n--{boundary}--\r\n"
    );
    (format!("multipart/form-data; boundary={boundary}"), body)
}
