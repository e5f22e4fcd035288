//! kill -9 of the whole program while clients write to it over HTTP: every record that was answered with 201 exists
//! afterwards with its change log, and a repeat with the same Idempotency-Key takes effect once.

#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde_json::{Value, json};

/// A record that a client tried to create: its id, its idempotency key, and whether the answer arrived.
struct Tried {
    id: String,
    answered: bool,
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts the server; returns it with the time until it answered.
    fn start(data: &Path) -> (Self, Duration) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        drop(listener);
        let began = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_crm"))
            .args(["serve", "--addr", &address, "--rate-limit", "off", "--data"])
            .arg(data)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let server = Self { child, address };
        while send(&server.address, "GET", "/health", "", "")
            .is_none_or(|(status, _)| status != 200)
        {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "the server does not answer"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        let took = began.elapsed();
        (server, took)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// None unless the whole answer arrived.
fn send(
    address: &str,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(address).ok()?;
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/json\r\n"
    };
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}{kind}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.get(9..12)?.parse().ok()?;
    Some((
        status,
        serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?,
    ))
}

fn crm(data: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_crm"))
        .args(arguments)
        .arg("--data")
        .arg(data)
        .output()
        .expect("run");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .expect("UTF-8")
        .trim()
        .to_owned()
}

fn create(address: &str, token: &str, id: &str) -> Option<(u16, Value)> {
    let body = json!({ "id": id, "fields": { "title": format!("Job {id}"), "priority": "high" } })
        .to_string();
    let headers = format!("Authorization: Bearer {token}\r\nIdempotency-Key: {id}\r\n");
    send(address, "POST", "/records/job", &headers, &body)
}

#[test]
fn the_program_killed_under_load_loses_nothing() {
    let rounds: u64 =
        std::env::var("CRM_KILLS").map_or(5, |rounds| rounds.parse().expect("a number"));
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let tenant = crm(data, &["tenant", "create", "Crash"]);
    crm(
        data,
        &[
            "user",
            "create",
            "--tenant",
            &tenant,
            "--email",
            "a@example.com",
            "--name",
            "A",
            "--role",
            "owner",
        ],
    );
    let token = crm(
        data,
        &["token", "--tenant", &tenant, "--user", "a@example.com"],
    );

    let tried: Arc<Mutex<Vec<Tried>>> = Arc::default();
    let mut slowest = Duration::ZERO;
    let mut checked = 0;
    for round in 0..rounds {
        let (server, _) = Server::start(data);
        let over = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..8)
            .map(|_| {
                let (over, tried, token) = (over.clone(), tried.clone(), token.clone());
                let address = server.address.clone();
                std::thread::spawn(move || {
                    while !over.load(Relaxed) {
                        let id = uuid::Uuid::now_v7().to_string();
                        let answer = create(&address, &token, &id);
                        if let Some((status, body)) = &answer {
                            assert_eq!(*status, 201, "{body}");
                        }
                        let answered = answer.is_some();
                        tried.lock().push(Tried { id, answered });
                        if !answered {
                            // The server was killed.
                            return;
                        }
                    }
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(120 + 53 * (round % 7)));
        // Dropping it sends SIGKILL.
        drop(server);
        over.store(true, Relaxed);
        for client in clients {
            client.join().expect("a client");
        }

        let (server, took) = Server::start(data);
        slowest = slowest.max(took);
        let bearer = format!("Authorization: Bearer {token}\r\n");
        let mut tried = tried.lock();
        let mut repeated = 0;
        for attempt in tried.iter_mut().skip(checked) {
            let (status, body) = send(
                &server.address,
                "GET",
                &format!("/records/job/{}", attempt.id),
                &bearer,
                "",
            )
            .expect("an answer");
            if attempt.answered {
                assert_eq!(status, 200, "answered in round {round}, and lost: {body}");
            } else {
                // It exists or not; a repeat then creates it once.
                assert!(status == 200 || status == 404, "{body}");
                let (status, body) =
                    create(&server.address, &token, &attempt.id).expect("an answer");
                assert_eq!(status, 201, "{body}");
                attempt.answered = true;
                repeated += 1;
            }
        }
        checked = tried.len();
        println!(
            "round {round}: {} records, {repeated} repeated, first answer after {took:?}",
            tried.len()
        );
    }

    let file =
        rusqlite::Connection::open(data.join(format!("tenants/{tenant}.sqlite"))).expect("opened");
    let ids: Vec<String> = tried.lock().iter().map(|tried| tried.id.clone()).collect();
    let missing = "SELECT count(*) FROM json_each(?1) WHERE value NOT IN (SELECT id FROM records)";
    let list = serde_json::to_string(&ids).expect("JSON");
    let missing: i64 = file
        .query_row(missing, [list], |row| row.get(0))
        .expect("counted");
    assert_eq!(missing, 0, "records of earlier rounds are lost");
    let number = |sql: &str| -> i64 { file.query_row(sql, [], |row| row.get(0)).expect(sql) };
    let records = i64::try_from(ids.len()).expect("a count");
    assert!(records > 0, "nothing was written");
    assert_eq!(
        number("SELECT count(*) FROM records WHERE type = 'job'"),
        records
    );
    assert_eq!(
        number("SELECT count(*) FROM changes WHERE type = 'job'"),
        records,
        "one change per record"
    );
    let apart = "SELECT count(*) FROM records r WHERE NOT EXISTS (SELECT 1 FROM changes c WHERE c.seq = r.version AND c.record_id = r.id)";
    assert_eq!(
        number(apart),
        0,
        "records without the change that made them"
    );
    assert_eq!(
        number("SELECT count(*) FROM idempotency"),
        records,
        "one stored answer per key"
    );
    let verdict: String = file
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("checked");
    assert_eq!(verdict, "ok");
    assert_eq!(crm_native::check::check(data, None).findings, []);
    println!("{rounds} kills, {records} records, none lost; slowest start {slowest:?}");
}
