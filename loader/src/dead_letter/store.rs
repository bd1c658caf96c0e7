//! Where dead letters are kept: a folder, or a prefix of a bucket.

use std::{
    fmt,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{
    error::ErrorClass,
    fetch::{FetchError, Source},
};

/// What files of dead letters end with.
const ENDING: &str = ".ndjson.gz";

/// A place for files of dead letters. Each is written in one go: it is there as a whole or not at all.
#[derive(Debug, Clone)]
pub struct Store {
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Folder(PathBuf),
    Bucket { source: Source, bucket: String, prefix: String },
}

/// Why dead letters could not be written, read or removed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("dead letters in {place}: cannot {action}: {reason}")]
pub struct StoreError {
    /// The folder, or `s3://bucket/prefix`.
    pub place: String,
    /// `write`, `read`, `list` or `remove`.
    pub action: &'static str,
    /// What the system or the service said.
    pub reason: String,
    /// Whether to try again or to have somebody change something.
    pub class: ErrorClass,
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Folder(path) => path.display().fmt(f),
            Place::Bucket { bucket, prefix, .. } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

impl Store {
    /// A folder, or `s3://bucket/prefix`; nothing is written yet.
    ///
    /// # Errors
    /// The text names no place.
    pub fn at(place: &str, source: &Source) -> Result<Self, StoreError> {
        let place = match place.strip_prefix("s3://") {
            None if place.is_empty() => {
                return Err(StoreError {
                    place: "(nothing)".to_owned(),
                    action: "write",
                    reason: "name a folder or s3://bucket/prefix".to_owned(),
                    class: ErrorClass::Configuration,
                });
            }
            None => Place::Folder(PathBuf::from(place)),
            Some(address) => {
                let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
                if bucket.is_empty() {
                    return Err(StoreError {
                        place: place.to_owned(),
                        action: "write",
                        reason: "no bucket named: write s3://bucket/prefix".to_owned(),
                        class: ErrorClass::Configuration,
                    });
                }
                let mut prefix = prefix.to_owned();
                if !prefix.is_empty() && !prefix.ends_with('/') {
                    prefix.push('/');
                }
                Place::Bucket { source: source.clone(), bucket: bucket.to_owned(), prefix }
            }
        };
        Ok(Self { place })
    }

    /// Writes a file; one of the same name is replaced.
    ///
    /// # Errors
    /// It was not written; what was there before still is.
    pub async fn write(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        match &self.place {
            Place::Folder(folder) => {
                let path = folder.join(name);
                let written = tokio::task::spawn_blocking(move || write_file(&path, &bytes)).await;
                written
                    .unwrap_or_else(|error| Err(io::Error::other(error)))
                    .map_err(|e| self.file("write", &e))
            }
            Place::Bucket { source, bucket, prefix } => {
                let put = source.put(bucket, &format!("{prefix}{name}"), bytes.into()).await;
                put.map_err(|error| self.fetch("write", &error))
            }
        }
    }

    /// The names of all files, in order. Blocks; for plain threads.
    ///
    /// # Errors
    /// They cannot be listed. A folder that is not there has none.
    pub fn list(&self) -> Result<Vec<String>, StoreError> {
        let mut names = match &self.place {
            Place::Folder(folder) => {
                let mut names = Vec::new();
                walk(folder, folder, &mut names).map_err(|error| self.file("list", &error))?;
                names
            }
            Place::Bucket { source, bucket, prefix } => {
                self.list_bucket(source, &format!("{bucket}/{prefix}"), prefix)?
            }
        };
        names.sort();
        Ok(names)
    }

    /// The other files in the folder of a file whose names begin so. Blocks; for plain threads.
    ///
    /// # Errors
    /// They cannot be listed.
    pub fn beside(&self, name: &str, begin: &str) -> Result<Vec<String>, StoreError> {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let below = |place: &str| format!("{place}{folder}/{begin}");
        let names = match &self.place {
            Place::Folder(root) => {
                let mut names = Vec::new();
                walk(root, &root.join(folder), &mut names).map_err(|error| self.file("list", &error))?;
                names
            }
            Place::Bucket { source, bucket, prefix } => {
                self.list_bucket(source, &format!("{bucket}/{}", below(prefix)), prefix)?
            }
        };
        let begin = below("");
        Ok(names.into_iter().filter(|other| other.starts_with(&begin) && other != name).collect())
    }

    /// The packed lines of a file. Blocks; for plain threads.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        match &self.place {
            Place::Folder(folder) => {
                std::fs::read(folder.join(name)).map_err(|error| self.file("read", &error))
            }
            Place::Bucket { source, bucket, prefix } => {
                source.get(bucket, &format!("{prefix}{name}")).map_err(|error| self.fetch("read", &error))
            }
        }
    }

    /// Removes a file; that it is gone already is no error.
    ///
    /// # Errors
    /// It is still there.
    pub async fn remove(&self, name: &str) -> Result<(), StoreError> {
        match &self.place {
            Place::Folder(folder) => match tokio::fs::remove_file(folder.join(name)).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.file("remove", &error)),
                _ => Ok(()),
            },
            Place::Bucket { source, bucket, prefix } => {
                let removed = source.remove(bucket, &format!("{prefix}{name}")).await;
                removed.map_err(|error| self.fetch("remove", &error))
            }
        }
    }

    /// The files under an address, by their names below the prefix of the store.
    fn list_bucket(&self, source: &Source, address: &str, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        for listed in source.list(vec![format!("s3://{address}")]) {
            match listed {
                Ok(object) => {
                    let name = object.key.strip_prefix(prefix).filter(|name| name.ends_with(ENDING));
                    names.extend(name.map(str::to_owned));
                }
                Err(FetchError::Nothing { .. }) => {}
                Err(error) => return Err(self.fetch("list", &error)),
            }
        }
        Ok(names)
    }

    fn file(&self, action: &'static str, error: &io::Error) -> StoreError {
        let class = match error.kind() {
            io::ErrorKind::Interrupted | io::ErrorKind::TimedOut => ErrorClass::Transient,
            _ => ErrorClass::Configuration,
        };
        StoreError { place: self.to_string(), action, reason: error.to_string(), class }
    }

    fn fetch(&self, action: &'static str, error: &FetchError) -> StoreError {
        let class = match error.class() {
            ErrorClass::Transient => ErrorClass::Transient,
            _ => ErrorClass::Configuration,
        };
        StoreError { place: self.to_string(), action, reason: error.to_string(), class }
    }
}

/// Through a file beside it, so that a full disk or a sudden end leaves no half of one.
fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".writing-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Folders below a store are three or four deep; deeper ones are none of ours.
fn walk(root: &Path, folder: &Path, names: &mut Vec<String>) -> io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            walk(root, &path, names)?;
        } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str)
            && name.ends_with(ENDING)
            && !entry.file_name().to_string_lossy().starts_with('.')
        {
            names.push(name.to_owned());
        }
    }
    Ok(())
}
