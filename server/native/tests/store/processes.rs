//! Several processes on one data folder: a server, and the command line beside it.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use crm_core::ports::store::{Commit, StoreError, TenantId};
use crm_native::store::Options;
use rusqlite::Connection;

use super::{again, new_id, number, step, store, told, whole_steps};

#[test]
#[ignore = "one of the processes that race: the test below starts them"]
fn child() {
    let (Some(data), Some(tenant), Some(name)) = (
        told("CRM_TEST_DATA"),
        told("CRM_TEST_TENANT"),
        told("CRM_TEST_NAME"),
    ) else {
        return;
    };
    let tenant = TenantId::parse(&tenant).expect("an id");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let store = store(data.as_ref(), Options::default());
        store.create(&tenant).await.expect("made");
        for n in 0..50 {
            let outcome = step(&store, &tenant, &format!("{name}/{n}")).await;
            assert!(matches!(outcome, Ok(Commit::Committed(_))), "{outcome:?}");
        }
    });
}

#[tokio::test]
async fn processes_that_race_make_a_tenant_once_and_lose_nothing() {
    let data = tempfile::tempdir().expect("a folder");
    let tenant = new_id();
    let children: Vec<_> = (0..4)
        .map(|n| {
            again("processes::child", data.path())
                .env("CRM_TEST_TENANT", tenant.as_str())
                .env("CRM_TEST_NAME", n.to_string())
                .stdout(Stdio::null())
                .spawn()
                .expect("started")
        })
        .collect();
    for mut child in children {
        assert!(child.wait().expect("ended").success());
    }
    let store = store(data.path(), Options::default());
    assert_eq!(whole_steps(&store, &tenant).await, 200);
    assert_eq!(
        number(
            &store,
            &tenant,
            "SELECT count(*) FROM migrations WHERE number = 1"
        )
        .await,
        1
    );
}

#[tokio::test]
async fn a_locked_database_is_busy_after_a_while_and_reads_go_on() {
    let data = tempfile::tempdir().expect("a folder");
    let tenant = new_id();
    let wait = Duration::from_millis(300);
    let store = store(
        data.path(),
        Options {
            lock_wait: wait,
            waiting_commits: 8,
            ..Options::default()
        },
    );
    store.create(&tenant).await.expect("made");
    step(&store, &tenant, "before").await.expect("written");

    let other = Connection::open(store.path(&tenant)).expect("opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let began = Instant::now();
    let names: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    let commits =
        futures_util::future::join_all(names.iter().map(|name| step(&store, &tenant, name)));
    let (outcomes, seq) =
        futures_util::future::join(commits, number(&store, &tenant, "SELECT seq FROM meta")).await;
    let took = began.elapsed();
    assert_eq!(seq, 1);
    for outcome in &outcomes {
        assert!(matches!(outcome, Err(StoreError::Busy(_))), "{outcome:?}");
    }
    let turned_away = Err(StoreError::Busy("too many commits are waiting".into()));
    assert!(
        outcomes
            .iter()
            .filter(|outcome| **outcome == turned_away)
            .count()
            >= 40 - 2 * 8,
        "the queue is bounded"
    );
    assert!(took >= wait && took < 10 * wait, "{took:?}");

    other.execute_batch("ROLLBACK").expect("released");
    step(&store, &tenant, "after").await.expect("written");
    assert_eq!(whole_steps(&store, &tenant).await, 2);
}

#[tokio::test]
async fn a_commit_waits_for_a_lock_that_is_released() {
    let data = tempfile::tempdir().expect("a folder");
    let tenant = new_id();
    let store = store(data.path(), Options::default());
    store.create(&tenant).await.expect("made");
    let other = Connection::open(store.path(&tenant)).expect("opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let release = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        other
            .execute_batch("UPDATE meta SET schema_rev = 2; COMMIT")
            .expect("released");
    };
    let (outcome, ()) = futures_util::future::join(step(&store, &tenant, "waits"), release).await;
    assert!(matches!(outcome, Ok(Commit::Committed(_))), "{outcome:?}");
    assert_eq!(
        number(&store, &tenant, "SELECT schema_rev FROM meta").await,
        2
    );
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_left_alone() {
    let data = tempfile::tempdir().expect("a folder");
    let tenant = new_id();
    store(data.path(), Options::default())
        .create(&tenant)
        .await
        .expect("made");
    let file =
        Connection::open(data.path().join(format!("tenants/{tenant}.sqlite"))).expect("opened");
    file.execute(
        "INSERT INTO migrations (number, applied_at) VALUES (9999, 0)",
        [],
    )
    .expect("marked");
    let outcome = step(&store(data.path(), Options::default()), &tenant, "old").await;
    let Err(StoreError::Failed(why)) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(why.contains("newer program"), "{why}");
}
