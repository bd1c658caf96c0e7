//! Bulk requests of which only a part is passed on, and what OpenSearch answered.

use std::io::Read;

use serde_json::{Value, json};
use siem_loader::sink::Random;

use crate::http::Message;

/// Items that are held back: their places, and the operation of each.
pub(crate) struct Held {
    places: Vec<usize>,
    operations: Vec<String>,
    status: u16,
}

/// The body as OpenSearch reads it.
pub(crate) fn unpacked(request: &Message) -> Vec<u8> {
    let mut plain = Vec::new();
    request.plain().read_to_end(&mut plain).unwrap();
    plain
}

/// Takes about half of the items out of a bulk request. None where nothing would be left, or nothing taken.
pub(crate) fn hold_back(request: &mut Message, status: u16, random: &mut Random) -> Option<Held> {
    let mut plain = unpacked(request);
    assert_eq!(plain.pop(), Some(b'\n'), "a bulk body ends with its last line");
    let lines: Vec<&[u8]> = plain.split(|&byte| byte == b'\n').collect();
    let (mut left, mut held) = (Vec::new(), Held { places: Vec::new(), operations: Vec::new(), status });
    for (place, item) in lines.chunks(2).enumerate() {
        let action: Value = serde_json::from_slice(item[0]).expect("an action line");
        assert_eq!(item.len(), 2, "an action without a document");
        if random.below(2) == 0 {
            held.places.push(place);
            held.operations.push(action.as_object().unwrap().keys().next().unwrap().clone());
        } else {
            for line in item {
                left.extend_from_slice(line);
                left.push(b'\n');
            }
        }
    }
    if left.is_empty() || held.places.is_empty() {
        return None;
    }
    request.body = left;
    request.remove("content-encoding");
    request.set("accept-encoding", "identity");
    Some(held)
}

impl Held {
    /// Puts the refusals where the items were.
    pub(crate) fn put_back(&self, answer: &mut Message) {
        let Ok(mut result) = serde_json::from_slice::<Value>(&answer.body) else { return };
        let Some(items) = result["items"].as_array_mut() else { return };
        let error_type = match self.status {
            429 => "rejected_execution_exception",
            _ => "unavailable_shards_exception",
        };
        for (&place, operation) in self.places.iter().zip(&self.operations) {
            let error = json!({"type": error_type, "reason": "held back by a test"});
            items.insert(place, json!({operation: {"status": self.status, "error": error}}));
        }
        result["errors"] = true.into();
        answer.body = result.to_string().into_bytes();
    }
}
