//! Answers that one caller does not read, and bodies that it announces and does not send, neither fill the program's
//! memory nor keep others out.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

#[path = "support/server.rs"]
mod support;

use support::{Server, crm};

/// The most memory of the program under attack: the program, the caches of its stores, and the bounds of answers and
/// bodies.
const MOST_MEMORY_MIB: u64 = 250;

impl Server {
    /// A connection from 127.0.0.x.
    async fn connect(&self, last: u8) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        let from = IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
        socket.bind(SocketAddr::new(from, 0)).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    /// The status of one request from 127.0.0.x.
    async fn status(&self, last: u8, request: &[u8]) -> u16 {
        let mut stream = self.connect(last).await;
        stream.write_all(request).await.unwrap();
        let mut answer = vec![0; 12];
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read_exact(&mut answer));
        read.await.expect("an answer").expect("an answer");
        String::from_utf8_lossy(&answer)[9..12].parse().unwrap()
    }
}

/// A business with one person, and that person's token.
fn business(data: &Path, name: &str, role: &str) -> String {
    crm(data, &["tenant", "create", name]);
    let person = ["user", "create", "--tenant", name, "--name", "P"];
    for (email, role) in [("o@example.com", "owner"), ("p@example.com", role)] {
        crm(
            data,
            &[&person[..], &["--email", email, "--role", role]].concat(),
        );
    }
    crm(
        data,
        &["token", "--tenant", name, "--user", "p@example.com"],
    )
}

fn request(token: &str, method: &str, path: &str, body: &str) -> Vec<u8> {
    [
        head(token, method, path, body.len()).as_bytes(),
        body.as_bytes(),
    ]
    .concat()
}

fn head(token: &str, method: &str, path: &str, length: usize) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// A note of 200 kB: the longest text, of the longest characters.
fn note() -> String {
    let text = "\u{1F4A1}".repeat(50_000);
    format!(r#"{{"fields":{{"body":"{text}"}}}}"#)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_nobody_reads_fill_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let greedy = business(folder.path(), "Greedy", "owner");
    let other = business(folder.path(), "Other", "owner");
    let server = Server::start(folder.path(), &[]);
    let write = |token: &str| request(token, "POST", "/records/note", &note());
    for _ in 0..60 {
        assert_eq!(server.status(1, &write(&greedy)).await, 201);
    }
    assert_eq!(server.status(1, &write(&other)).await, 201);
    let before = server.memory_mib();

    // 60 connections, each with requests for ten pages of which it reads nothing. 12 MB a page, if it were whole.
    let page = request(&greedy, "GET", "/records/note?limit=60", "");
    let mut deaf = Vec::new();
    for n in 0..60 {
        let mut stream = server.connect(2 + n % 3).await;
        stream.write_all(&page.repeat(10)).await.unwrap();
        deaf.push(stream);
    }
    for _ in 0..20 {
        let read = request(&other, "GET", "/records/note?limit=50", "");
        assert_eq!(server.status(1, &read).await, 200, "another business reads");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let after = server.memory_mib();
    println!("{before} MiB before, {after} MiB under attack");
    assert!(after < MOST_MEMORY_MIB, "{after} MiB");
    drop(deaf);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_announced_and_not_sent_keep_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let greedy = business(folder.path(), "Greedy", "readonly");
    let other = business(folder.path(), "Other", "owner");
    let server = Server::start(folder.path(), &[]);
    let announced = head(&greedy, "POST", "/records/note", 1 << 20);
    let mut stalled = Vec::new();
    for n in 0..600 {
        let mut stream = server.connect(2 + (n % 3) as u8).await;
        stream.write_all(announced.as_bytes()).await.unwrap();
        stream.write_all(b"{").await.unwrap();
        stalled.push(stream);
    }
    let read = request(&other, "GET", "/records/note", "");
    let write = request(&other, "POST", "/records/note", &note());
    for _ in 0..5 {
        assert_eq!(server.status(1, &write).await, 201);
        assert_eq!(server.status(1, &read).await, 200);
    }
    assert!(server.memory_mib() < MOST_MEMORY_MIB);
    // They get the answer that they were too slow.
    let mut first = stalled.remove(0);
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(60), first.read_to_end(&mut answer));
    read.await.expect("an answer").expect("an answer");
    let answer = String::from_utf8(answer).expect("UTF-8");
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains("too_slow"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_does_not_take_every_connection() {
    let folder = tempfile::tempdir().unwrap();
    let token = business(folder.path(), "Business", "owner");
    let server = Server::start(folder.path(), &[]);
    let mut held = Vec::new();
    for _ in 0..300 {
        held.push(server.connect(2).await);
    }
    let read = request(&token, "GET", "/records/note", "");
    // More files are open than the initial limit of 64.
    assert_eq!(server.status(1, &read).await, 200);
    let mut open = 0;
    for mut stream in held {
        let mut byte = [0];
        let closed = tokio::time::timeout(Duration::from_millis(20), stream.read(&mut byte)).await;
        open += usize::from(closed.is_err());
    }
    assert_eq!(open, 256);
}

/// The largest patterns, as many as are allowed, of several businesses, and records that need all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patterns_fill_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = ["One", "Two", "Three"].map(|name| business(folder.path(), name, "owner"));
    let server = Server::start(folder.path(), &[]);
    let before = server.memory_mib();
    for token in &tokens {
        let mut taken = 0;
        for (name, pattern) in [("large", r"\\w{12}"), ("small", "x*")] {
            for n in 0..20 {
                let field = |n: usize| {
                    format!(r#"{{"name":"f{n}","type":"text","label":"F","pattern":"{pattern}"}}"#)
                };
                let fields = (0..200).map(field).collect::<Vec<_>>().join(",");
                let definition =
                    format!(r#"{{"name":"{name}{n}","label":"T","fields":[{fields}]}}"#);
                let define = request(token, "POST", "/object-types", &definition);
                if server.status(1, &define).await != 201 {
                    break;
                }
                taken += 200;
                let values = (0..200).map(|n| format!(r#""f{n}":"xxxxxxxx""#));
                let values = values.collect::<Vec<_>>().join(",");
                let record = format!(r#"{{"fields":{{{values}}}}}"#);
                let write = request(token, "POST", &format!("/records/{name}{n}"), &record);
                server.status(1, &write).await;
            }
        }
        assert!(taken >= 4_000, "{taken} patterns are taken");
        // Stops the test before a broken program fills the machine's memory.
        assert!(server.memory_mib() < 4 * MOST_MEMORY_MIB);
    }
    let after = server.memory_mib();
    println!("{before} MiB before, {after} MiB with all patterns");
    // The definitions of three businesses, and the compiled patterns of all.
    assert!(after - before < 100, "{after} MiB");
}
