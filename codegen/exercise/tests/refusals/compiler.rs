//! Checks which code the compiler refuses.
//!
//! Each file in `refused/` lists the expected errors as `//~ CODE TEXT`, and the compiler must find exactly these: the
//! error's code and the name in it, never its wording. The test runs the compiler directly, with the library with which
//! it was built.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

/// Checks every case of a package; there must be at least `least`. `library` is the package's own.
pub fn judge_all(package: &str, library: &str, least: usize) {
    let cases = Path::new(package).join("tests/refused");
    let mut names: Vec<PathBuf> = fs::read_dir(cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    assert!(names.len() >= least, "{names:?}");
    let wrong: Vec<String> = names
        .iter()
        .filter_map(|path| judge(path, package, library))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The failures of a case: unexpected errors, and expected ones that are missing.
fn judge(path: &Path, package: &str, library: &str) -> Option<String> {
    let text = fs::read_to_string(path).unwrap();
    let mut expected: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.strip_prefix("//~ ")?.split_once(' '))
        .collect();
    let mut found = Vec::new();
    for error in errors(path, package, library) {
        let is = |(code, name): &(&str, &str)| error.0 == *code && error.1.contains(name);
        match expected.iter().position(is) {
            Some(place) => drop(expected.remove(place)),
            None => found.push(error),
        }
    }
    (!expected.is_empty() || !found.is_empty()).then(|| {
        format!(
            "{}: missing {expected:?}, not expected {found:?}",
            path.display()
        )
    })
}

/// The errors of a file: code and message, notes included.
fn errors(path: &Path, package: &str, library: &str) -> Vec<(String, String)> {
    let deps = env::current_exe().unwrap().parent().unwrap().to_owned();
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let out = Command::new(rustc)
        .current_dir(package)
        .args([
            "--edition=2024",
            "--crate-type=lib",
            "--error-format=json",
            "--emit=metadata",
            "-o",
        ])
        .arg(env::temp_dir().join(format!("refused-{}.rmeta", std::process::id())))
        .arg(format!("-Ldependency={}", deps.display()))
        .arg(format!(
            "--extern={library}={}",
            newest(&deps, library).display()
        ))
        .arg(path)
        .output()
        .unwrap();
    let text = String::from_utf8(out.stderr).unwrap();
    let messages = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    messages
        .filter(|message| message["level"] == "error" && !is_summary(message))
        .map(|message| {
            let code = message["code"]["code"]
                .as_str()
                .unwrap_or("none")
                .to_owned();
            (
                code,
                message["message"].as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

/// Whether it is a summary such as "aborting due to 2 previous errors", which has no place.
fn is_summary(message: &Value) -> bool {
    message["code"].is_null() && message["spans"].as_array().is_some_and(Vec::is_empty)
}

/// The library's file. If there are several builds, the newest is up to date, since cargo has just built it.
fn newest(deps: &Path, library: &str) -> PathBuf {
    let prefix = format!("lib{library}-");
    let mut found: Vec<_> = fs::read_dir(deps)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with(&prefix) && name.ends_with(".rlib")
        })
        .collect();
    found.sort_by_key(|entry| entry.metadata().unwrap().modified().unwrap());
    found
        .last()
        .unwrap_or_else(|| panic!("nothing in {}", deps.display()))
        .path()
}
