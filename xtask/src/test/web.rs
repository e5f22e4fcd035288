//! Checks for partners and web teams: linters on the published documents, the reference page in a headless browser, and
//! the TypeScript package under Node and in a browser.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::run::{cargo, root, step};

const CHROMIUM: &str = "/usr/bin/chromium";

pub fn run() -> Result<(), String> {
    need("npm", "npm")?;
    let (checks, client) = (root().join("xtask/npm"), root().join("clients/typescript"));
    install(&checks)?;
    install(&client)?;

    let published = root().join("target/published");
    // Remove documents that an older contract published.
    let _ = fs::remove_dir_all(&published);
    let publish = ["run", "--quiet", "-p", "crm-codegen", "--bin", "contract"];
    let publish = publish
        .iter()
        .chain(&["--", "publish", "spec/openapi.yaml"])
        .chain(&["--overlay", "spec/v2.overlay.yaml", "--out"]);
    step(
        "the documents are published",
        cargo(publish.copied()).arg(&published),
    )?;
    step(
        "Redocly and Spectral read them",
        node(&checks.join("lint.mjs")).arg(&published),
    )?;

    if std::env::var_os("CHROMIUM").is_none() && !Path::new(CHROMIUM).exists() {
        need("chromium", "chromium")?;
    }
    step(
        "the server is built",
        &mut cargo(["build", "--quiet", "-p", "crm"]),
    )?;
    step(
        "the reference page and the dashboard in a browser",
        node(Path::new("--test"))
            .args(["--test-reporter=spec"])
            .args([
                checks.join("docs.test.mjs"),
                checks.join("dashboard.test.mjs"),
            ])
            .env("CRM", server()),
    )?;

    step(
        "the TypeScript package: types from the contract",
        node(&client.join("scripts/generate.mjs")).arg(&published),
    )?;
    let npm = |arguments: &[&str]| {
        let mut command = Command::new("npm");
        command
            .args(["--prefix", "clients/typescript"])
            .args(arguments);
        command
    };
    step(
        "the TypeScript package: compiled",
        &mut npm(&[
            "exec",
            "--",
            "tsc",
            "-p",
            "clients/typescript/tsconfig.build.json",
        ]),
    )?;
    step(
        "the TypeScript package: its tests under Node and in a browser",
        npm(&["test"]).env("CRM", server()),
    )
}

fn node(script: &Path) -> Command {
    let mut command = Command::new("node");
    command.arg(script);
    command
}

/// The path of the built program.
fn server() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.map_or_else(|| root().join("target"), |target| root().join(target));
    target.join("debug/crm")
}

/// Installs the packages of a folder by its lock file, if that has changed.
fn install(folder: &Path) -> Result<(), String> {
    let lock = read(&folder.join("package-lock.json"))?;
    let installed = folder.join("node_modules/.installed");
    if fs::read_to_string(&installed).is_ok_and(|text| text == lock) {
        return Ok(());
    }
    let name = folder.strip_prefix(root()).unwrap_or(folder);
    step(
        &format!("installing the npm packages of {}", name.display()),
        Command::new("npm")
            .args([
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
                "--prefix",
            ])
            .arg(folder),
    )?;
    fs::write(&installed, lock).map_err(|error| format!("{}: {error}", installed.display()))
}

/// Installs a program from Debian's packages if it is missing.
fn need(program: &str, package: &str) -> Result<(), String> {
    let quiet = |command: &mut Command| {
        command
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
    };
    if quiet(&mut Command::new(program)).is_ok() {
        return Ok(());
    }
    let script = format!(
        "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends {package}"
    );
    step(
        &format!("installing {program} (Debian's package {package})"),
        Command::new("sh").args(["-c", &script]),
    )
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
