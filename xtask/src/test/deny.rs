//! cargo-deny with deny.toml: licences, bans and sources of all dependencies. It does not check advisories: their
//! database has its own host, which a machine may not reach.

use std::process::{Command, Stdio};

use crate::run::{cargo, root, step};

const VERSION: &str = "0.20.2";

pub fn run() -> Result<(), String> {
    let home = root().join("target/tools");
    let program = home.join("bin/cargo-deny");
    let said = Command::new(&program)
        .arg("--version")
        .stderr(Stdio::null())
        .output();
    let there = said.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains(VERSION));
    if !there {
        // Unoptimised, since it runs for seconds and compiles for a minute.
        let mut install = cargo([
            "install",
            "cargo-deny",
            "--locked",
            "--debug",
            "--version",
            VERSION,
        ]);
        step("cargo-deny", install.arg("--root").arg(&home))?;
    }
    step(
        "licences, bans and sources of what is built in",
        Command::new(&program).args(["check", "licenses", "bans", "sources"]),
    )
}
