//! What can go wrong while a cluster is set up.

use std::path::PathBuf;

use crate::error::{ErrorClass, SinkError};

/// A step of `setup` that failed. What was written before it stays, and the next run goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The cluster, or Dashboards, did not answer as it should.
    #[error(transparent)]
    Cluster(#[from] SinkError),
    /// The same while one object was read or written.
    #[error("{object}: {source}")]
    Object {
        /// Kind and name of the object.
        object: String,
        /// What was answered.
        source: SinkError,
    },
    /// One object was refused with a reason that says what is wrong with it or with the cluster.
    #[error("{object} was refused: {reason}; {advice}")]
    Refused {
        /// Kind and name of the object.
        object: String,
        /// The reason, shortened.
        reason: String,
        /// What to do.
        advice: &'static str,
    },
    /// A setting that cannot be meant.
    #[error("{0}")]
    Settings(String),
    /// A file that cannot be read or written.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// `read` or `write`.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl SetupError {
    /// What is to be done about it.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Cluster(source) | Self::Object { source, .. } => source.class(),
            Self::Refused { .. } | Self::Settings(_) | Self::File { .. } => ErrorClass::Configuration,
        }
    }
}
