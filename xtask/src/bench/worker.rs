//! `cargo xtask bench --worker`: the whole Worker (tokens, permissions, validation, change log, idempotency) and a bare
//! Worker with only a D1, measured in alternation in one workerd. Both hold the same 10,000 rows of 12 fields with the
//! same two indexes. Quote the ratios: workerd's D1 is a simulation here. Another build of the Worker may take the bare
//! one's place, in its own workerd: only both builds in one run show what a change costs.

use std::{
    fs, iter,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    load::{self, Cell, Measured},
    peers::{Target, batch_of, definition},
    process::need_wrk,
    rows::rows,
    trips,
};
use crate::{
    api::send,
    run::root,
    tools::Tools,
    worker::{DEV_SECRET, build, dev_secrets, host::Host, server, target_folder},
};

const ROUNDS: usize = 5;
const ROWS: u64 = 10_000;
/// D1 takes a parameter of 2 MB; our batches hold 1,000 records.
const BATCH: usize = 1_000;
const BARE: &str = "bare.example";

const CELLS: &[Cell] = &[
    cell("read one, c=1", "read", 1),
    cell("read one, c=32", "read", 32),
    cell("list 50, filter + sort, c=1", "list", 1),
    cell("list 50, filter + sort, c=32", "list", 32),
    cell("create, c=1", "create", 1),
    cell("create, c=32", "create", 32),
    cell("update one field, c=1", "update", 1),
    cell("update one field, c=32", "update", 32),
];

const fn cell(name: &'static str, mode: &'static str, connections: u32) -> Cell {
    Cell {
        name,
        mode,
        connections,
        page: 1,
    }
}

/// Prints two tables: the ratios, and the round trips and bytes of each operation. `against` is the folder of another
/// build of the Worker.
pub fn bench(seconds: u32, against: Option<&Path>) -> Result<(), String> {
    need_wrk()?;
    let tools = Tools::ready()?;
    build(&tools, &server())?;
    let folder = target_folder().join("bench/worker");
    let _ = fs::remove_dir_all(&folder);
    let host = Host::start(&tools, &settings(&folder.join("state"), None))?;
    let rows = rows(ROWS);
    let ours = Ours::fill(&host.url, &folder.join("ours"), &rows)?;
    let target = Target {
        server: "crm",
        base: &host.url,
        host: None,
        token: &ours.token,
        folder: &ours.folder,
    };
    match against {
        None => {
            let bare = fill_bare(&host.url, &folder.join("bare"), &rows)?;
            let bare = Target {
                server: "bare",
                host: Some(BARE),
                token: "",
                folder: &bare,
                ..target
            };
            compare(&[target, bare], "bare D1", seconds)?;
        }
        Some(against) => {
            let settings = settings(&folder.join("against-state"), Some(against));
            let other = Host::start(&tools, &settings)?;
            let theirs = Ours::fill(&other.url, &folder.join("against"), &rows)?;
            let theirs = Target {
                base: &other.url,
                token: &theirs.token,
                folder: &theirs.folder,
                ..target
            };
            compare(&[target, theirs], "the other", seconds)?;
        }
    }
    drop(host);
    trips::print(&tools, &folder)
}

fn compare(targets: &[Target<'_>; 2], other: &str, seconds: u32) -> Result<(), String> {
    println!(
        "| what | the Worker | {other} | ratio | in each round |\n| --- | --- | --- | --- | --- |"
    );
    for cell in CELLS {
        let mut all: [Vec<Measured>; 2] = [Vec::new(), Vec::new()];
        for round in 0..ROUNDS {
            for (target, measured) in targets.iter().zip(&mut all) {
                measured.push(load::run(cell, target, seconds, round)?);
            }
        }
        let ratios: Vec<f64> = iter::zip(&all[0], &all[1])
            .map(|(ours, other)| ours.ratio(other))
            .collect();
        let each: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
        let [ours, other] = all.map(|measured| load::median(&measured));
        println!(
            "| {} | {ours} | {other} | {:.2} | {} |",
            cell.name,
            super::median(ratios),
            each.join(" ")
        );
    }
    Ok(())
}

fn settings(state: &Path, modules: Option<&Path>) -> Value {
    let mut settings = json!({
        "config": root().join("wrangler.toml"),
        "state": state,
        "vars": vars(),
        "quiet": true,
        "others": [{
            "name": "bare",
            "modules": root().join("xtask/worker/bare"),
            "route": format!("{BARE}/*"),
            "d1": ["DB"],
        }],
    });
    if let Some(modules) = modules {
        settings["modules"] = json!(modules);
    }
    settings
}

/// The vars of a measured Worker: no rate limit, and a log of warnings only.
pub fn vars() -> Value {
    let mut vars = dev_secrets();
    vars["RATE_LIMIT"] = Value::from("off");
    vars["LOG"] = Value::from("warn");
    vars
}

/// A tenant with the rows, and a user who may read and write them.
pub struct Ours {
    pub folder: PathBuf,
    pub token: String,
    pub ids: Vec<String>,
}

impl Ours {
    pub fn fill(base: &str, folder: &Path, rows: &[Value]) -> Result<Self, String> {
        let door = format!("{base}/operator/tenants");
        let tenant = send("POST", &door, DEV_SECRET, &json!({"name": "Bench"}))?;
        let tenant = text(&tenant["id"]);
        let email = "bench@example.com";
        let user = json!({
            "email": email, "name": "Bench", "roles": ["admin"], "password": "bench-password-4711",
        });
        send(
            "POST",
            &format!("{door}/{tenant}/api/users"),
            DEV_SECRET,
            &user,
        )?;
        let token = json!({"user": email, "expires_in": 900});
        let token = send(
            "POST",
            &format!("{door}/{tenant}/token"),
            DEV_SECRET,
            &token,
        )?;
        let token = text(&token["access_token"]);
        send(
            "POST",
            &format!("{base}/object-types"),
            &token,
            &definition(),
        )?;
        let mut ids = Vec::new();
        for rows in rows.chunks(BATCH) {
            let url = format!("{base}/records/batch");
            let answer = send("POST", &url, &token, &batch_of(rows))?;
            let results = answer["results"].as_array().into_iter().flatten();
            ids.extend(results.map(|result| text(&result["record"]["id"])));
        }
        keep(folder, &ids)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            token,
            ids,
        })
    }
}

fn fill_bare(base: &str, folder: &Path, rows: &[Value]) -> Result<PathBuf, String> {
    let post = |path: &str, body: &Value| -> Result<(), String> {
        let sent = ureq::post(format!("{base}{path}"))
            .header("Host", BARE)
            .send(body.to_string());
        sent.map(drop)
            .map_err(|error| format!("bare D1, {path}: {error}"))
    };
    post("/setup", &Value::Null)?;
    let mut ids = Vec::new();
    for rows in rows.chunks(BATCH) {
        let with_id = |row: &Value| {
            let id = Uuid::now_v7().to_string();
            ids.push(id.clone());
            json!({"id": id, "data": row.to_string()})
        };
        post(
            "/load",
            &Value::from(rows.iter().map(with_id).collect::<Vec<_>>()),
        )?;
    }
    keep(folder, &ids)?;
    Ok(folder.to_path_buf())
}

fn keep(folder: &Path, ids: &[String]) -> Result<(), String> {
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(folder.join("ids"), ids.join("\n") + "\n"))
        .map_err(|error| format!("{}: {error}", folder.display()))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
