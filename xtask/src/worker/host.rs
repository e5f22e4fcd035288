//! Runs Workers in workerd through `xtask/worker/host.mjs`; they end with this program.

use std::{
    io::{self, BufRead, BufReader},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
};

use serde_json::Value;

use crate::{run::root, tools::Tools};

/// A running host; ended when dropped.
pub struct Host {
    child: Child,
    /// Closing it ends the host, also when this program is killed.
    stdin: Option<ChildStdin>,
    pub url: String,
}

impl Host {
    /// Starts the Workers of `settings` (see the script) and waits until they answer.
    pub fn start(tools: &Tools, settings: &Value) -> Result<Self, String> {
        let mut command: Command = tools.script("host.mjs");
        let mut child = command
            .arg(settings.to_string())
            .current_dir(root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("node: {error}"))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or("node has no output")?;
        let mut host = Self {
            child,
            stdin,
            url: String::new(),
        };
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        while stdout
            .read_line(&mut line)
            .map_err(|error| format!("node: {error}"))?
            > 0
        {
            let said: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(url) = said["url"].as_str() {
                host.url = url.to_owned();
                // Prints the Workers' log from now on.
                thread::spawn(move || io::copy(&mut stdout, &mut io::stderr()));
                return Ok(host);
            }
            line.clear();
        }
        Err("workerd did not start".to_owned())
    }

    /// The peak memory of workerd in bytes, including the databases and everything else in it; None if the system does
    /// not tell.
    pub fn most_memory(&self) -> Option<u64> {
        let node = self.child.id();
        let children = format!("/proc/{node}/task/{node}/children");
        let children = std::fs::read_to_string(children).ok()?;
        let held = children.split_whitespace().filter_map(|child| {
            let status = std::fs::read_to_string(format!("/proc/{child}/status")).ok()?;
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("VmHWM:"))?;
            let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
            Some(kib * 1024)
        });
        held.max()
    }

    /// Waits until it ends or is interrupted.
    pub fn wait(mut self) -> Result<(), String> {
        let status = self.child.wait().map_err(|error| error.to_string())?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("workerd ended with {status}"))
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}
