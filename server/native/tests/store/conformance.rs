//! The store passes the conformance suite (crm_core::ports::store::conformance), also within tight bounds: one cached
//! statement, every read on its own thread, a log that restarts constantly.

use std::{sync::Arc, time::Duration};

use crm_core::ports::store::conformance::{CASES, Subject};
use crm_native::store::{Options, SqliteStore};

fn conforms(options: Options) {
    let data = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let store = Arc::new(SqliteStore::new(data.path(), options).expect("a store"));
        let mut failed = Vec::new();
        for case in CASES {
            let tenant = super::new_id();
            store.create(&tenant).await.expect("a tenant");
            let run = (case.run)(Subject {
                store: store.clone(),
                tenant,
            });
            match tokio::time::timeout(Duration::from_secs(30), run).await {
                Ok(Ok(())) => {}
                Ok(Err(seen)) => failed.push(format!("{}: {seen}", case.name)),
                Err(_) => failed.push(format!("{}: no answer in 30 s", case.name)),
            }
        }
        assert!(failed.is_empty(), "{failed:#?}");
    });
}

#[test]
fn the_store_conforms() {
    conforms(Options::default());
}

#[test]
fn the_store_conforms_within_tight_bounds() {
    conforms(Options {
        open_tenants: 2,
        readers: 2,
        inline_operations: 0,
        shared_commits: 3,
        wal_copy_frames: 1,
        wal_restart_frames: 4,
        wal_limit_frames: 8,
        statements: 1,
        ..Options::default()
    });
}
