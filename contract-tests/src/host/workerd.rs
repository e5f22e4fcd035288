//! The Worker in workerd, Cloudflare's own runtime, with D1, KV and Durable Objects on this machine: built by `cargo
//! xtask workers`, run by `xtask/worker/host.mjs`, with a temporary folder. The operator's routes replace the native
//! host's command line.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Request;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Hold, Host, Login, ORIGIN};
use crate::proxy::{HttpClient, http_client};

pub struct Workerd {
    child: Child,
    /// Closing it ends the runtime, even when the tests are killed.
    stdin: Option<ChildStdin>,
    folder: TempDir,
    base_url: String,
    secret: String,
    client: HttpClient,
}

/// Databases for the tests' tenants.
const TENANTS: u32 = 500;

/// The host name of the partner's Worker.
pub const PARTNER: &str = "partner.example";

impl Workerd {
    pub fn start() -> Workerd {
        let workers = workers();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = File::create(folder.path().join("log")).expect("a log file");
        let mut vars = workers["vars"].clone();
        vars["ALLOW_ORIGIN"] = Value::from(ORIGIN);
        vars["TRUST_PROXY"] = Value::from("127.0.0.1 ::1");
        let settings = json!({
            "config": workers["config"],
            "vars": vars,
            "tenants": TENANTS,
            "others": [{"name": "partner", "modules": workers["partner"], "route": format!("{PARTNER}/*")}],
        });
        let mut child = Command::new(text(&workers["node"]))
            .arg(text(&workers["host"]))
            .arg(settings.to_string())
            .env("WRANGLER_SEND_METRICS", "false")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("node");
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
        let base_url = loop {
            let mut line = String::new();
            let read = stdout.read_line(&mut line).expect("its output");
            assert!(read > 0, "workerd did not start:\n{}", tail(folder.path()));
            let said: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(url) = said["url"].as_str() {
                break url.to_owned();
            }
        };
        // Read the rest of its output, so that a full pipe does not block it.
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        Workerd {
            child,
            stdin,
            folder,
            base_url,
            secret: text(&workers["vars"]["OPERATOR_SECRET"]),
            client: http_client(),
        }
    }

    /// The first request makes the directory and its signing key. It is sent alone, so that there is one key, as on the
    /// native host.
    pub async fn wake(&self) {
        let request = Request::get(format!("{}/health", self.base_url));
        let request = request.body(Full::default()).expect("a request");
        let answer = self.client.request(request).await.expect("an answer");
        assert_eq!(answer.status(), 200, "{}", self.log());
    }

    /// A request to the operator's routes.
    async fn operator(&self, path: &str, body: Value) -> Value {
        let request = Request::post(format!("{}/operator/{path}", self.base_url))
            .header("authorization", format!("Bearer {}", self.secret))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body.to_string())))
            .expect("a request");
        let answer = self.client.request(request).await.expect("an answer");
        let status = answer.status();
        let body = answer
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        assert!(
            status.is_success(),
            "{path}: {status} {}\n{}",
            String::from_utf8_lossy(&body),
            self.log()
        );
        serde_json::from_slice(&body).expect("JSON")
    }
}

impl Host for Workerd {
    fn name(&self) -> &'static str {
        "workerd"
    }

    fn base_url(&self) -> &str {
        &self.base_url
    }

    fn address_header(&self) -> &'static str {
        "x-forwarded-for"
    }

    fn resolves_dots(&self) -> bool {
        true
    }

    fn create_tenant<'a>(&'a self, name: &'a str, owner: &'a Login) -> BoxFuture<'a, String> {
        Box::pin(async move {
            let tenant = text(&self.operator("tenants", json!({"name": name})).await["id"]);
            let user = json!({
                "email": owner.email, "name": owner.name, "roles": ["owner"],
                "password": owner.password,
            });
            self.operator(&format!("tenants/{tenant}/api/users"), user)
                .await;
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
            let new = json!({"user": email, "expires_in": life.as_secs().max(1)});
            let made = self.operator(&format!("tenants/{tenant}/token"), new).await;
            text(&made["access_token"])
        })
    }

    /// D1 cannot be locked: it has no transactions over several requests.
    fn hold_store<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Option<Hold>> {
        Box::pin(async { None })
    }

    fn log(&self) -> String {
        tail(self.folder.path())
    }
}

impl Drop for Workerd {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

fn tail(folder: &Path) -> String {
    let log = std::fs::read(folder.join("log")).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let told = |line: &&str| !line.contains(r#""level":"INFO""#);
    let lines: Vec<&str> = log.lines().filter(told).collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

/// Builds the Workers if they are not built yet; returns their paths.
fn workers() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["run", "--quiet", "--package", "xtask", "--", "workers"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo");
    assert!(output.status.success(), "the Workers do not build");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let line = said.lines().last().unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {said}"))
}

#[track_caller]
fn text(value: &Value) -> String {
    crate::business::text(value)
}
