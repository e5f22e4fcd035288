//! Many simultaneous requests with records of 980 kB: pages, batches, answers that are not read and bodies that are not
//! finished. Every request is answered, with success or with a typed 503; another business is still served; everything
//! that the requests held is released.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use super::{MOST_MEMORY, memory};
use crate::{
    api::{ask, send},
    worker::{DEV_SECRET, host::Host},
};

const RECORDS: usize = 60;
const PAGES: usize = 20;
const BATCHES: usize = 8;
/// Changes of one batch: nearly the 8 MiB that it may read and write.
const CHANGES: usize = 8;
const UNREAD: usize = 40;
const UNFINISHED: usize = 40;
/// The most bytes by which workerd may grow: JavaScript's memory, and that of the databases, which on the platform do
/// not run in this isolate.
const MOST_GROWTH: u64 = 300_000_000;

struct Business {
    url: String,
    /// The address of the business's callers.
    address: &'static str,
    token: String,
}

pub fn large_records(host: &Host) -> Result<(), String> {
    let greedy = Business::new(&host.url, "Greedy", "192.0.2.1")?;
    let other = Business::new(&host.url, "Other", "192.0.2.2")?;
    let ids = greedy.fill(RECORDS)?;
    other.fill(1)?;
    let before = host.most_memory();

    let statuses = rush(&greedy, &other, &ids)?;
    println!("{PAGES} pages and {BATCHES} batches of records of 980 kB at once: {statuses:?}");
    greedy.unread(&other)?;
    greedy.unfinished(&other)?;
    greedy.gives_all_back()?;
    let (status, text) = greedy.change(&ids.iter().take(CHANGES).collect::<Vec<_>>(), 1_000)?;
    if status != 200 {
        return Err(format!(
            "the largest batch has no room alone: {status} {text}"
        ));
    }

    let after = memory(&host.url)?;
    let mb = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
    println!(
        "the module's memory: {} (at most {}); all of workerd, its databases included: {} before, {} after",
        mb(after),
        mb(MOST_MEMORY),
        before.map_or_else(|| "unknown".to_owned(), mb),
        host.most_memory().map_or_else(|| "unknown".to_owned(), mb),
    );
    let grown = host
        .most_memory()
        .unwrap_or(0)
        .saturating_sub(before.unwrap_or(0));
    if after > MOST_MEMORY || grown > MOST_GROWTH {
        return Err(format!(
            "large records take {after} bytes of memory, and {grown} more of workerd's"
        ));
    }
    Ok(())
}

/// Sends the requests; returns how often each status was answered.
fn rush(
    greedy: &Business,
    other: &Business,
    ids: &[String],
) -> Result<BTreeMap<u16, usize>, String> {
    let answers = thread::scope(|scope| {
        let pages = (0..PAGES).map(|_| scope.spawn(|| greedy.page(60)));
        let mut all: Vec<_> = pages.collect();
        for n in 0..BATCHES {
            let changed = ids.iter().cycle().skip(n * CHANGES).take(CHANGES);
            let changed: Vec<&String> = changed.collect();
            all.push(scope.spawn(move || greedy.change(&changed, n)));
        }
        // Requests of another business, while the others run.
        let mut others = Vec::new();
        for _ in 0..10 {
            others.push(other.page(1));
        }
        let answers = all
            .into_iter()
            .map(|one| one.join().map_err(|_| "a panic".to_owned()));
        let answers: Vec<_> = answers.collect();
        (answers, others)
    });
    let (answers, others) = answers;
    for answer in others {
        other.is_served(answer?)?;
    }
    let mut statuses = BTreeMap::new();
    for answer in answers {
        let (status, text) = answer??;
        if status != 200 && !(status == 503 && text.contains("TENANT_BUSY")) {
            return Err(format!("a rush of large records: {status} {text}"));
        }
        *statuses.entry(status).or_default() += 1;
    }
    if !statuses.contains_key(&200) {
        return Err("a rush of large records: nobody was served".to_owned());
    }
    Ok(statuses)
}

type Answer = Result<(u16, String), String>;

impl Business {
    fn new(url: &str, name: &str, address: &'static str) -> Result<Self, String> {
        let door = format!("{url}/operator/tenants");
        let post = |url: &str, token: &str, body: Value| send("POST", url, token, &body);
        let tenant = post(&door, DEV_SECRET, json!({ "name": name }))?;
        let tenant = tenant["id"].as_str().unwrap_or_default();
        let email = format!("owner@{name}.example").to_lowercase();
        let user = json!({"email": email, "name": name, "roles": ["owner"], "password": "pass phrase 4711"});
        post(&format!("{door}/{tenant}/api/users"), DEV_SECRET, user)?;
        let asked = json!({ "user": email });
        let token = post(&format!("{door}/{tenant}/token"), DEV_SECRET, asked)?;
        let token = token["access_token"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let field = |name: &str, kind: &str| json!({"name": name, "type": kind, "label": name});
        let fields: Vec<Value> = NAMES.iter().map(|name| field(name, "long_text")).collect();
        let fields = [fields, vec![field("count", "integer")]].concat();
        let kind =
            json!({"name": "tome", "label": "Tome", "plural_label": "Tomes", "fields": fields});
        post(&format!("{url}/object-types"), &token, kind)?;
        Ok(Self {
            url: url.to_owned(),
            address,
            token,
        })
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let url = format!("{}{path}", self.url);
        ask(self.address, method, &url, &self.token, body).map(|(status, text, _)| (status, text))
    }

    fn fill(&self, count: usize) -> Result<Vec<String>, String> {
        let text = "\u{1F4A1}".repeat(49_000);
        let fields: serde_json::Map<String, Value> = NAMES
            .iter()
            .map(|name| ((*name).to_owned(), text.clone().into()))
            .collect();
        let body = json!({ "fields": fields });
        let make = |_| {
            let (status, text) = self.ask("POST", "/records/tome", &body)?;
            let made: Value = serde_json::from_str(&text).unwrap_or_default();
            let id = made["id"].as_str().map(str::to_owned);
            id.ok_or(format!("no record was made: {status} {text}"))
        };
        (0..count).map(make).collect()
    }

    fn page(&self, limit: usize) -> Answer {
        self.ask("GET", &format!("/records/tome?limit={limit}"), &Value::Null)
    }

    fn change(&self, ids: &[&String], count: usize) -> Answer {
        let change = |id: &&String| json!({"op": "update", "type": "tome", "id": id, "fields": {"count": count}});
        let operations: Vec<Value> = ids.iter().map(change).collect();
        let body = json!({"mode": "atomic", "operations": operations});
        self.ask("POST", "/records/batch", &body)
    }

    fn is_served(&self, (status, text): (u16, String)) -> Result<(), String> {
        if status == 200 && text.len() > 900_000 {
            return Ok(());
        }
        let said: String = text.chars().take(200).collect();
        Err(format!("another business is not served: {status} {said}"))
    }

    /// Opens a connection and begins a request on it.
    fn begin(&self, method: &str, path: &str, length: usize) -> Result<TcpStream, String> {
        let host = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).map_err(|error| error.to_string())?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-For: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n",
            self.address, self.token
        );
        let sent = stream.write_all(head.as_bytes());
        sent.map(|()| stream).map_err(|error| error.to_string())
    }

    /// Requests pages and reads only their beginning, while another business reads.
    fn unread(&self, other: &Self) -> Result<(), String> {
        let mut deaf = Vec::new();
        for _ in 0..UNREAD {
            deaf.push(self.begin("GET", "/records/tome?limit=60", 0)?);
        }
        let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
        for stream in &mut deaf {
            let mut status = [0; 12];
            stream
                .read_exact(&mut status)
                .map_err(|error| error.to_string())?;
            let status = String::from_utf8_lossy(&status[9..]).into_owned();
            *statuses.entry(status).or_default() += 1;
        }
        println!(
            "{UNREAD} pages that nobody reads: {statuses:?}, held {:?}",
            self.held()?
        );
        if statuses
            .keys()
            .any(|status| status != "200" && status != "503")
        {
            return Err(format!("pages that nobody reads: {statuses:?}"));
        }
        other.is_served(other.page(1)?)
    }

    /// Sends bodies only half-way, while another business writes.
    fn unfinished(&self, other: &Self) -> Result<(), String> {
        let mut begun = Vec::new();
        for _ in 0..UNFINISHED {
            let mut stream = self.begin("POST", "/records/tome", 1 << 20)?;
            // If the request is refused meanwhile, the rest of the body is not read.
            let _ = stream.write_all(&vec![b' '; 512 << 10]);
            begun.push(stream);
        }
        println!(
            "{UNFINISHED} bodies that nobody finishes: held {:?}",
            self.held()?
        );
        other.fill(1)?;
        for stream in begun {
            let _ = stream.shutdown(Shutdown::Both);
        }
        Ok(())
    }

    fn held(&self) -> Result<Value, String> {
        send(
            "GET",
            &format!("{}/conformance/held", self.url),
            "",
            &Value::Null,
        )
    }

    /// Waits until requests whose callers left hold nothing.
    fn gives_all_back(&self) -> Result<(), String> {
        let mut held = Value::Null;
        for _ in 0..200 {
            held = self.held()?;
            if held == json!([0, 0, 0]) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(500));
            // Expired leases are released when new requests come.
            self.page(1)?;
        }
        Err(format!("requests whose callers left still hold {held}"))
    }
}

const NAMES: [&str; 5] = ["one", "two", "three", "four", "five"];
