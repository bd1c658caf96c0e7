//! The S3 key of a local file: log type, account and region are read from it, so a copy of a bucket has to
//! load exactly as the bucket itself.

use std::path::{Component, Path, PathBuf};

use super::{FetchError, printable};

/// The S3 key of the file at `path`.
///
/// With `root` it is the path below `root`, with `/` between the parts. Without, it starts at the first part that
/// is `AWSLogs` or looks like an organisation id (`o-…`, as Control Tower puts it in front); where there is none
/// it is the whole path, without a leading `/`, `./` or `../`. Names that are not UTF-8 are taken with U+FFFD in
/// place of the stray bytes and logged.
///
/// # Errors
/// [`FetchError::OutsideRoot`] for a file that is not below `root`.
pub fn key_of(path: &Path, root: Option<&Path>) -> Result<String, FetchError> {
    if path.to_str().is_none() {
        tracing::warn!(path = %printable(&path.to_string_lossy()), "file name is not UTF-8, key is approximate");
    }
    match root {
        Some(root) => key_below(path, root),
        None => {
            let parts = normal_parts(path);
            let start = parts.iter().position(|part| starts_a_key(part)).unwrap_or(0);
            Ok(parts.into_iter().skip(start).collect::<Vec<_>>().join("/"))
        }
    }
}

fn key_below(path: &Path, root: &Path) -> Result<String, FetchError> {
    let (full_path, full_root) = (absolute(path), absolute(root));
    match full_path.strip_prefix(&full_root) {
        Ok(below) if below.components().next().is_some() => Ok(normal_parts(below).join("/")),
        _ => Err(FetchError::OutsideRoot {
            path: printable(&path.to_string_lossy()),
            root: printable(&root.to_string_lossy()),
        }),
    }
}

/// The path from `/` on, without `.` and `..`; looks at the names only, links stay links.
fn absolute(path: &Path) -> PathBuf {
    let from_root = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut clean = PathBuf::new();
    for component in from_root.components() {
        match component {
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

fn normal_parts(path: &Path) -> Vec<String> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            Component::ParentDir => {
                parts.pop();
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    parts
}

fn starts_a_key(part: &str) -> bool {
    part == "AWSLogs" || is_organization_id(part)
}

/// `o-` and 10 to 32 small letters or digits, as AWS Organizations documents the id.
fn is_organization_id(part: &str) -> bool {
    part.strip_prefix("o-").is_some_and(|id| {
        (10..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_file_is_found_in_its_path() {
        let long_id = format!("o-{}", "a".repeat(32));
        let too_long_id = format!("o-{}", "a".repeat(33));
        let cases: &[(&str, Option<&str>, &str)] = &[
            ("AWSLogs/1/CloudTrail/a.json.gz", None, "AWSLogs/1/CloudTrail/a.json.gz"),
            ("/data/copy/AWSLogs/1/a.gz", None, "AWSLogs/1/a.gz"),
            ("./AWSLogs/1/a.gz", None, "AWSLogs/1/a.gz"),
            ("x/AWSLogs/y/AWSLogs/1/a.gz", None, "AWSLogs/y/AWSLogs/1/a.gz"),
            (
                "d/o-exampleorg1/AWSLogs/o-exampleorg1/1/a.gz",
                None,
                "o-exampleorg1/AWSLogs/o-exampleorg1/1/a.gz",
            ),
            ("AWSLogs/o-exampleorg1/1/a.gz", None, "AWSLogs/o-exampleorg1/1/a.gz"),
            (&format!("x/{long_id}/a.gz"), None, &format!("{long_id}/a.gz")),
            (&format!("x/{too_long_id}/a.gz"), None, &format!("x/{too_long_id}/a.gz")),
            ("o-short/a.gz", None, "o-short/a.gz"),
            ("x/o-EXAMPLEORG1/a.gz", None, "x/o-EXAMPLEORG1/a.gz"),
            ("x/awslogs/a.gz", None, "x/awslogs/a.gz"),
            ("/data/vpc/a.gz", None, "data/vpc/a.gz"),
            ("./data//vpc/./a.gz", None, "data/vpc/a.gz"),
            ("../data/a.gz", None, "data/a.gz"),
            ("data/../other/a.gz", None, "other/a.gz"),
            ("aws-account-id=1/year=2026/a b.gz", None, "aws-account-id=1/year=2026/a b.gz"),
            ("/data/copy/p/AWSLogs/1/a.gz", Some("/data/copy"), "p/AWSLogs/1/a.gz"),
            ("/data/copy/p/a.gz", Some("/data/copy/"), "p/a.gz"),
            ("/data/./copy/x/../p/a.gz", Some("/data/copy"), "p/a.gz"),
            ("copy/p/a.gz", Some("copy"), "p/a.gz"),
            ("copy/p/a.gz", Some("./copy"), "p/a.gz"),
            ("copy/p/a.gz", Some("."), "copy/p/a.gz"),
        ];
        for (path, root, key) in cases {
            assert_eq!(key_of(Path::new(path), root.map(Path::new)).unwrap(), *key, "{path} below {root:?}");
        }
    }

    #[test]
    fn a_file_that_is_not_below_the_root_is_an_error_that_names_both() {
        for path in ["/data/copy2/a.gz", "/data/copy/../a.gz", "/data/copy", "a.gz"] {
            let error = key_of(Path::new(path), Some(Path::new("/data/copy"))).unwrap_err();
            assert_eq!(error.to_string(), format!("{path} is not below the root folder /data/copy"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_utf_8_still_has_a_key() {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"AWSLogs/1/caf\xe9.gz"));
        assert_eq!(key_of(path, None).unwrap(), "AWSLogs/1/caf\u{fffd}.gz");
    }
}
