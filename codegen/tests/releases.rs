//! Releases: they are complete or refused, never edited, and the working contract is compared with them. With example
//! folders, and that of this repository.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crm_codegen::document::Date;
use crm_codegen::release::{self, Folder, Kept};

const CLEAN: &str = include_str!("documents/clean.yaml");

/// A folder of a contract, new for each test.
struct Spec(PathBuf);

impl Spec {
    fn new(name: &str) -> Spec {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("releases")
            .join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        let spec = Spec(path);
        spec.write("openapi.yaml", CLEAN);
        spec
    }

    fn write(&self, file: &str, text: &str) {
        let file = self.0.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap()
    }

    fn change(&self, from: &str, to: &str) {
        let text = self.read("openapi.yaml");
        assert!(text.contains(from), "{from}");
        self.write("openapi.yaml", &text.replacen(from, to, 1));
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let Output {
            status,
            stdout,
            stderr,
        } = Command::new(env!("CARGO_BIN_EXE_contract"))
            .args(arguments)
            .current_dir(&self.0)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code().unwrap(), text(stdout), text(stderr))
    }

    fn release(&self, day: &str) -> (i32, String, String) {
        self.run(&["release", ".", "--date", day])
    }

    fn judge(&self, arguments: &[&str]) -> (i32, String, String) {
        let all: Vec<&str> = ["judge", "."].iter().chain(arguments).copied().collect();
        self.run(&all)
    }
}

/// The sunset of notes_batch, the only deprecated operation of the contract.
const SUNSET: &str = "x-sunset: \"2027-03-01\"";

#[test]
fn the_first_release_holds_the_contract_to_the_byte() {
    let spec = Spec::new("first");
    assert_eq!(spec.judge(&[]).0, 0);
    let (code, out, err) = spec.release("2030-01-01");
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(spec.read("releases/2030-01-01/v1.yaml"), CLEAN);
    assert_eq!(
        spec.read("releases/2030-01-01/CHANGES.md"),
        "# Release of 2030-01-01\n\nThe first release.\n\n## Version 1\n\nPublished for the first time.\n"
    );
    let sums = spec.read("releases/2030-01-01/SHA256SUMS");
    assert_eq!(sums.lines().count(), 2);
    let checked = Command::new("sha256sum")
        .args(["--check", "--quiet", "SHA256SUMS"])
        .current_dir(spec.0.join("releases/2030-01-01"))
        .status();
    assert!(checked.unwrap().success());
    let (code, out, err) = spec.judge(&[]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
}

#[test]
fn what_changed_is_told_and_the_checksums_are_a_chain() {
    let spec = Spec::new("second");
    assert_eq!(spec.release("2026-11-01").0, 0);
    spec.change(SUNSET, "x-sunset: \"2027-04-01\"");
    spec.change(
        "        price: {$ref",
        "        author: {type: string}\n        price: {$ref",
    );
    let (code, out, err) = spec.release("2026-12-01");
    assert_eq!(code, 0, "{out}{err}");
    insta::assert_snapshot!(spec.read("releases/2026-12-01/CHANGES.md"));
    let sums = spec.read("releases/2026-12-01/SHA256SUMS");
    assert!(sums.contains("  ../2026-11-01/SHA256SUMS\n"), "{sums}");
}

#[test]
fn no_release_is_overwritten_or_made_before_another() {
    let spec = Spec::new("again");
    assert_eq!(spec.release("2030-01-02").0, 0);
    for day in ["2030-01-02", "2030-01-01"] {
        let (code, _, err) = spec.release(day);
        assert_eq!(code, 2);
        assert!(
            err.contains("is not after the newest release, 2030-01-02"),
            "{err}"
        );
    }
    assert_eq!(fs::read_dir(spec.0.join("releases")).unwrap().count(), 1);
}

#[test]
fn what_breaks_is_refused_and_nothing_is_written() {
    let spec = Spec::new("breaks");
    assert_eq!(spec.release("2030-01-01").0, 0);
    spec.change("  /notes/{id}:", "  /note/{id}:");
    let (code, out, _) = spec.release("2030-02-01");
    assert_eq!(code, 1);
    assert!(out.starts_with("breaking: [operation-removed] "), "{out}");
    assert_eq!(fs::read_dir(spec.0.join("releases")).unwrap().count(), 1);
    let (code, out, _) = spec.judge(&["--least", "breaking"]);
    assert_eq!(code, 1);
    assert!(out.contains("[operation-removed]"), "{out}");
}

#[test]
fn what_breaks_the_conventions_is_refused() {
    let spec = Spec::new("lint");
    spec.change("summary: List notes", "sumary: List notes");
    let (code, out, _) = spec.release("2030-01-01");
    assert_eq!(code, 1);
    assert!(out.contains("[unknown-field]"), "{out}");
    assert!(!spec.0.join("releases").exists());
}

/// Announced in one release, removed in a later one after its sunset: judged by the release that announced it, on the
/// given day.
#[test]
fn what_was_announced_in_time_goes_with_the_release_after_its_sunset() {
    let spec = Spec::new("retired");
    assert_eq!(spec.release("2026-11-01").0, 0);
    assert_eq!(spec.release("2027-01-01").0, 0);
    let whole = spec.read("openapi.yaml");
    spec.write("openapi.yaml", &without_path(&whole, "/notes/batch"));
    let (code, out, _) = spec.judge(&[]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("[operation-removed-before-sunset]"), "{out}");
    assert_eq!(spec.release("2027-02-28").0, 1);
    let (code, out, err) = spec.judge(&["--today", "2027-03-01"]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, err) = spec.release("2027-03-01");
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        spec.read("releases/2027-03-01/CHANGES.md")
            .contains("### Gone\n")
    );
    assert_eq!(spec.judge(&[]).0, 0);
}

/// The contract dates the announcement to a day before the release.
#[test]
fn what_no_release_announced_in_time_stays() {
    let spec = Spec::new("unannounced");
    assert_eq!(spec.release("2027-01-01").0, 0);
    let whole = spec.read("openapi.yaml");
    spec.write("openapi.yaml", &without_path(&whole, "/notes/batch"));
    let (code, out, _) = spec.release("2027-03-01");
    assert_eq!(code, 1);
    assert!(out.contains("[operation-removed-unannounced]"), "{out}");
}

/// The document without the lines of a path, up to the next line with the same indentation.
fn without_path(text: &str, path: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let start = lines
        .iter()
        .position(|line| *line == format!("  {path}:"))
        .unwrap();
    let length = lines[start + 1..]
        .iter()
        .position(|line| !line.starts_with("   "))
        .unwrap();
    let kept = lines[..start].iter().chain(&lines[start + 1 + length..]);
    kept.map(|line| format!("{line}\n")).collect()
}

const OVERLAY: &str = "overlay: 1.0.0
info: {title: Version 2, version: 2.0.0}
actions:
  - target: $.info
    update: {version: 2.0.0, x-preview: true}
";

#[test]
fn each_version_is_released_and_a_preview_may_change() {
    let spec = Spec::new("versions");
    spec.write("v2.overlay.yaml", OVERLAY);
    let (code, out, err) = spec.release("2030-01-01");
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        spec.read("releases/2030-01-01/v2.yaml")
            .contains("version: 2.0.0")
    );
    let gone = format!("{OVERLAY}  - target: $.paths['/notes/{{id}}'].get\n    remove: true\n");
    spec.write("v2.overlay.yaml", &gone);
    let (code, out, err) = spec.release("2030-02-01");
    assert_eq!(code, 0, "{out}{err}");
    let changes = spec.read("releases/2030-02-01/CHANGES.md");
    assert!(
        changes.contains("## Version 1\n\nNothing changed.\n"),
        "{changes}"
    );
    assert!(changes.contains("(operation-removed)"), "{changes}");
    // Once it is no longer a preview, it may not become one again.
    spec.write("v2.overlay.yaml", &OVERLAY.replace(", x-preview: true", ""));
    assert_eq!(spec.release("2030-03-01").0, 0);
    spec.write("v2.overlay.yaml", OVERLAY);
    let (code, out, _) = spec.release("2030-04-01");
    assert_eq!(code, 1);
    assert!(out.contains("[preview-begun]"), "{out}");
    // Removing a version removes all of its operations.
    fs::remove_file(spec.0.join("v2.overlay.yaml")).unwrap();
    let (code, out, _) = spec.release("2030-04-01");
    assert_eq!(code, 1);
    assert!(out.contains("[operation-removed]"), "{out}");
}

#[test]
fn an_overlay_that_makes_no_next_version_is_refused() {
    let spec = Spec::new("no-version");
    spec.write(
        "v2.overlay.yaml",
        &OVERLAY.replace("{version: 2.0.0, ", "{"),
    );
    let (code, out, _) = spec.release("2030-01-01");
    assert_eq!(code, 2);
    assert!(out.contains("[overlay-version]"), "{out}");
}

#[test]
fn an_edited_release_is_found() {
    let spec = Spec::new("edited");
    assert_eq!(spec.release("2030-01-01").0, 0);
    assert_eq!(spec.release("2030-02-01").0, 0);
    let told = |file: &str, text: &str| {
        let before = spec.read(file);
        spec.write(file, text);
        let (code, out, err) = spec.judge(&[]);
        spec.write(file, &before);
        assert_eq!(code, 1, "{err}");
        assert_eq!(spec.release("2030-03-01").0, 0);
        fs::remove_dir_all(spec.0.join("releases/2030-03-01")).unwrap();
        out
    };
    let v1 = "releases/2030-01-01/v1.yaml";
    let other = CLEAN.replace("summary: List notes", "summary: All notes");
    assert!(told(v1, &other).contains("v1.yaml is not what was released"));
    // With matching checksums the next release still reveals the edit.
    spec.write(v1, &other);
    let folder = Folder::read(&spec.0).unwrap().unwrap();
    let sums = release::checksums(&folder.kept[0].files, None);
    spec.write(v1, CLEAN);
    let out = told("releases/2030-01-01/SHA256SUMS", &sums);
    assert!(
        out.contains("../2030-01-01/SHA256SUMS is not what was released"),
        "{out}"
    );
    spec.write("releases/2030-01-01/more.yaml", "a: 1");
    assert!(
        spec.judge(&[])
            .1
            .contains("more.yaml is not what was released")
    );
    fs::remove_file(spec.0.join("releases/2030-01-01/more.yaml")).unwrap();
    spec.write("releases/notes/x", "");
    assert_eq!(spec.judge(&[]).0, 2);
}

#[test]
fn pins_have_to_be_true_and_whole() {
    let spec = Spec::new("pins");
    spec.write(
        "consumers/web.yaml",
        "consumer: web\nv1: {notes_get: {sends: [/nothing]}}\n",
    );
    assert_eq!(spec.judge(&[]).0, 1);
    let (code, out, _) = spec.release("2030-01-01");
    assert_eq!(code, 1);
    assert!(
        out.contains("[pin-unknown]") && out.contains("[pin-missing]"),
        "{out}"
    );
}

/// The output for a breaking pull request: what, who, and what to do instead. The pin that is now unknown is a
/// consequence and not reported.
#[test]
fn what_breaks_a_consumer_is_told_on_one_screen() {
    let spec = Spec::new("screen");
    let pins = "consumer: portal\nv1: {portal_notes: {reads: {'200': [/count]}}}\n";
    spec.write("consumers/portal.yaml", pins);
    assert_eq!(spec.release("2026-11-01").0, 0);
    spec.change("required: [count]", "required: [number]");
    spec.change("count: {type: integer", "number: {type: integer");
    spec.change("some: {value: {count: 3}}", "some: {value: {number: 3}}");
    let (code, out, err) = spec.judge(&["--least", "warning"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(format!("{err}{out}"));
    assert_eq!(spec.release("2026-12-01").0, 1);
}

fn repository() -> Folder {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec");
    Folder::read(&spec).unwrap().unwrap()
}

#[test]
fn no_release_of_this_repository_was_edited() {
    assert_eq!(repository().edited(), []);
}

/// Each release is judged by those before it, as of its day.
#[test]
fn no_release_of_this_repository_broke_the_one_before() {
    let releases = repository().releases();
    for (index, next) in releases.iter().enumerate() {
        let judged = release::judge(&next.versions, &releases[..index], next.day, &[]);
        assert!(!release::breaks(&judged), "{}: {judged:#?}", next.day);
    }
}

/// The working contract is not breaking as of the day of the newest release; no clock is used.
#[test]
fn the_contract_of_this_repository_breaks_nobody() {
    let folder = repository();
    let releases = folder.releases();
    let today = folder.kept.last().map(|kept: &Kept| kept.release.day);
    let today = today.unwrap_or(Date::parse("2000-01-01").unwrap());
    let judged = release::judge(&folder.versions, &releases, today, &folder.consumers);
    for version in &judged {
        let shown = crm_codegen::diff::text(&version.findings);
        assert!(!release::breaks(std::slice::from_ref(version)), "{shown}");
    }
}
