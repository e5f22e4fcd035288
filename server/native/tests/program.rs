//! The program as people run it: the commands, their output and their exit codes.

#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

fn crm(data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_crm"))
        .args(arguments)
        .env("CRM_DATA", data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    child
        .stdin
        .take()
        .expect("its input")
        .write_all(input.as_bytes())
        .expect("written");
    child.wait_with_output().expect("ended")
}

/// The output of a command that must succeed.
fn done(output: Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The error message of a command that must fail with exit code 1.
fn failed(output: Output) -> String {
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    String::from_utf8(output.stderr).expect("UTF-8")
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address")
        .to_string()
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(data: Option<&Path>, arguments: &[&str]) -> Self {
        let address = free_address();
        let mut command = Command::new(env!("CARGO_BIN_EXE_crm"));
        command
            .args(["serve", "--addr", &address])
            .args(arguments)
            .env_remove("CRM_DATA");
        if let Some(data) = data {
            command.arg("--data").arg(data);
        }
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let server = Self { child, address };
        let until = Instant::now() + Duration::from_secs(30);
        while server.get("/health", "").0 != 200 {
            assert!(Instant::now() < until, "the server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// Status and body; status 0 if nobody answers.
    fn send(&self, method: &str, path: &str, token: &str, body: &str) -> (u16, Value) {
        let answer = || {
            let mut stream = std::net::TcpStream::connect(&self.address)?;
            let token = if token.is_empty() {
                String::new()
            } else {
                format!("Authorization: Bearer {token}\r\n")
            };
            let kind = if body.is_empty() {
                ""
            } else {
                "Content-Type: application/json\r\n"
            };
            let head = format!(
                "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{token}{kind}"
            );
            stream.write_all(
                format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes(),
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok::<_, std::io::Error>(answer)
        };
        let Ok(answer) = answer() else {
            return (0, Value::Null);
        };
        let status = answer
            .get(9..12)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0);
        let body = answer.split_once("\r\n\r\n").map_or("", |parts| parts.1);
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    fn get(&self, path: &str, token: &str) -> (u16, Value) {
        self.send("GET", path, token, "")
    }

    fn sign_in(&self, email: &str, password: &str) -> String {
        let grant =
            json!({ "grant_type": "password", "email": email, "password": password }).to_string();
        let (status, body) = self.send("POST", "/auth/token", "", &grant);
        assert_eq!(status, 200, "{body}");
        body["access_token"].as_str().expect("a token").to_owned()
    }

    /// Asks the server to stop and waits for its end.
    #[cfg(unix)]
    fn stop(mut self) -> std::process::ExitStatus {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .expect("sent")
                .success()
        );
        self.child.wait().expect("ended")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn a_tenant(data: &Path) -> String {
    done(crm(data, &["tenant", "create", "Clearwater"], ""))
        .trim()
        .to_owned()
}

const PASSWORD: &str = "correct horse battery";

fn a_user(data: &Path, tenant: &str, role: &str) {
    let arguments = [
        "user",
        "create",
        "--tenant",
        tenant,
        "--email",
        "ana@example.com",
        "--name",
        "Ana",
        "--role",
        role,
        "--password-stdin",
    ];
    done(crm(data, &arguments, &format!("{PASSWORD}\n")));
}

/// The access token of a new key that reads records.
fn key_token(data: &Path, tenant: &str, server: &Server) -> String {
    let arguments = [
        "key",
        "create",
        "--tenant",
        tenant,
        "--name",
        "Books",
        "--scope",
        "records:read",
    ];
    let key = done(crm(data, &arguments, ""));
    let grant = json!({ "grant_type": "api_key", "api_key": key.trim() }).to_string();
    let (status, body) = server.send("POST", "/auth/token", "", &grant);
    assert_eq!(status, 200, "{body}");
    body["access_token"].as_str().expect("a token").to_owned()
}

#[test]
fn what_the_commands_make_can_be_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let tenant = a_tenant(&data);
    assert_eq!(
        done(crm(&data, &["tenant", "list"], "")),
        format!("{tenant}  Clearwater\n")
    );
    a_user(&data, "Clearwater", "owner");
    let server = Server::start(Some(&data), &[]);

    let token = server.sign_in("ana@example.com", PASSWORD);
    assert_eq!(server.get("/records/contact", &token).0, 200);
    let script = done(crm(
        &data,
        &["token", "--tenant", &tenant, "--user", "Ana@Example.com"],
        "",
    ));
    assert_eq!(server.get("/records/contact", script.trim()).0, 200);

    let token = &key_token(&data, &tenant, &server);
    assert_eq!(server.get("/records/contact", token).0, 200);
    assert_eq!(
        server
            .send(
                "POST",
                "/records/contact",
                token,
                r#"{"fields":{"kind":"person"}}"#
            )
            .0,
        403
    );
}

#[test]
fn a_password_is_made_where_none_is_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let tenant = a_tenant(folder.path());
    let arguments = [
        "user",
        "create",
        "--tenant",
        &tenant,
        "--email",
        "b@example.com",
        "--name",
        "B",
        "--role",
        "readonly",
    ];
    let said = done(crm(folder.path(), &arguments, ""));
    let password = said.trim().split_once("password: ").expect("a password").1;
    let server = Server::start(Some(folder.path()), &[]);
    server.sign_in("b@example.com", password);
}

/// The kids that a server publishes.
fn published(server: &Server) -> Vec<String> {
    let (status, jwks) = server.get("/.well-known/jwks.json", "");
    assert_eq!(status, 200, "{jwks}");
    let keys = jwks["keys"].as_array().expect("keys");
    let kids = keys
        .iter()
        .map(|key| key["kid"].as_str().expect("a kid").to_owned());
    kids.collect()
}

#[test]
fn signing_keys_rotate_and_retire() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let tenant = a_tenant(data);
    a_user(data, &tenant, "owner");
    let token = || {
        let arguments = ["token", "--tenant", &tenant, "--user", "ana@example.com"];
        done(crm(data, &arguments, "")).trim().to_owned()
    };
    let rotate = |more: &[&str]| {
        let arguments = [&["signing-key", "rotate"], more].concat();
        done(crm(data, &arguments, "")).trim().to_owned()
    };
    let list = || done(crm(data, &["signing-key", "list"], ""));
    let first = token();
    let second_key = rotate(&[]);
    let second = token();
    let third_key = rotate(&[]);
    let third = token();
    assert_eq!(list().lines().count(), 3);
    let signs = list();
    let mut lines = signs.lines();
    assert!(
        lines
            .next()
            .is_some_and(|line| line.starts_with(&third_key) && line.ends_with("  signs"))
    );
    assert!(
        lines
            .next()
            .is_some_and(|line| line.starts_with(&second_key) && line.contains("verifies until 20"))
    );
    let server = Server::start(Some(data), &[]);
    assert_eq!(published(&server)[..2], [third_key, second_key]);
    assert_eq!(published(&server).len(), 3);
    for token in [&first, &second, &third] {
        assert_eq!(server.get("/me", token).0, 200);
    }
    drop(server);
    let last_key = rotate(&["--end-others"]);
    let server = Server::start(Some(data), &[]);
    assert_eq!(published(&server), [last_key]);
    for old in [&first, &second, &third] {
        assert_eq!(server.get("/me", old).0, 401);
    }
    assert_eq!(server.get("/me", &token()).0, 200);
    assert!(failed(crm(&data.join("none"), &["signing-key", "list"], "")).contains("no data in"));
}

#[test]
fn mistakes_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    assert!(failed(crm(data, &["tenant", "list"], "")).contains("there is no data in"));
    let tenant = a_tenant(data);
    let nobody = "01900000-0000-7000-8000-000000000000";
    let user = |tenant: &str, email: &str, role: &str| {
        crm(
            data,
            &[
                "user", "create", "--tenant", tenant, "--email", email, "--name", "A", "--role",
                role,
            ],
            "",
        )
    };
    assert!(failed(user(nobody, "a@example.com", "owner")).contains("there is no tenant"));
    assert!(failed(user("Nobody", "a@example.com", "owner")).contains("there is no tenant Nobody"));
    assert!(failed(user(&tenant, "no address", "owner")).contains("/email"));
    failed(user(&tenant, "a@example.com", "emperor"));
    done(user(&tenant, "a@example.com", "owner"));
    failed(user(&tenant, "a@example.com", "owner"));
    assert!(
        failed(crm(
            data,
            &["token", "--tenant", &tenant, "--user", "b@example.com"],
            ""
        ))
        .contains("no active user")
    );
    assert!(failed(crm(data, &["tenant", "create", "X", "--id", "17"], "")).contains("UUIDv7"));
    done(crm(data, &["tenant", "create", "Clearwater"], ""));
    assert!(failed(user("Clearwater", "c@example.com", "owner")).contains("several tenants"));
    for typo in [
        &["serve", "--port", "1"][..],
        &["tenants"],
        &["token", "--tenant", &tenant],
        &[],
    ] {
        assert_eq!(crm(data, typo, "").status.code(), Some(2), "{typo:?}");
    }
    let refused = failed(crm(data, &["serve", "--demo", "--addr", "0.0.0.0:0"], ""));
    assert!(refused.contains("loopback"), "{refused}");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    assert!(failed(crm(data, &["serve", "--addr", &address], "")).contains("is in use"));
    let file = data.join("a file");
    std::fs::write(&file, "x").expect("written");
    let refused = failed(crm(&file, &["tenant", "create", "X"], ""));
    assert!(refused.contains("is a file; name a folder"), "{refused}");
    for typo in [
        &["serve", "--addr", "localhost:8080"][..],
        &["serve", "--allow-origin", "app.example"],
        &["serve", "--issuer", ""],
    ] {
        assert_eq!(crm(data, typo, "").status.code(), Some(2), "{typo:?}");
    }
    let none = data.join("none");
    assert!(failed(crm(&none, &["tenant", "create", " "], "")).contains("1 to 200"));
    assert!(!none.exists(), "a folder was made for nothing");
}

#[test]
fn an_export_that_does_not_work_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let tenant = a_tenant(&data);
    let out = folder.path().join("out");
    std::fs::create_dir(&out).expect("made");
    let export = |name: &str, file: &str| {
        let file = out.join(file);
        let file = file.to_str().expect("UTF-8");
        crm(
            &data,
            &["export", name, "--tenant", &tenant, "--out", file],
            "",
        )
    };
    assert!(failed(export("nothing", "x.csv")).contains("no object type nothing"));
    assert!(failed(export("job", "x.txt")).contains("name one with --format"));
    let refused = failed(export("job", "nowhere/x.csv"));
    assert!(refused.contains("nowhere/x.csv"), "{refused}");
    assert_eq!(std::fs::read_dir(&out).expect("read").count(), 0);
    done(export("job", "x.jsonl"));
    assert_eq!(std::fs::read_dir(&out).expect("read").count(), 1);
    // A missing database is reported and not created again.
    let database = data.join(format!("tenants/{tenant}.sqlite"));
    std::fs::remove_file(&database).expect("removed");
    let refused = failed(export("job", "x.csv"));
    assert!(refused.contains(".sqlite is missing"), "{refused}");
    assert!(!database.exists());
}

/// Another program has the databases open, and writes.
#[test]
fn a_database_in_use_is_said_to_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let tenant = a_tenant(data);
    let other = rusqlite::Connection::open(data.join("directory.sqlite")).expect("opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("begun");
    let refused = failed(crm(data, &["tenant", "create", "Second"], ""));
    assert!(
        refused.contains("another program is using the data"),
        "{refused}"
    );
    other.execute_batch("ROLLBACK").expect("ended");
    assert_eq!(
        done(crm(data, &["tenant", "list"], "")),
        format!("{tenant}  Clearwater\n")
    );
    done(crm(data, &["tenant", "create", "Second"], ""));
}

#[cfg(unix)]
#[test]
fn stopping_leaves_no_log_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let tenant = a_tenant(folder.path());
    a_user(folder.path(), &tenant, "owner");
    let server = Server::start(Some(folder.path()), &[]);
    let token = server.sign_in("ana@example.com", PASSWORD);
    let made = server.send(
        "POST",
        "/records/contact",
        &token,
        r#"{"fields":{"kind":"person","last_name":"Oak"}}"#,
    );
    assert_eq!(made.0, 201, "{}", made.1);
    assert!(server.stop().success());
    let log = folder.path().join(format!("tenants/{tenant}.sqlite-wal"));
    assert!(!log.exists());
}

#[cfg(unix)]
#[test]
fn what_was_counted_is_written_down_before_it_stops() {
    let folder = tempfile::tempdir().expect("a folder");
    let tenant = a_tenant(folder.path());
    a_user(folder.path(), &tenant, "owner");
    let server = Server::start(Some(folder.path()), &[]);
    let key = key_token(folder.path(), &tenant, &server);
    assert_eq!(server.get("/records/contact", &key).0, 200);
    assert!(server.stop().success());

    let server = Server::start(Some(folder.path()), &[]);
    let token = server.sign_in("ana@example.com", PASSWORD);
    let (_, keys) = server.get("/api-keys", &token);
    assert!(keys["items"][0]["last_used_at"].is_i64(), "{keys}");
}

/// Runs the commands of the greeting in a shell, unchanged.
#[cfg(unix)]
#[test]
fn the_demos_commands_work_when_pasted() {
    let mut server = Server::start(None, &["--demo"]);
    let mut lines = BufReader::new(server.child.stdout.take().expect("its output")).lines();
    let mut said = String::new();
    while !said.contains("Ctrl-C") {
        said.push_str(&lines.next().expect("more").expect("a line"));
        said.push('\n');
    }
    for person in ["ana@clearwater.example", "tom@clearwater.example"] {
        let line = said
            .lines()
            .find(|line| line.contains(person))
            .expect("a login");
        server.sign_in(person, line.split_whitespace().nth(1).expect("a password"));
    }
    let commands = said
        .split_once("another terminal:")
        .expect("commands")
        .1
        .split_once("Ctrl-C")
        .expect("an end")
        .0;
    let output = Command::new("sh")
        .args(["-ec", commands])
        .output()
        .expect("run");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let answers = String::from_utf8(output.stdout).expect("UTF-8");
    let mut answers = serde_json::Deserializer::from_str(&answers).into_iter::<Value>();
    let jobs = answers.next().expect("jobs").expect("JSON");
    assert_eq!(jobs["items"].as_array().map(Vec::len), Some(3), "{jobs}");
    let ada = answers.next().expect("a contact").expect("JSON");
    assert_eq!(ada["fields"]["last_name"], "Lovelace", "{ada}");
    assert!(server.stop().success());
}

#[cfg(unix)]
fn modes(folder: &Path) -> Vec<(String, u32)> {
    use std::os::unix::fs::MetadataExt;
    let mut all = vec![(
        folder.display().to_string(),
        std::fs::symlink_metadata(folder).expect("there").mode() & 0o777,
    )];
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let metadata = entry.metadata().expect("there");
        if metadata.is_dir() {
            all.extend(modes(&entry.path()));
        } else {
            all.push((entry.path().display().to_string(), metadata.mode() & 0o777));
        }
    }
    all
}

#[cfg(unix)]
#[test]
fn the_data_folder_is_its_owners_alone_whatever_it_was() {
    use std::os::unix::fs::PermissionsExt;
    let outer = tempfile::tempdir().expect("a folder");
    let (data, copy) = (outer.path().join("data"), outer.path().join("copy"));
    // With a umask that would let everybody read the files.
    let freely = |arguments: &[&str]| {
        let script = "umask 0; exec \"$0\" \"$@\"";
        let output = Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_crm")])
            .args(arguments)
            .env("CRM_DATA", &data)
            .output();
        done(output.expect("ended"));
    };
    let alone = |folder: &Path, when: &str| {
        let all = modes(folder);
        assert!(all.len() > 3, "{when}: {all:?}");
        let open: Vec<_> = all.iter().filter(|(_, mode)| mode & 0o077 != 0).collect();
        assert!(open.is_empty(), "{when}: {open:?}");
    };
    freely(&["tenant", "create", "Alder"]);
    alone(&data, "made");
    // As an older program left the folder.
    let wide = |folder: &Path| {
        for (path, _) in modes(folder) {
            let mode = if Path::new(&path).is_dir() {
                0o755
            } else {
                0o644
            };
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("set");
        }
    };
    wide(&data);
    freely(&["tenant", "create", "Birch"]);
    alone(&data, "opened");
    wide(&data);
    freely(&["backup", "--out", copy.to_str().expect("UTF-8")]);
    alone(&copy, "copied");
}
