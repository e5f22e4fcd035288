//! The HTTP server around any router: panics, slow peers, stopping.

#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    routing::{get, post},
};
use crm_core::{
    Core,
    core::Config,
    http::{Operator, Peer},
    ports::{
        Answer, TenantStore,
        store::{Commit, Rows, Statement, StoreError, TenantId},
    },
};
use crm_native::{
    host::Host,
    serve::{Rate, Settings, serve},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<std::io::Result<()>>,
}

async fn start(settings: Settings) -> Running {
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        "slow"
    };
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/slow", get(slow))
        .route("/never", get(std::future::pending::<&'static str>))
        .route(
            "/panic",
            get(async || -> &'static str { panic!("a mistake in a handler") }),
        )
        .route("/large", get(|| async { vec![b'x'; 64 << 20] }))
        .route(
            "/peer",
            get(
                |axum::Extension(Peer(peer)): axum::Extension<Peer>| async move {
                    peer.to_string()
                },
            ),
        );
    start_with(router, settings).await
}

async fn start_with(router: Router, settings: Settings) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(serve(listener, router, settings, async {
        drop(stopped.await)
    }));
    Running {
        address,
        stop,
        ended,
    }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("connected")
    }

    async fn stop(self) {
        self.stop.send(()).expect("running");
        self.ended.await.expect("ended").expect("without an error");
    }
}

async fn ask(stream: &mut TcpStream, path: &str, more: &str) {
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n").as_bytes())
        .await
        .expect("written");
}

/// Everything that arrives until the connection is closed.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes))
        .await
        .expect("closed");
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn get_once(running: &Running, path: &str) -> String {
    let mut stream = running.connect().await;
    ask(&mut stream, path, "Connection: close\r\n").await;
    rest(&mut stream).await
}

#[tokio::test]
async fn a_panic_is_answered_and_harms_nobody_else() {
    let running = start(Settings::default()).await;
    let answer = get_once(&running, "/panic").await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    let body = answer.split_once("\r\n\r\n").expect("a body").1;
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body["code"], "INTERNAL");
    let id = body["context"]["request_id"]
        .as_str()
        .expect("a request id");
    assert!(
        answer.contains(&format!("x-request-id: {id}\r\n")),
        "{answer}"
    );
    assert!(!answer.contains("a mistake in a handler"), "{answer}");
    assert!(get_once(&running, "/").await.ends_with("hello"));
    running.stop().await;
}

#[tokio::test]
async fn the_core_learns_the_peers_address() {
    let running = start(Settings::default()).await;
    assert!(get_once(&running, "/peer").await.ends_with("127.0.0.1"));
    running.stop().await;
}

#[tokio::test]
async fn a_peer_that_never_finishes_its_head_is_let_go() {
    let running = start(Settings {
        head_time: Duration::from_millis(200),
        ..Settings::default()
    })
    .await;
    let mut slow = running.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\nHost: ")
        .await
        .expect("written");
    let began = Instant::now();
    let said = rest(&mut slow).await;
    assert!(
        began.elapsed() < Duration::from_secs(5) && !said.contains(" 200 "),
        "{said}"
    );
    running.stop().await;
}

/// A store whose tenant is locked for ever.
struct Held;

impl TenantStore for Held {
    fn read<'a>(
        &'a self,
        _: &'a TenantId,
        _: Vec<Statement>,
    ) -> Answer<'a, Result<Vec<Rows>, StoreError>> {
        Box::pin(std::future::pending())
    }

    fn commit<'a>(
        &'a self,
        _: &'a TenantId,
        _: Vec<Statement>,
    ) -> Answer<'a, Result<Commit, StoreError>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered() {
    let data = tempfile::tempdir().expect("a folder");
    let mut ports = Host::open(data.path()).expect("opened").ports;
    ports.store = Arc::new(Held);
    let config = Config {
        patience_ms: 50,
        ..Config::default()
    };
    let core = Core::start(ports, config).await.expect("started");
    let tenant = TenantId::parse("01900000-0000-7000-8000-000000000000").expect("an id");
    let router = crm_core::http::router(core).layer(axum::Extension(Operator(tenant)));
    let running = start_with(router, Settings::default()).await;
    let answer = get_once(&running, "/records/contact").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body["code"], "TENANT_BUSY");
    let id = body["context"]["request_id"].as_str().expect("an id");
    for header in [
        &format!("x-request-id: {id}"),
        "retry-after: 1",
        "content-type: application/json",
        "vary: Accept",
    ] {
        assert!(head.contains(header), "{header} is not in {head}");
    }
    // A server that waits for one tenant still answers others.
    assert!(
        get_once(&running, "/health")
            .await
            .starts_with("HTTP/1.1 200 ")
    );
    running.stop().await;
}

#[tokio::test]
async fn a_head_has_bounds() {
    let running = start(Settings::default()).await;
    for more in [
        // A head that has arrived completely when the bound is checked may be up to twice as long.
        format!("X-Long: {}\r\n", "x".repeat(200_000)),
        "X-Many: 1\r\n".repeat(100),
    ] {
        let mut stream = running.connect().await;
        ask(&mut stream, "/", &more).await;
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        assert_eq!(refused(&answer), ("/headers".into(), "too_long".into()));
    }
    running.stop().await;
}

/// Pointer and rule of the one failure that a refusal lists.
fn refused(answer: &str) -> (String, String) {
    let body = answer.split_once("\r\n\r\n").expect("a body").1;
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body["code"], "VALIDATION_FAILED");
    let id = body["context"]["request_id"].as_str().expect("an id");
    assert!(answer.contains(&format!("x-request-id: {id}\r\n")));
    let error = &body["context"]["errors"][0];
    let text = |name: &str| error[name].as_str().expect("a text").to_owned();
    (text("pointer"), text("rule"))
}

#[tokio::test]
async fn what_is_no_http_is_told_what_is_wrong() {
    let running = start(Settings::default()).await;
    for request in [
        "GET /records/job?filter={\"field\":\"title\"} HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost\r\n\r\n",
        "\u{16}\u{3}\u{1} a TLS handshake, say\r\n\r\n",
    ] {
        let mut stream = running.connect().await;
        stream.write_all(request.as_bytes()).await.expect("written");
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{request}: {answer}");
        assert_eq!(refused(&answer), (String::new(), "http".into()));
    }
    running.stop().await;
}

#[tokio::test]
async fn a_peer_that_takes_nothing_of_its_answer_is_let_go() {
    let settings = Settings {
        take_rate: Rate {
            window: Duration::from_millis(200),
            bytes: 1 << 10,
        },
        answer_bytes: 1 << 30,
        connections: 1,
        ..Settings::default()
    };
    let running = start(settings).await;
    let mut deaf = running.connect().await;
    ask(&mut deaf, "/large", "").await;
    // The only connection becomes free again.
    let answer = tokio::time::timeout(Duration::from_secs(5), get_once(&running, "/"))
        .await
        .expect("an answer");
    assert!(answer.ends_with("hello"));
    running.stop().await;
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_told_so() {
    let settings = Settings {
        send_rate: Rate {
            window: Duration::from_millis(200),
            bytes: 1 << 10,
        },
        ..Settings::default()
    };
    let router = Router::new().route("/", post(async |body: String| body));
    let running = start_with(router, settings).await;
    let whole = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\n{";
    assert!(said(&running, whole).await.ends_with('{'));
    let begun = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n{";
    let answer = said(&running, begun).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(refused(&answer), ("/body".into(), "too_slow".into()));
    running.stop().await;
}

#[tokio::test]
async fn bodies_in_chunks_leave_the_connection_to_the_next_request() {
    let router = Router::new()
        .route("/read", post(async |body: String| body))
        .route("/unread", post(async || "unread"));
    let running = start_with(router, Settings::default()).await;
    let mut stream = running.connect().await;
    let chunked = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n"
        )
    };
    for (path, body) in [
        ("/read", "whole"),
        ("/unread", "unread"),
        ("/read", "whole"),
    ] {
        let request = chunked(path);
        stream.write_all(request.as_bytes()).await.expect("written");
        let mut answer = Vec::new();
        while !answer.ends_with(body.as_bytes()) {
            let byte = stream.read_u8().await.expect("an answer");
            answer.push(byte);
        }
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(!answer.contains("connection: close"), "{answer}");
    }
    // After a body that never ends the connection cannot be reused.
    let endless = chunked("/unread").replace("0\r\n\r\n", "");
    let answer = said(&running, &endless).await;
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    running.stop().await;
}

/// The API, for a caller who may do everything, from an empty folder.
async fn start_api(data: &std::path::Path) -> Running {
    let ports = Host::open(data).expect("opened").ports;
    let core = Core::start(ports, Config::default())
        .await
        .expect("started");
    let tenant = TenantId::parse("01900000-0000-7000-8000-000000000000").expect("an id");
    let router = crm_core::http::router(core).layer(axum::Extension(Operator(tenant)));
    start_with(router, Settings::default()).await
}

#[tokio::test]
async fn a_body_that_is_announced_too_large_is_refused_by_its_head() {
    let data = tempfile::tempdir().expect("a folder");
    let running = start_api(data.path()).await;
    for (method, path) in [
        ("POST", "/records/contact"),
        ("PATCH", "/users/1"),
        ("POST", "/auth/token"),
    ] {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\n\r\n"
        );
        let answer = said(&running, &head).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("PAYLOAD_TOO_LARGE"), "{answer}");
        assert!(answer.contains("connection: close\r\n"), "{answer}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_body_in_another_transfer_coding_is_refused() {
    let data = tempfile::tempdir().expect("a folder");
    let running = start_api(data.path()).await;
    let request = |coding: &str| {
        format!(
            "POST /records/contact HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: {coding}\r\n\r\n2\r\n[]\r\n0\r\n\r\n"
        )
    };
    for coding in ["gzip, chunked", "x, chunked", "chunked, chunked"] {
        let answer = said(&running, &request(coding)).await;
        assert!(answer.starts_with("HTTP/1.1 415 "), "{coding}: {answer}");
        assert!(
            answer.contains("accept-encoding: identity\r\n"),
            "{coding}: {answer}"
        );
    }
    // The last coding has to be chunked, otherwise the end of the body is unknown.
    let answer = said(&running, &request("chunked, gzip")).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let answer = said(&running, &request("chunked")).await;
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains("/body"),
        "{answer}"
    );
    running.stop().await;
}

#[tokio::test]
async fn stopping_finishes_what_runs_and_takes_nothing_new() {
    let running = start(Settings::default()).await;
    let mut idle = running.connect().await;
    ask(&mut idle, "/", "").await;
    let mut first = [0; 15];
    idle.read_exact(&mut first).await.expect("an answer");
    let mut busy = running.connect().await;
    ask(&mut busy, "/slow", "").await;
    tokio::time::sleep(Duration::from_millis(100)).await;

    let address = running.address;
    let began = Instant::now();
    running.stop().await;
    assert!(
        began.elapsed() < Settings::default().drain_time,
        "an idle connection holds nobody up: {:?}",
        began.elapsed()
    );
    let answer = rest(&mut busy).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("slow"),
        "{answer}"
    );
    assert!(
        TcpStream::connect(address).await.is_err(),
        "nothing new is accepted"
    );
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let settings = Settings {
        drain_time: Duration::from_millis(100),
        ..Settings::default()
    };
    let running = start(settings).await;
    let mut busy = running.connect().await;
    ask(&mut busy, "/never", "").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    // Sooner than with the default.
    tokio::time::timeout(Settings::default().drain_time / 2, running.stop())
        .await
        .expect("it stops");
}

async fn said(running: &Running, request: &str) -> String {
    let mut stream = running.connect().await;
    stream.write_all(request.as_bytes()).await.expect("written");
    rest(&mut stream).await
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let running = start(Settings::default()).await;
    for (hosts, rule) in [
        ("", "required"),
        ("Host: a\r\nHost: a\r\n", "repeated"),
        ("Host: a\r\nhost: b\r\n", "repeated"),
        ("Host: a b\r\n", "format"),
        ("Host: a@b\r\n", "format"),
    ] {
        for line in [
            "GET / HTTP/1.1",
            "POST /slow HTTP/1.1",
            "GET http://a/ HTTP/1.1",
        ] {
            let request = format!("{line}\r\n{hosts}Connection: close\r\n\r\n");
            let answer = said(&running, &request).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{request}: {answer}");
            assert_eq!(refused(&answer), ("/headers/host".into(), rule.into()));
        }
    }
    for hosts in ["Host: a\r\n", "Host:\r\n", "Host: [::1]:80\r\n"] {
        let request = format!("GET / HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        assert!(
            said(&running, &request).await.ends_with("hello"),
            "{request}"
        );
    }
    // HTTP/1.0 needs no Host.
    assert!(
        said(&running, "GET / HTTP/1.0\r\n\r\n")
            .await
            .ends_with("hello")
    );
    running.stop().await;
}

#[tokio::test]
async fn a_page_reads_every_refusal_whoever_wrote_it() {
    let origins = [
        "https://a.example".to_owned(),
        "https://b.example".to_owned(),
    ];
    let settings = Settings {
        origins: crm_core::http::cors::Origins::new(&origins),
        head_bytes: 128 << 10,
        requests: 1,
        ..Settings::default()
    };
    let running = start(settings).await;
    let mut holder = running.connect().await;
    // A head that has arrived completely when the bound is checked may be up to twice as long.
    let long = "x".repeat(300 << 10);
    let asked = [
        (
            "431",
            format!("GET / HTTP/1.1\r\nHost: a\r\n%\r\nX: {long}\r\n\r\n"),
        ),
        (
            "414",
            format!(
                "GET /{} HTTP/1.1\r\nHost: a\r\n%\r\n\r\n",
                "x".repeat(70_000)
            ),
        ),
        (
            "400",
            "GET /a b HTTP/1.1\r\nHost: a\r\n%\r\n\r\n".to_owned(),
        ),
        (
            "400",
            "GET / HTTP/1.1\r\n%\r\nConnection: close\r\n\r\n".to_owned(),
        ),
        (
            "500",
            "GET /panic HTTP/1.1\r\nHost: a\r\n%\r\nConnection: close\r\n\r\n".to_owned(),
        ),
        (
            "503",
            "GET / HTTP/1.1\r\nHost: a\r\n%\r\nConnection: close\r\n\r\n".to_owned(),
        ),
    ];
    for (status, request) in asked {
        if status == "503" {
            ask(&mut holder, "/never", "").await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for (origin, allowed) in [
            ("https://a.example", true),
            ("https://b.example", true),
            ("https://evil.example", false),
        ] {
            let request = request.replace('%', &format!("Origin: {origin}"));
            let answer = said(&running, &request).await;
            let line = answer.lines().next().unwrap_or_default();
            assert!(line.contains(status), "{status}: {line}");
            let says = answer.contains(&format!("access-control-allow-origin: {origin}\r\n"));
            assert_eq!(says, allowed, "{status} {origin}: {line}");
        }
    }
    drop(holder);
    running.stop().await;
    // Hyper stops before the `Origin` header; if only one origin is configured, its pages may read the answer.
    let settings = Settings {
        origins: crm_core::http::cors::Origins::new(&origins[..1]),
        ..Settings::default()
    };
    let running = start(settings).await;
    let request = format!("GET /{long} HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\n\r\n");
    let answer = said(&running, &request).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert!(answer.contains("access-control-allow-origin: https://a.example\r\n"));
    running.stop().await;
}
