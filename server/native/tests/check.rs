//! `crm check` and `crm backup`: each kind of damage is found and named, and the statements in the findings mend it; a
//! copy made under write load is whole, and moving it into place restores it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use crm_core::{core::Config, ports::store::TenantId, records::refold::Left};
use crm_native::{
    check::check,
    cli::{tenant, user},
    host::Host,
    operator::{self, Operator},
};
use http::Method;
use rusqlite::Connection;
use serde_json::{Value, json};

struct Business {
    data: PathBuf,
    operator: Operator,
    tenant: TenantId,
    host: Host,
}

impl Business {
    async fn new(data: &Path) -> Self {
        let host = Host::open(data).unwrap();
        let tenant = tenant::create(&host, "Checked", None).await.unwrap();
        let core = operator::core(&host, Config::default()).await.unwrap();
        let operator = Operator::new(core, tenant.clone());
        Self {
            data: data.to_path_buf(),
            operator,
            tenant,
            host,
        }
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Value {
        let body = (!body.is_null()).then_some(&body);
        self.operator.send(method, path, body).await.unwrap()
    }

    async fn make(&self, object_type: &str, fields: Value) -> String {
        let path = format!("/records/{object_type}");
        let made = self
            .send(Method::POST, &path, json!({"fields": fields}))
            .await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// Adds some of everything that can be damaged.
    async fn fill(&self) {
        let roles = ["owner".to_owned()];
        user::create(
            &self.operator,
            "o@example.com",
            "O",
            &roles,
            "a long pass phrase",
        )
        .await
        .unwrap();
        let machine = json!({
            "name": "machine", "label": "Machine", "plural_label": "Machines",
            "fields": [{"name": "serial", "label": "Serial", "type": "auto_number"}],
        });
        self.send(Method::POST, "/object-types", machine).await;
        self.make("machine", json!({})).await;
        let contact = json!({"kind": "person", "first_name": "Zoë", "last_name": "O'Brien"});
        let contact = self.make("contact", contact).await;
        let gone = json!({"kind": "company", "company_name": "Gone Ltd"});
        let gone = self.make("contact", gone).await;
        let job = self
            .make("job", json!({"title": "Boiler", "contact": contact}))
            .await;
        let change = json!({"fields": {"title": "Boiler and pump", "priority": "high"}});
        self.send(Method::PATCH, &format!("/records/job/{job}"), change)
            .await;
        self.send(
            Method::DELETE,
            &format!("/records/contact/{gone}"),
            Value::Null,
        )
        .await;
        let part = json!({"name": "Elbow", "code": "E22", "kind": "material", "unit_price": {"amount": 185, "currency": "GBP"}});
        self.make("price_item", part).await;
    }

    fn file(&self) -> PathBuf {
        PathBuf::from(format!("tenants/{}.sqlite", self.tenant))
    }

    /// Closes the databases, so that all data is in their files.
    fn close(self) -> PathBuf {
        self.host.store.close();
        self.data.clone()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

enum Damage {
    Tenant(&'static str),
    Directory(&'static str),
    Bytes(fn(&Path)),
}

use Damage::{Bytes, Directory, Tenant};

/// The damage, the rule that finds it, and words of the finding.
const DAMAGES: &[(Damage, &str, &str)] = &[
    (Bytes(overwrite), "file", ""),
    (Bytes(truncate), "file", ""),
    (
        Bytes(|path| fs::write(path, "no database").unwrap()),
        "file",
        "not a database",
    ),
    (
        Bytes(|path| fs::remove_file(path).unwrap()),
        "tenant",
        "has no database",
    ),
    (
        Bytes(|path| {
            assert!(
                fs::copy(
                    path,
                    path.with_file_name("01900000-0000-7000-8000-000000000001.sqlite")
                )
                .is_ok()
            )
        }),
        "tenant",
        "belongs to no tenant",
    ),
    (
        Tenant("UPDATE migrations SET number = 99 WHERE number = 1"),
        "version",
        "newer program",
    ),
    (
        Tenant("UPDATE meta SET seq = 1"),
        "sequence",
        "the sequence number is 1",
    ),
    (
        Tenant("DELETE FROM changes WHERE op = 'update'"),
        "history",
        "its versions are",
    ),
    (
        Tenant("DELETE FROM changes WHERE type = 'job'"),
        "history",
        "knows nothing of it",
    ),
    (
        Tenant("DELETE FROM records WHERE type = 'job'"),
        "history",
        "which is not there",
    ),
    (
        Tenant("UPDATE records SET deleted_at = NULL"),
        "history",
        "whether it is deleted",
    ),
    (
        Tenant("UPDATE records SET data = json_set(data, '$.title', 'Other') WHERE type = 'job'"),
        "history",
        "the field title differs",
    ),
    (
        Tenant(
            "UPDATE changes SET before = json_set(before, '$.title', 'Other') WHERE op = 'update'",
        ),
        "history",
        "the field title was another",
    ),
    (
        Tenant("UPDATE records SET field_versions = '{}'"),
        "history",
        "the version of the field",
    ),
    (
        Tenant("UPDATE records SET data = '{' WHERE type = 'machine'"),
        "record",
        "not readable",
    ),
    (
        Tenant(
            "UPDATE records SET data = json_set(data, '$.contact', '0190a1b2-0000-7000-8000-000000000001') WHERE type = 'job'",
        ),
        "relation",
        "which is no contact",
    ),
    (
        Tenant("DROP INDEX \"u.price_item.code\""),
        "index",
        "u.price_item.code is missing",
    ),
    (
        Tenant(
            "DROP INDEX \"u.price_item.code\"; CREATE INDEX \"u.price_item.code\" ON records (data ->> '$.code')",
        ),
        "index",
        "u.price_item.code is not the one that it has to be",
    ),
    (
        Tenant("DELETE FROM counters"),
        "counter",
        "auto.machine.serial stands at 0, and 1",
    ),
    (
        Tenant("UPDATE records SET keys = '{}'"),
        "keys",
        "sorts as something else",
    ),
    (
        Tenant("UPDATE records SET apart = num WHERE type = 'price_item'"),
        "apart",
        "is still set apart",
    ),
    (
        Tenant("UPDATE records SET key_0 = 'other' WHERE type = 'job'"),
        "keys",
        "in another's place",
    ),
    (
        Tenant("DROP INDEX records_by_id"),
        "index",
        "records_by_id is missing",
    ),
    (Tenant("DELETE FROM words"), "word", "is not found by"),
    (
        Tenant("INSERT INTO words VALUES ('lost', 4711)"),
        "word",
        "lost 4711",
    ),
    (
        Tenant("UPDATE fields SET definition = '{}'"),
        "definitions",
        "",
    ),
    (
        Tenant(
            "INSERT INTO sessions (id, kind, subject, refresh_hash, rotated_at, created_at, expires_at) VALUES ('s', 'user', 'nobody', '', 0, 0, 0)",
        ),
        "session",
        "s refers to nothing",
    ),
    (
        Tenant("INSERT INTO idempotency VALUES ('k', '', 201, '', '', 0, 0, 4711, '', 0, NULL)"),
        "idempotency",
        "k refers to nothing",
    ),
    (
        Directory("DELETE FROM tenants"),
        "tenant",
        "belongs to no tenant",
    ),
    (Directory("DELETE FROM logins"), "login", "o@example.com"),
    (
        Directory("UPDATE signing_keys SET seed = 'xy'"),
        "signing key",
        "damaged",
    ),
];

fn overwrite(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let (from, to) = (bytes.len() / 4, bytes.len() * 3 / 4);
    bytes[from..to].fill(0xa5);
    fs::write(path, bytes).unwrap();
}

fn truncate(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}

fn run(file: &Path, sql: &str) {
    Connection::open(file)
        .unwrap()
        .execute_batch(sql)
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

#[tokio::test]
async fn every_damage_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let business = Business::new(&folder.path().join("whole")).await;
    business.fill().await;
    let file = business.file();
    let whole = business.close();
    let report = check(&whole, None);
    assert_eq!(report.findings, []);
    assert_eq!((report.tenants, report.records), (1, 5));

    let mut mended = 0;
    for (n, (damage, rule, words)) in DAMAGES.iter().enumerate() {
        let data = folder.path().join(n.to_string());
        copy(&whole, &data);
        let what = match damage {
            Tenant(sql) => {
                run(&data.join(&file), sql);
                sql
            }
            Directory(sql) => {
                run(&data.join("directory.sqlite"), sql);
                sql
            }
            Bytes(damage) => {
                damage(&data.join(&file));
                *rule
            }
        };
        let found = check(&data, None).findings;
        let hit = found
            .iter()
            .find(|finding| finding.rule == *rule && finding.what.contains(words));
        let Some(hit) = hit else {
            panic!("{n} {what}: {rule} {words:?} is not among {found:#?}");
        };
        // The statement in a finding mends it.
        if let Some(statement) = &hit.sql {
            run(&hit.file, statement);
            let after = check(&data, None).findings;
            assert!(!after.contains(hit), "{statement}: {after:#?}");
            mended += 1;
        }
    }
    assert!(mended >= 6, "{mended}");
}

fn crm(arguments: &[&str], data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crm"));
    command
        .args(arguments)
        .arg("--data")
        .arg(data)
        .output()
        .unwrap()
}

#[tokio::test]
async fn the_program_says_it_by_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let business = Business::new(&folder.path().join("data")).await;
    business.fill().await;
    let file = business.file();
    let data = business.close();
    let whole = crm(&["check"], &data);
    assert_eq!(whole.status.code(), Some(0), "{whole:?}");
    let out = folder.path().join("backup");
    let name = out.to_str().unwrap();
    assert_eq!(
        crm(&["backup", "--out", name], &data).status.code(),
        Some(0)
    );
    assert_eq!(check(&out, None).findings, []);
    let again = crm(&["backup", "--out", name], &data);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("exists already"));

    run(&data.join(&file), "DELETE FROM words");
    let damaged = crm(&["check"], &data);
    assert_eq!(damaged.status.code(), Some(1));
    let said = String::from_utf8_lossy(&damaged.stdout).into_owned();
    let line = said.lines().next().unwrap();
    assert!(
        line.contains(&*file.to_string_lossy())
            && line.contains(": word: ")
            && line.contains("PATCH"),
        "{line}"
    );
    // A damaged copy does not get the name of a backup.
    let other = folder.path().join("other");
    let refused = crm(&["backup", "--out", other.to_str().unwrap()], &data);
    assert_eq!(refused.status.code(), Some(1));
    assert!(!other.exists() && folder.path().join("other.part").exists());

    assert_eq!(
        crm(&["check"], &folder.path().join("nowhere"))
            .status
            .code(),
        Some(1)
    );
    assert_eq!(
        crm(&["check", "--tenant", "nobody"], &data).status.code(),
        Some(1)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_under_load_is_whole_and_serves() {
    let folder = tempfile::tempdir().unwrap();
    let business = Arc::new(Business::new(&folder.path().join("data")).await);
    business.fill().await;
    let over = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..3)
        .map(|_| {
            let (business, over) = (business.clone(), over.clone());
            tokio::spawn(async move {
                let mut made = 0;
                while !over.load(Relaxed) {
                    let id = business
                        .make("job", json!({"title": "New", "priority": "low"}))
                        .await;
                    let change = json!({"fields": {"title": "Newer"}});
                    business
                        .send(Method::PATCH, &format!("/records/job/{id}"), change)
                        .await;
                    made += 1;
                }
                made
            })
        })
        .collect();
    let mut copies = Vec::new();
    for n in 0..4 {
        // Written before the copy began, so the copy contains it.
        let known = business.make("job", json!({"title": "Known"})).await;
        let out = folder.path().join(format!("backup {n}"));
        let (data, name) = (business.data.clone(), out.clone());
        let done = tokio::task::spawn_blocking(move || {
            crm(&["backup", "--out", name.to_str().unwrap()], &data)
        });
        let done = done.await.unwrap();
        assert!(done.status.success(), "{done:?}");
        copies.push((out, known));
    }
    over.store(true, Relaxed);
    let mut made = 0;
    for writer in writers {
        made += writer.await.unwrap();
    }
    assert!(made > 0);
    for (out, known) in copies {
        // Restored: the copy is used as a data folder.
        let host = Host::open_existing(&out).unwrap();
        let core = operator::core(&host, Config::default()).await.unwrap();
        let operator = Operator::new(core, business.tenant.clone());
        let path = format!("/records/job/{known}");
        let job = operator.send(Method::GET, &path, None).await.unwrap();
        assert_eq!(job["fields"]["title"], "Known");
        let body = json!({"fields": {"title": "After"}});
        operator
            .send(Method::POST, "/records/job", Some(&body))
            .await
            .unwrap();
        assert_eq!(check(&out, None).findings, []);
    }
}

/// Reverts a database to the schema, sort keys and words of the program before this one.
const BEFORE: &str = r#"
    DROP INDEX "u.price_item.code"; DROP INDEX "u.street.name"; DROP INDEX "u.tax_rate.name";
    CREATE UNIQUE INDEX "u.price_item.code" ON records ((coalesce(keys ->> '$.code', data ->> '$.code'))) WHERE type = 'price_item' AND deleted_at IS NULL;
    ALTER TABLE records DROP COLUMN apart;
    ALTER TABLE meta DROP COLUMN folding; ALTER TABLE meta DROP COLUMN refolded;
    DROP TABLE teams;
    DROP INDEX api_keys_of_maker; ALTER TABLE api_keys DROP COLUMN maker;
    DELETE FROM migrations WHERE number >= 5;
    PRAGMA user_version = 1;
    UPDATE records SET data = '{"name":"STRASSE"}' WHERE data ->> '$.name' = 'other';
    UPDATE records SET keys = '{"name":"straße"}' WHERE data ->> '$.name' = 'Straße';
    UPDATE records SET keys = '{"name":"strasse"}' WHERE data ->> '$.name' = 'STRASSE';
    UPDATE records SET keys = '{"name":"jose"}' WHERE data ->> '$.name' = 'José';
    CREATE UNIQUE INDEX "u.street.name" ON records ((coalesce(keys ->> '$.name', data ->> '$.name'))) WHERE type = 'street' AND deleted_at IS NULL;
    DELETE FROM words WHERE word IN ('strasse', 'other');
    INSERT INTO words SELECT 'straße', num FROM records WHERE data ->> '$.name' = 'Straße';
    INSERT INTO words SELECT 'strasse', num FROM records WHERE data ->> '$.name' = 'STRASSE';
    UPDATE changes SET fields = '{"name":"STRASSE"}' WHERE fields ->> '$.name' = 'other';
"#;

#[tokio::test]
async fn a_database_of_an_earlier_program_is_folded_anew() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let business = Business::new(&data).await;
    let street = json!({
        "name": "street", "label": "Street", "plural_label": "Streets",
        "fields": [{"name": "name", "label": "Name", "type": "text", "unique": true, "searchable": true}],
    });
    business.send(Method::POST, "/object-types", street).await;
    for name in ["Straße", "other", "José"] {
        business.make("street", json!({"name": name})).await;
    }
    let (file, tenant) = (business.file(), business.tenant.clone());
    business.close();
    run(&data.join(&file), BEFORE);

    let host = Host::open(&data).unwrap();
    let core = operator::core(&host, Config::default()).await.unwrap();
    let operator = Operator::new(core.clone(), tenant.clone());
    let business = Business {
        data: data.clone(),
        operator,
        tenant,
        host,
    };
    let found = async |q: &str| {
        let path = format!("/search?q={q}");
        let page = business.send(Method::GET, &path, Value::Null).await;
        page["items"].as_array().unwrap().len()
    };
    // Before the refold: searches find what they found before, and new values are unique.
    assert_eq!(found("jose").await, 1);
    business
        .make("street", json!({"name": "Jose\u{301}e"}))
        .await;
    let twice = json!({"fields": {"name": "jose\u{301}"}});
    let refused = business
        .operator
        .send(Method::POST, "/records/street", Some(&twice));
    assert!(refused.await.unwrap_err().to_string().contains("unique"));
    assert_eq!(check(&data, None).findings, []);

    assert_eq!(core.refold(1_000).await, Left::Nothing);
    assert_eq!(found("strasse").await, 2);
    assert_eq!(found("stra%C3%9Fe").await, 2);
    // With different accents they differ.
    business.make("street", json!({"name": "Jose"})).await;
    let findings = check(&business.close(), None).findings;
    let [finding] = findings.as_slice() else {
        panic!("{findings:?}");
    };
    assert_eq!((finding.rule, finding.is_damage()), ("apart", false));
    assert!(finding.what.starts_with("name of the street"), "{finding}");
}
