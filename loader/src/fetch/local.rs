//! Files, folders and standard input.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::{Emit, FetchError, FetchOptions, Location, ObjectRef, Opened, key_of, printable};

/// Lists one input: a file (or a pipe, by name), or a folder with all that is below it.
pub(super) fn list(
    path: &Path,
    options: &FetchOptions,
    only_input: bool,
    emit: &mut Emit<'_>,
) -> ControlFlow<()> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return emit(Err(FetchError::NoSuchPath { path: printable(&path.to_string_lossy()) }));
        }
        Err(error) => return emit(Err(FetchError::file(path, "open", &error))),
    };
    if metadata.is_dir() {
        return Walk::new(path, options).run(emit);
    }
    let key = match &options.key {
        Some(key) if only_input => Ok(key.clone()),
        _ => key_of(path, options.root.as_deref()),
    };
    emit(key.map(|key| object(path, key, &metadata, options)))
}

fn object(path: &Path, key: String, metadata: &Metadata, options: &FetchOptions) -> ObjectRef {
    ObjectRef {
        key,
        bucket: options.bucket.clone(),
        version_id: None,
        etag: None,
        // A pipe has no size before it is read.
        size: metadata.is_file().then_some(metadata.len()),
        modified: metadata.modified().ok(),
        deliveries: None,
        location: Location::File(path.to_path_buf()),
    }
}

/// A walk through one folder, by names in order. Holds the names of the open folders, not the tree.
///
/// Links are followed, but nothing is visited twice: a link into a tree that is being walked anyway is skipped,
/// since its target is listed under its own name, and no folder is entered again, whatever way leads there.
struct Walk<'a> {
    top: &'a Path,
    options: &'a FetchOptions,
    /// Real paths of the folder given and of the folders entered through links.
    trees: Vec<PathBuf>,
    entered: HashSet<FolderId>,
    found: u64,
}

impl<'a> Walk<'a> {
    fn new(top: &'a Path, options: &'a FetchOptions) -> Self {
        let trees = fs::canonicalize(top).into_iter().collect();
        Self { top, options, trees, entered: HashSet::new(), found: 0 }
    }

    fn run(&mut self, emit: &mut Emit<'_>) -> ControlFlow<()> {
        let mut failed = false;
        let mut open_folders = Vec::new();
        match self.enter(self.top) {
            Ok(entries) => open_folders.push(entries),
            Err(error) => return emit(Err(error)),
        }
        while let Some(entries) = open_folders.last_mut() {
            let Some(path) = entries.next() else {
                open_folders.pop();
                continue;
            };
            match self.visit(&path) {
                Ok(Visit::Object(object)) => {
                    self.found += 1;
                    emit(Ok(object))?;
                }
                Ok(Visit::Folder(entries)) => open_folders.push(entries),
                Ok(Visit::Skip(why)) => tracing::debug!(path = %shown(&path), why, "skipped"),
                Err(error) => {
                    failed = true;
                    emit(Err(error))?;
                }
            }
        }
        if self.found == 0 && !failed {
            let hint = "the folder holds no files".into();
            return emit(Err(FetchError::Nothing { place: shown(self.top), hint }));
        }
        ControlFlow::Continue(())
    }

    fn visit(&mut self, path: &Path) -> Result<Visit, FetchError> {
        let failed = |error: io::Error| FetchError::file(path, "open", &error);
        let own = fs::symlink_metadata(path).map_err(failed)?;
        let metadata = if own.is_symlink() {
            let target = fs::canonicalize(path).map_err(failed)?;
            if self.trees.iter().any(|tree| target.starts_with(tree)) {
                return Ok(Visit::Skip("a link to what is listed under its own name"));
            }
            let metadata = fs::metadata(path).map_err(failed)?;
            if metadata.is_dir() {
                self.trees.push(target);
            }
            metadata
        } else {
            own
        };
        if metadata.is_dir() {
            if self.entered.contains(&folder_id(path, &metadata)) {
                return Ok(Visit::Skip("a folder that was walked already"));
            }
            return self.enter(path).map(Visit::Folder);
        }
        if !metadata.is_file() {
            tracing::warn!(path = %shown(path), "neither a file nor a folder, not loaded");
            return Ok(Visit::Skip("neither a file nor a folder"));
        }
        let key = key_of(path, self.options.root.as_deref())?;
        Ok(Visit::Object(object(path, key, &metadata, self.options)))
    }

    fn enter(&mut self, folder: &Path) -> Result<std::vec::IntoIter<PathBuf>, FetchError> {
        let failed = |error: io::Error| FetchError::file(folder, "list", &error);
        let metadata = fs::metadata(folder).map_err(failed)?;
        self.entered.insert(folder_id(folder, &metadata));
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if !is_editor_junk(&name) {
                entries.push(folder.join(name));
            }
        }
        entries.sort_unstable();
        Ok(entries.into_iter())
    }
}

enum Visit {
    Object(ObjectRef),
    Folder(std::vec::IntoIter<PathBuf>),
    Skip(&'static str),
}

#[cfg(unix)]
type FolderId = (u64, u64);
#[cfg(not(unix))]
type FolderId = PathBuf;

#[cfg(unix)]
fn folder_id(_: &Path, metadata: &Metadata) -> FolderId {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}
#[cfg(not(unix))]
fn folder_id(path: &Path, _: &Metadata) -> FolderId {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

/// What editors and desktops leave in folders. No name that AWS gives an object looks like these.
fn is_editor_junk(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    matches!(&*name, ".DS_Store" | "Thumbs.db" | "desktop.ini")
        || name.starts_with("._")
        || name.starts_with(".#")
        || name.ends_with('~')
        || (name.starts_with('.') && (name.ends_with(".swp") || name.ends_with(".swo")))
        || (name.len() > 1 && name.starts_with('#') && name.ends_with('#'))
}

fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

/// Opens a file; size and time are those of the file as it is now.
pub(super) fn open(path: &Path, object: &ObjectRef) -> Result<Opened, FetchError> {
    let failed = |error: io::Error| FetchError::file(path, "open", &error);
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let mut object = object.clone();
    if metadata.is_file() {
        object.size = Some(metadata.len());
        object.modified = metadata.modified().ok();
    }
    Ok(Opened { object, body: Box::new(Reader { inner: file, path: path.to_path_buf() }) })
}

/// Standard input. Reads of 8 KiB and more go past its buffer.
pub(super) fn stdin() -> Box<dyn Read + Send> {
    Box::new(Reader { inner: io::stdin(), path: PathBuf::from("standard input") })
}

/// Names the file in its read errors.
struct Reader<R> {
    inner: R,
    path: PathBuf,
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ => FetchError::file(&self.path, "read", &error).into_io(),
        })
    }
}
