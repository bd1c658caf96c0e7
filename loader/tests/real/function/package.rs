//! The package of the function: `SIEM_LOADER_TEST_FUNCTION` names the zip that `dev/package` made of the release build, and
//! `dev/test` sets it. Where it is not set, the development build stands in.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::UNIX_EPOCH;

const DEVELOPMENT: &str = env!("CARGO_BIN_EXE_siem-loader");

fn given() -> Option<PathBuf> {
    std::env::var_os("SIEM_LOADER_TEST_FUNCTION").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// What is uploaded as the code of a function.
pub(crate) fn zip() -> Vec<u8> {
    if let Some(path) = given() {
        return std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    // A `bootstrap` that becomes the program: the development build is too large to be unpacked again and again.
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("bootstrap", zip::write::SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    write!(zip, "#!/bin/sh\nexec {DEVELOPMENT}\n").unwrap();
    zip.finish().unwrap().into_inner()
}

/// The program that is in it.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> =
        LazyLock::new(|| given().map_or_else(|| PathBuf::from(DEVELOPMENT), |path| unpacked(&path)));
    &PROGRAM
}

/// `bootstrap` of a zip, unpacked once. By another process: a file that is open for writing here while a second thread
/// starts a process cannot be run.
fn unpacked(zip: &Path) -> PathBuf {
    let written = std::fs::metadata(zip).and_then(|file| file.modified());
    let written = written.unwrap_or_else(|error| panic!("{}: {error}", zip.display()));
    let name = format!("function-{}", written.duration_since(UNIX_EPOCH).unwrap().as_nanos());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let program = folder.join("bootstrap");
    if !program.exists() {
        let unfinished = folder.with_extension(std::process::id().to_string());
        let extract =
            Command::new("python3").args(["-m", "zipfile", "-e"]).arg(zip).arg(&unfinished).output();
        let extract = extract.expect("python3 runs");
        assert!(extract.status.success(), "{}", String::from_utf8_lossy(&extract.stderr));
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(unfinished.join("bootstrap"), mode).unwrap();
        // Another process may have been faster; both are the same.
        let _ = std::fs::rename(&unfinished, &folder);
    }
    program
}
