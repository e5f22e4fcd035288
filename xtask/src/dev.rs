//! `cargo xtask dev`: the Worker in workerd, with D1, KV, R2 and Durable Objects on this machine, kept between runs in
//! `target/workers/dev`. The first run fills it with the demo of `crm serve --demo`, through the operator's routes.

use std::{fs, path::Path};

use crm_demo::{BATCH, Login, NAME, PEOPLE, TECHNICIANS, batch, greeting, records};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    api::send,
    run::root,
    tools::Tools,
    worker::{self, DEV_SECRET, build, dev_secrets, host::Host},
};

const DAY_MS: u128 = 24 * 60 * 60 * 1_000;

/// A second tenant, to see that tenants are separate.
const SECOND: (&str, &str, &str) = ("Northwind Electric", "Ove Dahl", "ove@northwind.example");

pub fn dev(port: u16, fresh: bool) -> Result<(), String> {
    let tools = Tools::ready()?;
    build(&tools, &worker::server())?;
    let state = worker::target_folder().join("workers/dev");
    if fresh {
        let _ = fs::remove_dir_all(&state);
    }
    let host = Host::start(
        &tools,
        &json!({
            "config": root().join("wrangler.toml"),
            "port": port,
            // wrangler's layout, so that `wrangler d1 execute --local --persist-to target/workers/dev` can read it.
            "state": state.join("v3"),
            "vars": dev_secrets(),
        }),
    )?;
    let kept = state.join("demo.json");
    let demo = match read(&kept) {
        Some(demo) => demo,
        None => {
            let demo = fill(&host.url)?;
            fs::write(&kept, demo.to_string())
                .map_err(|error| format!("{}: {error}", kept.display()))?;
            demo
        }
    };
    println!("{}", told(&host.url, &demo));
    println!(
        "The operator's routes: {}/operator/tenants, with the secret {DEV_SECRET}",
        host.url
    );
    println!(
        "Ctrl-C stops the Worker; the data stays in {} (--fresh starts with new data).\n",
        state.display()
    );
    host.wait()
}

fn read(kept: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(kept).ok()?).ok()
}

/// Makes both tenants; returns their data for the greeting.
fn fill(base: &str) -> Result<Value, String> {
    eprintln!("\n== the demo's business");
    let tenant = tenant(base, NAME, "TENANT_1")?;
    let api = format!("{base}/operator/tenants/{tenant}/api");
    let (mut people, mut ids) = (Vec::new(), Vec::new());
    for &(first, last, role, email) in PEOPLE {
        let person = person(&format!("{first} {last}"), email, role);
        ids.push(user(&api, &person)?);
        people.push(person);
    }
    let technicians = ids.get(TECHNICIANS).unwrap_or_default();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_err(|error| error.to_string())?;
    let today = i64::try_from(now.as_millis() / DAY_MS).unwrap_or_default();
    let rows = records(technicians, today, &mut || Uuid::now_v7().to_string());
    for rows in rows.chunks(BATCH) {
        send(
            "POST",
            &format!("{api}/records/batch"),
            DEV_SECRET,
            &batch(rows),
        )?;
    }
    let (name, owner, email) = SECOND;
    let second = self::tenant(base, name, "TENANT_2")?;
    let owner = person(owner, email, "owner");
    user(&format!("{base}/operator/tenants/{second}/api"), &owner)?;
    Ok(json!({
        "tenant": tenant, "records": rows.len(), "people": people,
        "second": {"tenant": second, "name": name, "owner": owner},
    }))
}

fn tenant(base: &str, name: &str, binding: &str) -> Result<String, String> {
    let new = json!({"name": name, "binding": binding});
    let made = send(
        "POST",
        &format!("{base}/operator/tenants"),
        DEV_SECRET,
        &new,
    )?;
    Ok(text(&made, "/id"))
}

fn person(name: &str, email: &str, role: &str) -> Value {
    let password = Uuid::new_v4().simple().to_string();
    json!({"name": name, "email": email, "roles": [role], "password": &password[..20]})
}

/// Makes a user; returns the id.
fn user(api: &str, person: &Value) -> Result<String, String> {
    let made = send("POST", &format!("{api}/users"), DEV_SECRET, person)?;
    Ok(text(&made, "/id"))
}

fn told(base: &str, demo: &Value) -> String {
    let login = |person: &Value| Login {
        name: text(person, "/name"),
        email: text(person, "/email"),
        password: text(person, "/password"),
        role: text(person, "/roles/0"),
    };
    let logins: Vec<Login> = demo["people"]
        .as_array()
        .into_iter()
        .flatten()
        .map(login)
        .collect();
    let records = demo["records"]
        .as_u64()
        .and_then(|count| usize::try_from(count).ok());
    let greeting = greeting(
        base,
        &text(demo, "/tenant"),
        records.unwrap_or_default(),
        &logins,
    );
    let owner = login(&demo["second"]["owner"]);
    format!(
        "{greeting}{}, tenant {}: sign in as {} with {}\n",
        text(demo, "/second/name"),
        text(demo, "/second/tenant"),
        owner.email,
        owner.password,
    )
}

fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
