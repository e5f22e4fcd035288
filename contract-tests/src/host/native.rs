//! The native host: the `crm` binary beside the test executable, on a free port of the loopback interface, with a
//! temporary data folder.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

use super::{Hold, Host, Login, ORIGIN, fresh};

pub struct Native {
    program: PathBuf,
    folder: TempDir,
    base_url: String,
    server: Child,
}

/// The longest time until the server's first answer.
const START: Duration = Duration::from_secs(60);

impl Native {
    pub fn start() -> Native {
        let program = program();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let address = free_address();
        let log = File::create(folder.path().join("log")).expect("a log file");
        let server = Command::new(&program)
            .args([
                "serve",
                "--addr",
                &address,
                "--allow-origin",
                ORIGIN,
                "--trust-proxy",
                "127.0.0.1",
                "--data",
            ])
            .arg(folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log twice"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", program.display()));
        let mut native = Native {
            program,
            folder,
            base_url: format!("http://{address}"),
            server,
        };
        native.wait_until_it_listens(&address);
        native
    }

    fn wait_until_it_listens(&mut self, address: &str) {
        let start = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            let ended = self.server.try_wait().expect("the server's state");
            if ended.is_some() || start.elapsed() > START {
                panic!("the server does not listen ({ended:?}):\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs the program's command line; returns its output.
    async fn command(&self, arguments: &[&str], input: &str) -> String {
        let mut child = tokio::process::Command::new(&self.program)
            .args(arguments)
            .arg("--data")
            .arg(self.data())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the command line");
        let mut stdin = child.stdin.take().expect("its input");
        stdin
            .write_all(input.as_bytes())
            .await
            .expect("to write its input");
        drop(stdin);
        let output = child.wait_with_output().await.expect("its output");
        assert!(
            output.status.success(),
            "crm {}: {}\n{}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr),
        );
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

impl Host for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn base_url(&self) -> &str {
        &self.base_url
    }

    fn address_header(&self) -> &'static str {
        "x-forwarded-for"
    }

    fn create_tenant<'a>(&'a self, name: &'a str, owner: &'a Login) -> BoxFuture<'a, String> {
        Box::pin(async move {
            let printed = self.command(&["tenant", "create", name], "").await;
            let tenant = printed
                .split_whitespace()
                .next()
                .expect("the tenant's id")
                .to_owned();
            let user = [
                "user",
                "create",
                "--tenant",
                &tenant,
                "--email",
                &owner.email,
                "--name",
                &owner.name,
                "--role",
                "owner",
                "--password-stdin",
            ];
            self.command(&user, &owner.password).await;
            tenant
        })
    }

    fn short_token<'a>(
        &'a self,
        tenant: &'a str,
        email: &'a str,
        life: Duration,
    ) -> BoxFuture<'a, String> {
        Box::pin(async move {
            let life = life.as_secs().max(1).to_string();
            let arguments = [
                "token",
                "--tenant",
                tenant,
                "--user",
                email,
                "--expires-in",
                &life,
            ];
            let printed = self.command(&arguments, "").await;
            printed
                .split_whitespace()
                .next()
                .expect("a token")
                .to_owned()
        })
    }

    /// SQLite has one writer: an open transaction of the test blocks the server's.
    fn hold_store<'a>(&'a self, tenant: &'a str) -> BoxFuture<'a, Option<Hold>> {
        Box::pin(async move {
            let file = find(&self.data(), tenant).expect("the tenant's file");
            let connection = rusqlite::Connection::open(file).expect("the tenant's database");
            connection
                .busy_timeout(Duration::from_secs(5))
                .expect("a timeout");
            connection
                .execute_batch("BEGIN IMMEDIATE")
                .expect("the write lock");
            Some(Box::new(connection) as Hold)
        })
    }

    fn log(&self) -> String {
        let text = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        // Without the log lines of successful requests.
        let told = |line: &&str| !line.contains(r#""level":"INFO""#);
        let lines: Vec<&str> = text.lines().filter(told).collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        // Ends the process by its handle. Its data is in a temporary folder.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The database in `folder` whose name holds the tenant's id.
fn find(folder: &Path, tenant: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let mut folders = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            folders.push(path);
        } else if path
            .extension()
            .is_some_and(|it| it == "db" || it == "sqlite" || it == "sqlite3")
            && path.to_string_lossy().contains(tenant)
        {
            return Some(path);
        }
    }
    folders.iter().find_map(|folder| find(folder, tenant))
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").to_string()
}

/// The program of this profile, built first if it is missing or older than its sources.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let profile = test
        .parent()
        .and_then(Path::parent)
        .expect("target/<profile>/deps");
    let program = profile.join("crm");
    if !fresh::is_fresh(&program) {
        eprintln!("building {} first", program.display());
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "-p", "crm", "--bin", "crm"]);
        build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
        build
            .arg("--target-dir")
            .arg(profile.parent().expect("target"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let status = build.status().expect("cargo");
        assert!(status.success(), "the server does not build");
    }
    program
}
