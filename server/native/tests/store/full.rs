//! A full disk: the request is answered `Busy` and nothing of it is written, other data stays, and the store recovers
//! by itself when there is room again.

use std::process::{Command, Stdio};

use crm_core::ports::store::{Commit, Rows, StoreError, TenantStore};
use crm_native::store::{Options, SqliteStore};

use super::{again, new_id, number, statement, step, store, told, whole_steps};
use crm_core::ports::store::TenantId;

async fn large(
    store: &SqliteStore,
    tenant: &TenantId,
    name: &str,
    bytes: usize,
) -> Result<Commit, StoreError> {
    let statements = vec![
        statement("UPDATE meta SET base = seq + 1, seq = seq + 1", []),
        statement(
            "INSERT INTO counters (name, value) SELECT ?1, base FROM meta",
            [name.into()],
        ),
        statement(
            "INSERT INTO changes (seq, record_id, type, op, fields, before, at, actor) \
             SELECT base, ?1, 'step', 'create', ?2, '{}', 0, 'test' FROM meta",
            [name.into(), "x".repeat(bytes).into()],
        ),
    ];
    store.commit(tenant, statements).await
}

#[tokio::test]
async fn a_full_database_refuses_what_does_not_fit_and_nothing_else() {
    let data = tempfile::tempdir().expect("a folder");
    let tenant = new_id();
    let tight = store(
        data.path(),
        Options {
            pages: Some(200),
            ..Options::default()
        },
    );
    tight.create(&tenant).await.expect("made");
    for n in 0..5 {
        step(&tight, &tenant, &format!("small {n}"))
            .await
            .expect("room");
    }
    let outcome = large(&tight, &tenant, "too large", 2 << 20).await;
    assert!(matches!(outcome, Err(StoreError::Busy(_))), "{outcome:?}");
    assert_eq!(whole_steps(&tight, &tenant).await, 5);

    // If one commit of a shared transaction does not fit, the others still succeed.
    let names: Vec<String> = (0..12).map(|n| format!("beside {n}")).collect();
    let beside = names.iter().map(|name| step(&tight, &tenant, name));
    let (outcomes, full) = futures_util::future::join(
        futures_util::future::join_all(beside),
        large(&tight, &tenant, "again", 2 << 20),
    )
    .await;
    assert!(matches!(full, Err(StoreError::Busy(_))), "{full:?}");
    for outcome in outcomes {
        assert!(matches!(outcome, Ok(Commit::Committed(_))), "{outcome:?}");
    }
    assert_eq!(whole_steps(&tight, &tenant).await, 17);
    drop(tight);

    let roomy = store(data.path(), Options::default());
    large(&roomy, &tenant, "too large", 2 << 20)
        .await
        .expect("room");
    assert_eq!(whole_steps(&roomy, &tenant).await, 18);
}

#[test]
#[ignore = "the process that runs out of room: the test below starts it"]
fn child() {
    let (Some(data), Some(tenant)) = (told("CRM_TEST_DATA"), told("CRM_TEST_TENANT")) else {
        return;
    };
    let tenant = TenantId::parse(&tenant).expect("an id");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let store = store(data.as_ref(), Options::default());
        let mut done = 0;
        let mut refused = 0;
        for n in 0..400 {
            match large(&store, &tenant, &n.to_string(), 20_000).await {
                Ok(Commit::Committed(_)) => done += 1,
                Err(StoreError::Busy(_)) => refused += 1,
                other => panic!("{other:?}"),
            }
        }
        // Reads still work and return the same rows.
        let read: Result<Vec<Rows>, _> = store
            .read(&tenant, vec![statement("SELECT seq FROM meta", [])])
            .await;
        assert_eq!(read.map(|rows| rows[0][0][0].as_i64()), Ok(Some(done)));
        println!("done={done} refused={refused};");
    });
}

/// A limit of the file size looks like a full disk to the program.
#[cfg(unix)]
#[tokio::test]
async fn a_disk_that_takes_no_more_loses_nothing() {
    let data = tempfile::tempdir().expect("a folder");
    let tenant = new_id();
    let roomy = store(data.path(), Options::default());
    roomy.create(&tenant).await.expect("made");
    drop(roomy);
    let child = again("full::child", data.path());
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 4000; exec \"$@\"", "sh"])
        .arg(child.get_program())
        .args(child.get_args())
        .env("CRM_TEST_DATA", data.path())
        .env("CRM_TEST_TENANT", tenant.as_str())
        .stderr(Stdio::inherit())
        .output()
        .expect("run");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    let part = |name: &str| -> i64 {
        let rest = said
            .split_once(name)
            .unwrap_or_else(|| panic!("{name} in {said}"))
            .1;
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        rest[..end].parse().expect("a number")
    };
    let (done, refused) = (part("done="), part("refused="));
    assert!(done > 0 && refused > 0, "{said}");

    let roomy = store(data.path(), Options::default());
    assert_eq!(number(&roomy, &tenant, "SELECT seq FROM meta").await, done);
    assert_eq!(whole_steps(&roomy, &tenant).await, done);
    step(&roomy, &tenant, "after").await.expect("room again");
}
