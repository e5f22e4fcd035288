//! The native host with its own business, on a free port, until it is dropped.

use std::{
    fs::{self, File},
    io::Write,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::business::Login;
use crate::run::{cargo, root, step};

pub struct Native {
    server: Child,
    pub base: String,
    pub login: Login,
}

impl Native {
    /// Its data and its log are in `folder`, from this run alone.
    pub fn start(folder: &Path) -> Result<Self, String> {
        step(
            "the server",
            &mut cargo(["build", "-p", "crm", "--bin", "crm"]),
        )?;
        let data = folder.join("data");
        let _ = fs::remove_dir_all(&data);
        let login = Login {
            email: "owner@business.example".into(),
            password: "pass phrase of the owner".into(),
        };
        let tenant = crm(&data, &["tenant", "create", "Schemathesis"], "")?;
        let owner = [
            "user",
            "create",
            "--tenant",
            tenant.trim(),
            "--email",
            &login.email,
        ];
        let more = ["--name", "Owner", "--role", "owner", "--password-stdin"];
        crm(&data, &[&owner[..], &more[..]].concat(), &login.password)?;

        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(|error| error.to_string())?
            .to_string();
        let path = folder.join("server.log");
        let failed = |error| format!("{}: {error}", path.display());
        let log = File::create(&path).map_err(failed)?;
        let server = program()
            .args(["serve", "--addr", &address, "--rate-limit", "off", "--data"])
            .arg(&data)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log)
            .spawn()
            .map_err(|error| error.to_string())?;
        let native = Self {
            server,
            base: format!("http://{address}"),
            login,
        };
        let began = Instant::now();
        while super::business::get(&format!("{}/health", native.base), None).is_err() {
            if began.elapsed() > Duration::from_secs(30) {
                return Err(format!(
                    "the server does not answer: see {}",
                    path.display()
                ));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(native)
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn program() -> Command {
    Command::new(root().join("target/debug/crm"))
}

/// Runs a command; returns its output.
fn crm(data: &Path, arguments: &[&str], input: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("crm {}: {error}", arguments.join(" "));
    let mut child = program()
        .args(arguments)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        return Err(format!("crm {}: {}", arguments.join(" "), output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}
