//! The way out: bulk bodies to OpenSearch, and what became of every item in them.
//!
//! [`Cluster`] speaks HTTP, [`BulkAnswer`] is what one bulk request came to, [`TABLE`] says what each answer and fault
//! means and what is done about it, [`redact`] keeps document content out of messages. [`BulkOutput`] joins documents
//! into bodies, sends them, and sends again what failed; [`Gate`] lets as many requests through as the cluster works on.
//! How it works and why: docs/delivery.md.

mod account;
mod backoff;
mod bulk;
mod cluster;
mod config;
mod deliver;
mod encoding;
mod estate;
mod fallback;
mod gate;
mod limiter;
mod outcome;
mod output;
mod payload;
mod redact;
mod table;
mod trace;

pub use crate::error::{ErrorClass, SinkError};
pub use backoff::{Random, Retry};
pub use bulk::{BulkAnswer, Refusal};
pub use cluster::{Cluster, ServerInfo, install_crypto_provider, retry_after_of};
pub use config::{Auth, ClusterConfig, SigV4Service};
pub(crate) use encoding::ChunkPacker;
pub use encoding::Encoding;
pub use gate::Gate;
pub use limiter::{Limiter, Load, Pace, Ticket};
pub use opensearch::http::Method;
pub use outcome::{ItemOutcome, classify_item, classify_response, item_row};
pub use output::{BulkOutput, Latencies, SendSettings, Sent, most_requests};
pub use redact::{field_of, redact};
pub use table::{Action, Row, Scope, Sign, TABLE, row_of};
