//! Schemathesis from PyPI, in a virtual environment below target/, made once for each list of versions.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::told;
use crate::run::step;

/// The program; it is installed first if it is missing or has other versions.
pub fn schemathesis(folder: &Path) -> Result<PathBuf, String> {
    let wanted = told().join("requirements.txt");
    let home = folder.join("venv");
    let installed = home.join("requirements.txt");
    let read = |path: &Path| fs::read(path).ok();
    if read(&wanted).is_none() || read(&wanted) != read(&installed) {
        need_venv()?;
        let failed = |error| format!("{}: {error}", folder.display());
        fs::create_dir_all(folder).map_err(failed)?;
        let mut python = Command::new("python3");
        step(
            "a virtual environment of Python",
            python.args(["-m", "venv", "--clear"]).arg(&home),
        )?;
        let mut pip = Command::new(home.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]);
        step("Schemathesis, from PyPI", pip.arg(&wanted))?;
        // Written last, so that an interrupted installation is started again.
        fs::copy(&wanted, &installed).map_err(failed)?;
    }
    Ok(home.join("bin/schemathesis"))
}

fn need_venv() -> Result<(), String> {
    let there = Command::new("python3")
        .args(["-c", "import ensurepip, venv"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if there {
        return Ok(());
    }
    step(
        "installing Python's virtual environments (Debian's package)",
        Command::new("sh").args([
            "-c",
            "apt-get update -qq && apt-get install -y -qq python3-venv",
        ]),
    )
}
