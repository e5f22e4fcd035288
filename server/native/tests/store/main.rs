//! The native tenant store: conformance, bounds, crashes, full disks and several processes.

#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

mod bounds;
mod conformance;
mod crash;
mod full;
mod indexes;
mod processes;

use std::{path::Path, process::Command, sync::Arc};

use crm_core::ports::store::{Commit, Statement, StoreError, TenantId, TenantStore, Value};
use crm_native::store::{Options, SqliteStore};

fn new_id() -> TenantId {
    TenantId::parse(&uuid::Uuid::now_v7().to_string()).expect("an id")
}

fn store(data: &Path, options: Options) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::new(data, options).expect("a store"))
}

fn statement(sql: &'static str, params: impl Into<Vec<Value>>) -> Statement {
    Statement::new(sql, params)
}

async fn number(store: &SqliteStore, tenant: &TenantId, sql: &'static str) -> i64 {
    let rows = store
        .read(tenant, vec![statement(sql, [])])
        .await
        .expect("read");
    rows[0][0][0].as_i64().expect("a number")
}

/// One step that is half done if any of its three parts is missing.
async fn step(store: &SqliteStore, tenant: &TenantId, name: &str) -> Result<Commit, StoreError> {
    let statements = vec![
        statement("UPDATE meta SET base = seq + 1, seq = seq + 1", []),
        statement(
            "INSERT INTO changes (seq, record_id, type, op, fields, before, at, actor) \
             SELECT base, ?1, 'step', 'create', ?2, '{}', 0, 'test' FROM meta",
            [name.into(), "x".repeat(500).into()],
        ),
        statement(
            "INSERT INTO counters (name, value) SELECT ?1, base FROM meta",
            [name.into()],
        ),
    ];
    store.commit(tenant, statements).await
}

/// Checks that no step is half done; returns the number of steps.
async fn whole_steps(store: &SqliteStore, tenant: &TenantId) -> i64 {
    let seq = number(store, tenant, "SELECT seq FROM meta").await;
    assert_eq!(
        number(store, tenant, "SELECT count(*) FROM counters").await,
        seq,
        "counters"
    );
    assert_eq!(
        number(store, tenant, "SELECT count(*) FROM changes").await,
        seq,
        "changes"
    );
    let joined = "SELECT count(*) FROM counters c JOIN changes h ON h.seq = c.value AND h.record_id = c.name";
    assert_eq!(
        number(store, tenant, joined).await,
        seq,
        "steps whose parts belong together"
    );
    seq
}

/// A command that runs one of this program's ignored tests as another process.
fn again(test: &str, data: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", test, "--ignored", "--nocapture", "--quiet"])
        .env("CRM_TEST_DATA", data);
    command
}

/// The setting from the test that started this process, if one did.
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
