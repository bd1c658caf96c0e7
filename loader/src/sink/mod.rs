//! The way out: bulk bodies to OpenSearch, and what became of every item in them.
//!
//! [`Cluster`] speaks HTTP, [`BulkAnswer`] is what one bulk request came to, [`classify_item`] and
//! [`classify_response`] are the table of outcomes, [`redact`] keeps document content out of messages.
//! [`BulkOutput`] joins documents into bodies and sends them. Nothing here sends again: callers decide by
//! [`ErrorClass`].

mod bulk;
mod cluster;
mod config;
mod outcome;
mod output;
mod redact;

pub use crate::error::{ErrorClass, SinkError};
pub use bulk::{BulkAnswer, Encoding, Refusal};
pub use cluster::{Cluster, ServerInfo, install_crypto_provider};
pub use config::{Auth, ClusterConfig, SigV4Service};
pub use opensearch::http::Method;
pub use outcome::{ItemOutcome, classify_item, classify_response};
pub use output::{BulkOutput, SENDERS, Sent};
pub use redact::{field_of, redact};
