//! Servers as child processes: started on 127.0.0.1, ended by their own id.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::run::step;

/// A running server; ended when dropped.
pub struct Server {
    child: Child,
    pub base: String,
}

impl Server {
    /// Starts `command` and waits until `probe` under `base` answers; returns the time that took.
    pub fn start(
        mut command: Command,
        base: String,
        probe: &str,
    ) -> Result<(Self, Duration), String> {
        let start = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        let server = Self { child, base };
        while start.elapsed() < Duration::from_secs(30) {
            if ureq::get(format!("{}{probe}", server.base)).call().is_ok() {
                return Ok((server, start.elapsed()));
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        Err(format!(
            "{} does not answer",
            command.get_program().display()
        ))
    }

    /// Resident memory in MiB.
    pub fn memory_mib(&self) -> f64 {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse().unwrap_or(0.0) / 1024.0
    }

    /// Ends it like a power cut, without a signal that it could handle.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A currently free port of 127.0.0.1.
pub fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    listener
        .local_addr()
        .map(|address| address.port())
        .map_err(|error| error.to_string())
}

/// The size in MiB of all files below `folder` whose names end in `ending`.
pub fn size_mib(folder: &Path, ending: &str) -> f64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0.0;
    };
    let sizes = entries.flatten().map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return size_mib(&path, ending);
        }
        let matches = path.to_string_lossy().ends_with(ending);
        if matches {
            entry
                .metadata()
                .map_or(0.0, |data| data.len() as f64 / (1024.0 * 1024.0))
        } else {
            0.0
        }
    });
    sizes.sum()
}

/// Installs the load generator if it is missing.
pub fn need_wrk() -> Result<(), String> {
    if Command::new("wrk")
        .arg("-v")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
    {
        return Ok(());
    }
    step(
        "installing the load generator wrk (Debian's package)",
        Command::new("sh").args(["-c", "apt-get update -qq && apt-get install -y -qq wrk"]),
    )
}
