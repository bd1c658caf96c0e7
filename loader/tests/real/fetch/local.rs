//! Files, folders and standard input.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use siem_loader::error::ErrorClass;
use siem_loader::fetch::{FetchError, FetchOptions, Location, ObjectRef, Source};

use crate::s3_support::runtime;

/// A folder of the test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("fetch-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn with(files: &[&str]) -> Self {
        let folder = Self::new();
        for file in files {
            folder.write(file);
        }
        folder
    }

    fn write(&self, file: &str) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("content of {file}")).unwrap();
    }

    fn input(&self) -> String {
        self.0.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn source(options: FetchOptions) -> Source {
    Source::new(options, runtime().handle().clone())
}

fn below(root: &Path) -> Source {
    source(FetchOptions { root: Some(root.to_path_buf()), ..FetchOptions::default() })
}

fn list(source: &Source, inputs: &[&str]) -> Vec<Result<ObjectRef, FetchError>> {
    source.list(inputs.iter().map(|&input| input.to_owned()).collect()).iter().collect()
}

fn keys(listed: &[Result<ObjectRef, FetchError>]) -> Vec<&str> {
    listed.iter().map(|object| object.as_ref().unwrap().key.as_str()).collect()
}

#[test]
fn a_tree_is_listed_in_order_with_hidden_files_and_without_editor_junk() {
    let folder = Folder::with(&[
        "AWSLogs/2/b.gz",
        "AWSLogs/1/a.gz",
        "AWSLogs/1/c/.hidden.gz",
        "AWSLogs/10/a.gz",
        "AWSLogs/.DS_Store",
        "AWSLogs/1/._a.gz",
        "AWSLogs/1/a.gz~",
        "AWSLogs/1/.a.gz.swp",
        "AWSLogs/1/.#a.gz",
        "AWSLogs/1/#a.gz#",
    ]);
    let source = source(FetchOptions { bucket: Some("logs".into()), ..FetchOptions::default() });
    let listed = list(&source, &[&folder.input()]);
    assert_eq!(
        keys(&listed),
        ["AWSLogs/1/a.gz", "AWSLogs/1/c/.hidden.gz", "AWSLogs/10/a.gz", "AWSLogs/2/b.gz"]
    );
    let first = listed[0].as_ref().unwrap();
    assert_eq!(first.bucket.as_deref(), Some("logs"));
    assert_eq!(first.size, Some("content of AWSLogs/1/a.gz".len() as u64));
    assert!(first.modified.is_some());
    assert_eq!(first.location, Location::File(folder.0.join("AWSLogs/1/a.gz")));
    let mut text = String::new();
    source.open(first).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "content of AWSLogs/1/a.gz");
}

#[test]
fn keys_are_paths_below_the_root() {
    let folder = Folder::with(&["p/AWSLogs/1/a.gz", "p/b.gz"]);
    let source = below(&folder.0);
    assert_eq!(keys(&list(&source, &[&folder.input()])), ["p/AWSLogs/1/a.gz", "p/b.gz"]);
    let other = Folder::with(&["c.gz"]);
    let listed = list(&source, &[&other.input(), &folder.input()]);
    assert!(matches!(&listed[0], Err(FetchError::OutsideRoot { .. })), "{listed:?}");
    assert_eq!(listed.len(), 3);
}

#[test]
fn standard_input_needs_a_key_and_comes_once() {
    let nameless = list(&source(FetchOptions::default()), &["-"]);
    let error = nameless[0].as_ref().unwrap_err();
    assert!(error.to_string().contains("--key"), "{error}");
    assert_eq!(error.class(), ErrorClass::Configuration);

    let key = "AWSLogs/1/CloudTrail/a.json.gz";
    let source = source(FetchOptions { key: Some(key.into()), ..FetchOptions::default() });
    let listed = list(&source, &["-", "-"]);
    let object = listed[0].as_ref().unwrap();
    assert_eq!((object.key.as_str(), &object.location, &object.bucket), (key, &Location::Stdin, &None));
    assert!(listed[1].is_err());
}

#[test]
fn the_key_option_names_a_lone_file_too() {
    let folder = Folder::with(&["x.gz"]);
    let file = format!("{}/x.gz", folder.input());
    let source = source(FetchOptions { key: Some("AWSLogs/1/a.gz".into()), ..FetchOptions::default() });
    assert_eq!(keys(&list(&source, &[&file])), ["AWSLogs/1/a.gz"]);
    assert!(
        keys(&list(&source, &[&file, &file]))
            .iter()
            .all(|key| key.ends_with("x.gz") && *key != "AWSLogs/1/a.gz")
    );
}

#[test]
fn a_path_that_does_not_exist_is_named_and_the_others_go_on() {
    let folder = Folder::with(&["a.gz"]);
    let listed = list(&below(&folder.0), &["/nowhere/at/all", &folder.input()]);
    let error = listed[0].as_ref().unwrap_err();
    assert_eq!(error.to_string(), "/nowhere/at/all: no such file or folder");
    assert_eq!(error.class(), ErrorClass::Configuration);
    assert_eq!(keys(&listed[1..]), ["a.gz"]);
}

#[test]
fn an_empty_folder_is_an_error() {
    let folder = Folder::new();
    fs::create_dir(folder.0.join("AWSLogs")).unwrap();
    let listed = list(&source(FetchOptions::default()), &[&folder.input()]);
    assert!(matches!(&listed[..], [Err(FetchError::Nothing { .. })]), "{listed:?}");
}

#[test]
fn a_file_that_vanished_is_one_failed_object() {
    let folder = Folder::with(&["a.gz", "b.gz"]);
    let source = below(&folder.0);
    let listed = list(&source, &[&folder.input()]);
    fs::remove_file(folder.0.join("a.gz")).unwrap();
    let error = source.open(listed[0].as_ref().unwrap()).err().unwrap();
    assert_eq!(error.class(), ErrorClass::Permanent);
    assert!(error.to_string().contains("a.gz: cannot open"), "{error}");
    assert!(source.open(listed[1].as_ref().unwrap()).is_ok());
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_one_failed_object() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with(&["a.gz", "b.gz"]);
    let file = folder.0.join("a.gz");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&file).is_ok() {
        return; // root may read everything
    }
    let source = below(&folder.0);
    let listed = list(&source, &[&folder.input()]);
    let error = source.open(listed[0].as_ref().unwrap()).err().unwrap();
    assert_eq!(error.class(), ErrorClass::Configuration);
    assert!(source.open(listed[1].as_ref().unwrap()).is_ok());
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_error_names_the_file_and_carries_the_fetch_error() {
    let mut object = ObjectRef::s3("", "k");
    object.location = Location::File("/proc/self".into());
    let mut body = source(FetchOptions::default()).open(&object).unwrap();
    let error = body.read(&mut [0; 16]).unwrap_err();
    let cause = FetchError::of(&error).unwrap();
    assert!(cause.to_string().starts_with("/proc/self: cannot read: "), "{cause}");
}

#[cfg(unix)]
#[test]
fn links_are_followed_once_and_loops_end() {
    use std::os::unix::fs::symlink;
    let elsewhere = Folder::with(&["deep/c.gz"]);
    let folder = Folder::with(&["AWSLogs/1/a.gz"]);
    let logs = folder.0.join("AWSLogs");
    symlink(&folder.0, logs.join("1/loop")).unwrap();
    symlink(logs.join("1"), logs.join("0-same-folder")).unwrap();
    symlink(logs.join("1/a.gz"), logs.join("0-same-file.gz")).unwrap();
    symlink(&elsewhere.0, logs.join("2")).unwrap();
    symlink(&elsewhere.0, logs.join("3")).unwrap();
    symlink(elsewhere.0.join("nowhere"), logs.join("4-broken.gz")).unwrap();
    symlink(&folder.0, elsewhere.0.join("back")).unwrap();
    let listed = list(&below(&folder.0), &[&folder.input()]);
    let (good, bad): (Vec<_>, Vec<_>) = listed.into_iter().partition(Result::is_ok);
    assert_eq!(keys(&good), ["AWSLogs/1/a.gz", "AWSLogs/2/deep/c.gz"]);
    assert_eq!(bad.len(), 1);
    assert!(bad[0].as_ref().unwrap_err().to_string().contains("4-broken.gz"), "{bad:?}");
}

#[test]
fn a_long_listing_waits_for_its_reader() {
    let folder = Folder::new();
    for number in 0..3_000 {
        fs::write(folder.0.join(format!("{number:05}.gz")), "").unwrap();
    }
    let listing = below(&folder.0).list(vec![folder.input()]);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(listing.len() <= 1_000);
    assert_eq!(listing.iter().map(Result::unwrap).map(|object| object.key).last().unwrap(), "02999.gz");
}

#[test]
fn control_characters_of_a_name_do_not_reach_messages() {
    let object = ObjectRef::s3("logs", "a\u{1b}[2J\n日本 b");
    assert_eq!(object.to_string(), "s3://logs/a\\u{1b}[2J\\n日本 b");
}
