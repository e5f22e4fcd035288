//! The store's bounds: time, memory, files.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crm_core::ports::store::{Commit, Statement, StoreError, TenantStore};
use crm_native::store::Options;

use super::{new_id, number, statement, step, store, whole_steps};

/// Reads one row, and then counts until it is stopped.
const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT seq FROM meta UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

fn endless() -> Vec<Statement> {
    vec![statement(ENDLESS, [])]
}

#[tokio::test(flavor = "current_thread")]
async fn a_dear_read_is_ended_and_holds_no_cheap_one_up() {
    let data = tempfile::tempdir().expect("a folder");
    let tenant = new_id();
    let time = Duration::from_secs(2);
    let store = store(
        data.path(),
        Options {
            read_time: time,
            readers: 4,
            ..Options::default()
        },
    );
    store.create(&tenant).await.expect("made");
    number(&store, &tenant, "SELECT seq FROM meta").await;
    let began = Instant::now();
    let dear: Vec<_> = (0..3)
        .map(|_| {
            let (store, tenant) = (store.clone(), tenant.clone());
            tokio::spawn(async move { store.read(&tenant, endless()).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    for _ in 0..20 {
        number(&store, &tenant, "SELECT seq FROM meta").await;
    }
    assert!(began.elapsed() < time, "{:?}", began.elapsed());
    for read in dear {
        let outcome = read.await.expect("an answer");
        assert!(matches!(outcome, Err(StoreError::Busy(_))), "{outcome:?}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_search_in_large_texts_leaves_the_thread_that_asked() {
    let data = tempfile::tempdir().expect("a folder");
    let tenant = new_id();
    let store = store(data.path(), Options::default());
    store.create(&tenant).await.expect("made");
    let handed_over = || store.handed_over(&tenant).expect("open");
    for _ in 0..20 {
        number(&store, &tenant, "SELECT seq FROM meta").await;
    }
    let before = handed_over();
    // Few operations for each text of a megabyte: a bound of operations alone would not stop it.
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) \
               SELECT count(*) FROM n WHERE instr(printf('%.*c', 1000000 + i, 'x'), 'y') > 0";
    assert_eq!(number(&store, &tenant, sql).await, 0);
    assert_eq!(handed_over(), before + 1);
}

#[tokio::test]
async fn a_dear_write_is_ended_and_takes_no_other_with_it() {
    let data = tempfile::tempdir().expect("a folder");
    let tenant = new_id();
    let store = store(
        data.path(),
        Options {
            write_time: Duration::from_millis(300),
            ..Options::default()
        },
    );
    store.create(&tenant).await.expect("made");
    let endless = statement(
        "INSERT INTO counters (name, value) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, i FROM n",
        [],
    );
    let names: Vec<String> = (0..10).map(|n| format!("beside {n}")).collect();
    let beside =
        futures_util::future::join_all(names.iter().map(|name| step(&store, &tenant, name)));
    let (outcomes, ended) =
        futures_util::future::join(beside, store.commit(&tenant, vec![endless])).await;
    assert!(matches!(ended, Err(StoreError::Busy(_))), "{ended:?}");
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Ok(Commit::Committed(_)))),
        "{outcomes:?}"
    );
    assert_eq!(whole_steps(&store, &tenant).await, 10);
}

#[test]
fn the_log_stays_small_whoever_reads() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(log_stays_small());
    // Do not wait for the endless read.
    runtime.shutdown_background();
}

async fn log_stays_small() {
    let data = tempfile::tempdir().expect("a folder");
    let tenant = new_id();
    let limit = 1_500;
    let options = Options {
        wal_copy_frames: 200,
        wal_restart_frames: 500,
        wal_limit_frames: limit,
        read_time: Duration::from_secs(20),
        ..Options::default()
    };
    let store = store(data.path(), options);
    store.create(&tenant).await.expect("made");
    let ended = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let short: Vec<_> = (0..4)
        .map(|_| {
            let (store, tenant, ended) = (store.clone(), tenant.clone(), ended.clone());
            tokio::spawn(async move {
                let mut reads = 0;
                while !ended.load(std::sync::atomic::Ordering::Relaxed) {
                    number(&store, &tenant, "SELECT count(*) FROM changes").await;
                    reads += 1;
                    tokio::task::yield_now().await;
                }
                reads
            })
        })
        .collect();
    let long = {
        let (store, tenant) = (store.clone(), tenant.clone());
        tokio::spawn(async move { store.read(&tenant, endless()).await })
    };
    let log = store.path(&tenant).with_extension("sqlite-wal");
    let mut largest = 0;
    let began = Instant::now();
    // 400 commits of 25 pages and more: six times the limit.
    for n in 0..400 {
        let statements = vec![
            statement("UPDATE meta SET base = seq + 1, seq = seq + 1", []),
            statement(
                "INSERT INTO changes (seq, record_id, type, op, fields, before, at, actor) \
                 SELECT base, 'a', 'step', 'create', ?1, '{}', 0, 'test' FROM meta",
                ["x".repeat(100_000).into()],
            ),
        ];
        let outcome = store.commit(&tenant, statements).await;
        assert!(
            matches!(outcome, Ok(Commit::Committed(_))),
            "{n}: {outcome:?}"
        );
        largest = largest.max(std::fs::metadata(&log).expect("a log").len());
    }
    ended.store(true, std::sync::atomic::Ordering::Relaxed);
    for reads in short {
        assert!(reads.await.expect("reads") > 0);
    }
    println!("largest log {largest} bytes, {:?}", began.elapsed());
    assert!(largest < 2 * u64::from(limit) * 4_096, "{largest} bytes");
    // The endless read was stopped whenever it blocked the log, and writers did not wait for it.
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    long.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn few_tenants_are_open_at_once_and_closed_ones_leave_no_log() {
    let data = tempfile::tempdir().expect("a folder");
    let store = store(
        data.path(),
        Options {
            open_tenants: 3,
            ..Options::default()
        },
    );
    let tenants: Vec<_> = (0..10).map(|_| new_id()).collect();
    for tenant in &tenants {
        store.create(tenant).await.expect("made");
    }
    for round in 0..3 {
        for tenant in &tenants {
            step(&store, tenant, &round.to_string())
                .await
                .expect("written");
        }
    }
    for tenant in &tenants {
        assert_eq!(whole_steps(&store, tenant).await, 3);
    }
    let logs = || {
        let files = std::fs::read_dir(data.path().join("tenants")).expect("a folder");
        files
            .filter(|file| {
                file.as_ref()
                    .is_ok_and(|file| file.file_name().to_string_lossy().ends_with("-wal"))
            })
            .count()
    };
    for _ in 0..50 {
        if logs() <= 3 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} logs", logs());
}

#[tokio::test]
async fn too_large_is_not_busy() {
    let data = tempfile::tempdir().expect("a folder");
    let tenant = new_id();
    let store = store(
        data.path(),
        Options {
            length: 1 << 20,
            ..Options::default()
        },
    );
    store.create(&tenant).await.expect("made");
    let insert = |bytes| {
        let params = ["a".into(), "x".repeat(bytes).into()];
        vec![statement(
            "INSERT INTO object_types (name, version, definition, created_at, updated_at) VALUES (?1, 1, ?2, 0, 0)",
            params,
        )]
    };
    assert_eq!(
        store.commit(&tenant, insert(2 << 20)).await,
        Err(StoreError::TooLarge)
    );
    assert!(matches!(
        store.commit(&tenant, insert(900_000)).await,
        Ok(Commit::Committed(_))
    ));
    let twice = vec![statement(
        "SELECT definition FROM object_types UNION ALL SELECT definition FROM object_types",
        [],
    )];
    assert_eq!(
        store.read(&tenant, twice).await,
        Err(StoreError::TooLarge),
        "an answer has the same bound"
    );
    let long = Statement::new(format!("SELECT 1 -- {}", "x".repeat(200_000)), []);
    assert_eq!(
        store.read(&tenant, vec![long]).await,
        Err(StoreError::TooLarge)
    );
}

#[tokio::test]
async fn a_commit_nobody_waits_for_is_whole_or_not_at_all() {
    let data = tempfile::tempdir().expect("a folder");
    let tenant = new_id();
    let store = store(data.path(), Options::default());
    store.create(&tenant).await.expect("made");
    for n in 0..50_u64 {
        let name = n.to_string();
        let commit = step(&store, &tenant, &name);
        let _ = tokio::time::timeout(Duration::from_micros(20 * n), commit).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    whole_steps(&store, &tenant).await;
}
