//! kill -9 under write load: every acknowledged commit is kept, nothing is half done, and the store starts again by
//! itself.

use std::{
    io::{BufRead, BufReader, Write},
    process::Stdio,
    time::{Duration, Instant},
};

use crm_core::ports::store::{Commit, TenantId};
use crm_native::store::Options;

use super::{again, new_id, number, statement, step, store, told, whole_steps};

/// Small bounds of the log, so that kills also happen during checkpoints.
fn options() -> Options {
    Options {
        wal_copy_frames: 50,
        wal_restart_frames: 200,
        ..Options::default()
    }
}

#[test]
#[ignore = "the process that is killed: the tests below start it"]
fn child() {
    let (Some(data), Some(tenant), Some(round)) = (
        told("CRM_TEST_DATA"),
        told("CRM_TEST_TENANT"),
        told("CRM_TEST_ROUND"),
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
        let store = store(data.as_ref(), options());
        let writers = (0..16).map(|writer| {
            let (store, tenant, round) = (store.clone(), tenant.clone(), round.clone());
            tokio::spawn(async move {
                for n in 0.. {
                    let name = format!("{round}/{writer}/{n}");
                    let outcome = step(&store, &tenant, &name).await;
                    assert!(matches!(outcome, Ok(Commit::Committed(_))), "{outcome:?}");
                    // One write call, so that a line is complete or absent.
                    std::io::stdout()
                        .lock()
                        .write_all(format!("done {name}\n").as_bytes())
                        .expect("written");
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.expect("a writer");
        }
    });
}

#[test]
fn killed_under_load_it_loses_nothing() {
    let rounds = told("CRM_KILLS").map_or(20, |rounds| rounds.parse().expect("a number"));
    let data = tempfile::tempdir().expect("a folder");
    let tenant = new_id();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime
        .block_on(store(data.path(), options()).create(&tenant))
        .expect("made");

    let mut acknowledged = 0;
    let mut slowest = Duration::ZERO;
    for round in 0..rounds {
        let mut process = again("crash::child", data.path())
            .env("CRM_TEST_TENANT", tenant.as_str())
            .env("CRM_TEST_ROUND", round.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let output = BufReader::new(process.stdout.take().expect("its output"));
        let listener = std::thread::spawn(move || {
            let lines = output.lines().map_while(Result::ok);
            lines
                .filter_map(|line| Some(line.split_once("done ")?.1.to_owned()))
                .collect::<Vec<_>>()
        });
        // At a different moment in each round.
        std::thread::sleep(Duration::from_millis(60 + 37 * (round % 8)));
        process.kill().expect("killed");
        process.wait().expect("gone");
        let names = listener.join().expect("its lines");

        runtime.block_on(async {
            let began = Instant::now();
            let store = store(data.path(), options());
            number(&store, &tenant, "SELECT seq FROM meta").await;
            slowest = slowest.max(began.elapsed());
            let steps = whole_steps(&store, &tenant).await;
            let list = serde_json::to_string(&names).expect("JSON");
            let missing = statement(
                "SELECT value FROM json_each(?1) WHERE value NOT IN (SELECT name FROM counters)",
                [list.into()],
            );
            let missing =
                crm_core::ports::TenantStore::read(store.as_ref(), &tenant, vec![missing]).await;
            assert_eq!(
                missing,
                Ok(vec![vec![]]),
                "acknowledged in round {round} and lost"
            );
            acknowledged += names.len();
            assert!(
                steps >= i64::try_from(acknowledged).expect("a count"),
                "round {round}"
            );
        });
    }
    println!(
        "{rounds} kills, {acknowledged} commits acknowledged, none lost; slowest start {slowest:?}"
    );
    assert!(acknowledged > 0, "nothing was written before the kills");
    let file = rusqlite::Connection::open(data.path().join(format!("tenants/{tenant}.sqlite")))
        .expect("opened");
    let verdict: String = file
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("checked");
    assert_eq!(verdict, "ok");
}
