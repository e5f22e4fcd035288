//! A server for one test, and the command line beside it.

use std::{
    ffi::OsString,
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// The program while it serves a folder. Its requests are not counted.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts with a low soft limit of open files, as on many systems. `more`: arguments of `crm serve`.
    pub fn start(data: &Path, more: &[&str]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let child = Command::new("sh")
            .args(["-c", r#"ulimit -Sn 64; exec "$0" serve "$@""#])
            .arg(program())
            .args(["--rate-limit", "off", "--addr", &address.to_string()])
            .args(more)
            .arg("--data")
            .arg(data)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, address };
        while TcpStream::connect(address).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }

    /// The peak memory of the server.
    #[cfg(target_os = "linux")]
    pub fn memory_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.unwrap().trim().trim_end_matches(" kB").trim();
        kib.parse::<u64>().unwrap() / 1024
    }

    #[cfg(not(target_os = "linux"))]
    pub fn memory_mib(&self) -> u64 {
        0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The one that was built with this test, or another: `cargo xtask bench --overload` measures the one for a release.
fn program() -> OsString {
    std::env::var_os("CRM_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_crm").into())
}

/// The output of a command.
pub fn crm(data: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(program());
    let done = command
        .args(arguments)
        .arg("--data")
        .arg(data)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}
