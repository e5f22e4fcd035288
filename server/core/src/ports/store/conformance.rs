//! The conformance suite of `TenantStore`: cases that a host runs on its implementation, each with a new tenant. A case
//! returns a message instead of panicking, so that it runs on hosts where a panic ends the program.

use std::sync::Arc;

use futures_util::future::join_all;

use super::{
    Bound, Commit, Rows, Statement, StoreError, TenantId, TenantStore, Value,
    admission::{EXPRESSION_DEPTH, PARAMETERS, SQL_BYTES, TEXT_BYTES},
    bound::{Past, take_end},
};
pub use crate::ports::conformance::Verdict;
use crate::ports::conformance::{cases, same};

/// The store under test and a new tenant.
#[derive(Clone)]
pub struct Subject {
    pub store: Arc<dyn TenantStore>,
    pub tenant: TenantId,
}

cases![
    a_new_tenant_is_migrated,
    a_statement_gives_its_rows,
    every_value_comes_back_as_it_went,
    integers_inside_json_stay_integers,
    a_commit_is_all_or_nothing,
    a_guard_that_fails_is_stale,
    a_raced_guard_lets_one_through,
    a_constraint_is_reported_by_its_name,
    a_raced_unique_value_has_one_winner,
    a_mistake_in_a_statement_writes_nothing,
    concurrent_commits_succeed_or_fail_alone,
    what_a_constraint_refuses_leaves_nothing_beside_others,
    concurrent_commits_lose_no_update,
    a_read_sees_one_snapshot,
    a_read_cannot_write,
    transactions_are_the_stores_own,
    a_table_of_many_indexes_is_written,
    ten_thousand_rows_come_back,
    large_texts_come_back,
    rows_end_at_their_bound,
    rows_beyond_their_bound_are_refused,
    an_integer_parameter_is_an_integer,
    what_is_too_large_is_refused_whole,
    what_every_host_takes_is_taken,
    an_unknown_tenant_is_refused,
];

impl Subject {
    async fn read(&self, sql: &'static str, params: Vec<Value>) -> Result<Rows, String> {
        let rows = self
            .store
            .read(&self.tenant, vec![Statement::new(sql, params)])
            .await
            .map_err(text)?;
        rows.into_iter()
            .next()
            .ok_or_else(|| "no rows for the statement".to_owned())
    }

    async fn number(&self, sql: &'static str) -> Result<i64, String> {
        let rows = self.read(sql, Vec::new()).await?;
        let number = rows
            .first()
            .and_then(|row| row.first())
            .and_then(Value::as_i64);
        number.ok_or_else(|| format!("{sql} gave {rows:?}"))
    }

    async fn commit(&self, statements: Vec<Statement>) -> Result<Commit, StoreError> {
        self.store.commit(&self.tenant, statements).await
    }

    /// A commit that must succeed.
    async fn done(&self, statements: Vec<Statement>) -> Result<Vec<Rows>, String> {
        match self.commit(statements).await {
            Ok(Commit::Committed(rows)) => Ok(rows),
            other => Err(format!("not committed: {other:?}")),
        }
    }
}

fn sql(sql: &'static str) -> Statement {
    Statement::new(sql, Vec::new())
}

fn with(sql: &'static str, params: Vec<Value>) -> Statement {
    Statement::new(sql, params)
}

fn count(name: &str) -> Statement {
    with(
        "INSERT INTO counters (name, value) VALUES (?1, 1)",
        vec![name.into()],
    )
}

fn text(error: StoreError) -> String {
    error.to_string()
}

async fn a_new_tenant_is_migrated(subject: Subject) -> Verdict {
    same(
        "records",
        subject.number("SELECT count(*) FROM records").await?,
        0,
    )?;
    same("sequence", subject.number("SELECT seq FROM meta").await?, 0)
}

async fn a_statement_gives_its_rows(subject: Subject) -> Verdict {
    let rows = subject
        .done(vec![
            sql("UPDATE meta SET seq = seq + 2, base = seq + 1 RETURNING base, seq"),
            count("a"),
            sql("SELECT name, value FROM counters"),
        ])
        .await?;
    let expected = vec![
        vec![vec![Value::Integer(1), Value::Integer(2)]],
        vec![],
        vec![vec![Value::from("a"), Value::Integer(1)]],
    ];
    same("rows of the commit", rows, expected)?;
    let read = subject
        .store
        .read(
            &subject.tenant,
            vec![
                sql("SELECT 1 WHERE 0"),
                sql("SELECT seq FROM meta"),
                sql("SELECT 'x', NULL"),
            ],
        )
        .await
        .map_err(text)?;
    let expected = vec![
        vec![],
        vec![vec![Value::Integer(2)]],
        vec![vec![Value::from("x"), Value::Null]],
    ];
    same("rows of the read", read, expected)
}

async fn every_value_comes_back_as_it_went(subject: Subject) -> Verdict {
    let largest = (1_i64 << 53) - 1;
    let texts = [
        "",
        "São José dos Campos",
        "日本語 \u{1F9D1}\u{200D}\u{1F527} e\u{301}",
        "'; DROP TABLE records; --",
        "line\r\nline\ttab \u{7f}\u{85}\u{feff}\u{fffd}",
    ];
    let mut values: Vec<Value> = texts.map(Value::from).into();
    values.extend([0, -1, largest, -largest, 1 << 40].map(Value::Integer));
    values.extend([
        Value::Null,
        Value::Real(0.5),
        Value::Text("x".repeat(100_000)),
    ]);
    subject
        .done(vec![sql(
            "CREATE TABLE conformance_values (id INTEGER PRIMARY KEY, value)",
        )])
        .await?;
    for value in values {
        let stored = subject
            .done(vec![with(
                "INSERT INTO conformance_values (value) VALUES (?1) RETURNING value",
                vec![value.clone()],
            )])
            .await?;
        same("returned", stored, vec![vec![vec![value.clone()]]])?;
        let read = subject
            .read(
                "SELECT value FROM conformance_values ORDER BY id DESC LIMIT 1",
                Vec::new(),
            )
            .await?;
        same("read", read, vec![vec![value.clone()]])?;
    }
    Ok(())
}

async fn integers_inside_json_stay_integers(subject: Subject) -> Verdict {
    let json = r#"[{"n":9007199254740991,"t":"São"},{"n":-9007199254740991,"t":null}]"#;
    let read = subject
        .read(
            "SELECT e.value ->> '$.n', typeof(e.value ->> '$.n'), e.value ->> '$.t' FROM json_each(?1) e ORDER BY e.key",
            vec![json.into()],
        )
        .await?;
    let row =
        |n: i64, t: Option<&str>| vec![Value::Integer(n), Value::from("integer"), Value::from(t)];
    same(
        "json_each",
        read,
        vec![
            row(9_007_199_254_740_991, Some("São")),
            row(-9_007_199_254_740_991, None),
        ],
    )
}

async fn a_commit_is_all_or_nothing(subject: Subject) -> Verdict {
    subject.done(vec![count("there")]).await?;
    let outcome = subject
        .commit(vec![
            sql("UPDATE meta SET seq = seq + 1"),
            count("one"),
            count("there"),
            count("two"),
        ])
        .await;
    same(
        "the second `there`",
        outcome,
        Ok(Commit::Constraint("counters.name".into())),
    )?;
    same(
        "counters",
        subject.number("SELECT count(*) FROM counters").await?,
        1,
    )?;
    same("sequence", subject.number("SELECT seq FROM meta").await?, 0)
}

async fn a_guard_that_fails_is_stale(subject: Subject) -> Verdict {
    let guard = |seq: i64| {
        with(
            "INSERT INTO guard (ok) SELECT 0 FROM meta WHERE seq <> ?1",
            vec![seq.into()],
        )
    };
    let step = || sql("UPDATE meta SET seq = seq + 1");
    same(
        "a guard that holds",
        subject.commit(vec![guard(0), step()]).await.map(|_| ()),
        Ok(()),
    )?;
    same(
        "a guard before",
        subject.commit(vec![guard(0), step()]).await,
        Ok(Commit::Stale),
    )?;
    same(
        "a guard behind",
        subject.commit(vec![step(), count("a"), guard(1)]).await,
        Ok(Commit::Stale),
    )?;
    same("sequence", subject.number("SELECT seq FROM meta").await?, 1)?;
    same(
        "counters",
        subject.number("SELECT count(*) FROM counters").await?,
        0,
    )?;
    same(
        "guard rows",
        subject.number("SELECT count(*) FROM guard").await?,
        0,
    )
}

async fn a_raced_guard_lets_one_through(subject: Subject) -> Verdict {
    let race = (0..20).map(|n| {
        let subject = subject.clone();
        async move {
            let guard = sql("INSERT INTO guard (ok) SELECT 0 FROM meta WHERE seq <> 0");
            subject
                .commit(vec![
                    guard,
                    sql("UPDATE meta SET seq = seq + 1"),
                    count(&n.to_string()),
                ])
                .await
        }
    });
    let outcomes = join_all(race).await;
    let through = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Ok(Commit::Committed(_))))
        .count();
    let stale = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Ok(Commit::Stale)))
        .count();
    same("committed and stale", (through, stale), (1, 19))?;
    same("sequence", subject.number("SELECT seq FROM meta").await?, 1)?;
    same(
        "counters",
        subject.number("SELECT count(*) FROM counters").await?,
        1,
    )
}

async fn a_constraint_is_reported_by_its_name(subject: Subject) -> Verdict {
    subject
        .done(vec![
            sql("CREATE TABLE conformance_names (a TEXT PRIMARY KEY, b TEXT UNIQUE, c TEXT, d TEXT, n INTEGER CONSTRAINT positive CHECK (n > 0), UNIQUE (c, d))"),
            sql("CREATE UNIQUE INDEX conformance_expression ON conformance_names (json_extract(d, '$.number')) WHERE n > 5"),
            sql("INSERT INTO conformance_names VALUES ('a', 'b', 'c', '{\"number\":1}', 6)"),
        ])
        .await?;
    let cases = [
        (
            "INSERT INTO conformance_names VALUES ('a', 'x', 'x', '{}', 1)",
            "conformance_names.a",
        ),
        (
            "INSERT INTO conformance_names VALUES ('x', 'b', 'x', '{}', 1)",
            "conformance_names.b",
        ),
        (
            "INSERT INTO conformance_names VALUES ('x', 'x', 'c', '{\"number\":1}', 1)",
            "conformance_names.c, conformance_names.d",
        ),
        (
            "INSERT INTO conformance_names VALUES ('x', 'x', 'x', '{\"number\":1}', 7)",
            "conformance_expression",
        ),
        (
            "INSERT INTO conformance_names VALUES ('x', 'x', 'x', '{}', 0)",
            "positive",
        ),
        ("UPDATE conformance_names SET n = -1", "positive"),
    ];
    for (statement, name) in cases {
        same(
            statement,
            subject.commit(vec![sql(statement)]).await,
            Ok(Commit::Constraint(name.into())),
        )?;
    }
    same(
        "rows",
        subject
            .number("SELECT count(*) FROM conformance_names")
            .await?,
        1,
    )
}

async fn a_raced_unique_value_has_one_winner(subject: Subject) -> Verdict {
    let race = (0..20).map(|_| {
        let subject = subject.clone();
        async move { subject.commit(vec![count("the one")]).await }
    });
    let outcomes = join_all(race).await;
    let won = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Ok(Commit::Committed(_))))
        .count();
    let lost = outcomes
        .iter()
        .filter(|outcome| **outcome == Ok(Commit::Constraint("counters.name".into())))
        .count();
    same("winners and losers", (won, lost), (1, 19))
}

async fn a_mistake_in_a_statement_writes_nothing(subject: Subject) -> Verdict {
    let mistakes = [
        sql("INSERT INTO nowhere VALUES (1)"),
        sql("INSERT INTO counters (name, value) VALUES (json('{'), 1)"),
        sql("INSERT INTO records (id) VALUES ('a')"),
        with(
            "INSERT INTO counters (name, value) VALUES (?1, ?2)",
            vec!["a".into()],
        ),
        sql("SELECT"),
    ];
    for mistake in mistakes {
        let outcome = subject
            .commit(vec![count("before"), mistake.clone(), count("after")])
            .await;
        if !matches!(outcome, Err(StoreError::Failed(_))) {
            return Err(format!("{}: {outcome:?}", mistake.sql));
        }
        same(
            &mistake.sql,
            subject.number("SELECT count(*) FROM counters").await?,
            0,
        )?;
    }
    Ok(())
}

async fn concurrent_commits_succeed_or_fail_alone(subject: Subject) -> Verdict {
    subject.done(vec![count("taken")]).await?;
    let race = (0..75).map(|n: i64| {
        let subject = subject.clone();
        async move {
            let first = count(&n.to_string());
            let stale = sql("INSERT INTO guard (ok) VALUES (0)");
            // Most commits begin with their guard.
            if n % 5 == 4 {
                return (n, subject.commit(vec![stale, first]).await);
            }
            let second = match n % 5 {
                0 => count("taken"),
                1 => stale,
                2 => sql("INSERT INTO nowhere VALUES (1)"),
                _ => sql("UPDATE meta SET seq = seq + 1"),
            };
            (n, subject.commit(vec![first, second]).await)
        }
    });
    for (n, outcome) in join_all(race).await {
        let right = match n % 5 {
            0 => outcome == Ok(Commit::Constraint("counters.name".into())),
            1 | 4 => outcome == Ok(Commit::Stale),
            2 => matches!(outcome, Err(StoreError::Failed(_))),
            _ => matches!(outcome, Ok(Commit::Committed(_))),
        };
        if !right {
            return Err(format!("request {n}: {outcome:?}"));
        }
    }
    same(
        "sequence",
        subject.number("SELECT seq FROM meta").await?,
        15,
    )?;
    same(
        "counters",
        subject.number("SELECT count(*) FROM counters").await?,
        16,
    )?;
    let wrong =
        "SELECT count(*) FROM counters WHERE name <> 'taken' AND CAST(name AS INTEGER) % 5 <> 3";
    same("counters of the refused", subject.number(wrong).await?, 0)
}

async fn what_a_constraint_refuses_leaves_nothing_beside_others(subject: Subject) -> Verdict {
    subject.done(vec![count("taken")]).await?;
    let race = (0..40).map(|n: i64| {
        let subject = subject.clone();
        async move {
            let mut statements = vec![count(&n.to_string())];
            if n % 4 == 0 {
                statements.push(count("taken"));
            }
            (n, subject.commit(statements).await)
        }
    });
    for (n, outcome) in join_all(race).await {
        let right = match n % 4 {
            0 => outcome == Ok(Commit::Constraint("counters.name".into())),
            _ => matches!(outcome, Ok(Commit::Committed(_))),
        };
        if !right {
            return Err(format!("request {n}: {outcome:?}"));
        }
    }
    let kept = "SELECT count(*) FROM counters";
    same("counters", subject.number(kept).await?, 31)
}

async fn concurrent_commits_lose_no_update(subject: Subject) -> Verdict {
    let race = (0..100).map(|_| {
        let subject = subject.clone();
        async move {
            subject
                .done(vec![sql("UPDATE meta SET seq = seq + 1 RETURNING seq")])
                .await
        }
    });
    let mut seen = Vec::new();
    for rows in join_all(race).await {
        seen.push(
            rows?
                .first()
                .and_then(|rows| rows.first()?.first()?.as_i64())
                .unwrap_or_default(),
        );
    }
    seen.sort_unstable();
    same("sequence numbers", seen, (1..=100).collect())
}

/// A statement that takes long enough for a commit to happen meanwhile.
const SLOW: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT count(*) FROM n";

async fn a_read_sees_one_snapshot(subject: Subject) -> Verdict {
    let writes = async {
        for _ in 0..50 {
            subject
                .done(vec![
                    sql("UPDATE meta SET seq = seq + 1"),
                    sql("UPDATE meta SET schema_rev = seq + 1"),
                ])
                .await?;
        }
        Ok::<_, String>(())
    };
    let reads = async {
        for _ in 0..50 {
            let read = || sql("SELECT seq, schema_rev FROM meta");
            let rows = subject
                .store
                .read(&subject.tenant, vec![read(), sql(SLOW), read()]);
            let rows = rows.await.map_err(text)?;
            same("first and last statement", rows.first(), rows.last())?;
            let row = rows
                .first()
                .and_then(|rows| rows.first())
                .cloned()
                .unwrap_or_default();
            let [Value::Integer(seq), Value::Integer(rev)] = row.as_slice() else {
                return Err(format!("a row of two integers, not {row:?}"));
            };
            same("both halves of a commit", *rev, seq + 1)?;
        }
        Ok(())
    };
    let (written, read) = futures_util::future::join(writes, reads).await;
    written.and(read)?;
    // The next read sees the commit.
    same(
        "sequence",
        subject.number("SELECT seq FROM meta").await?,
        50,
    )
}

async fn a_read_cannot_write(subject: Subject) -> Verdict {
    for statement in [
        "INSERT INTO counters (name, value) VALUES ('a', 1)",
        "WITH a AS (SELECT 1) INSERT INTO counters (name, value) SELECT 'a', 1 FROM a",
        "DELETE FROM meta RETURNING seq",
        "CREATE TABLE conformance_read (a)",
    ] {
        let outcome = subject
            .store
            .read(&subject.tenant, vec![sql(statement)])
            .await;
        if outcome.is_ok() {
            return Err(format!("{statement} was accepted"));
        }
    }
    same(
        "counters",
        subject.number("SELECT count(*) FROM counters").await?,
        0,
    )?;
    same(
        "meta",
        subject.number("SELECT count(*) FROM meta").await?,
        1,
    )
}

async fn transactions_are_the_stores_own(subject: Subject) -> Verdict {
    for statement in [
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT a",
        "WITH a AS (SELECT 1) UPDATE counters SET value = 1 FROM a",
    ] {
        if subject
            .commit(vec![count("a"), sql(statement), count("b")])
            .await
            .is_ok()
        {
            return Err(format!("{statement} was accepted"));
        }
        same(
            statement,
            subject.number("SELECT count(*) FROM counters").await?,
            0,
        )?;
    }
    Ok(())
}

async fn a_table_of_many_indexes_is_written(subject: Subject) -> Verdict {
    let index = |n: usize| {
        let sql = format!(
            "CREATE UNIQUE INDEX conformance_{n} ON counters (value) WHERE name = 'counter {n}'"
        );
        Statement::new(sql, [])
    };
    let many = 2 * EXPRESSION_DEPTH;
    for start in (0..many).step_by(100) {
        subject
            .done((start..start + 100).map(index).collect())
            .await?;
    }
    let rows = || vec![Value::from(r#"[["a", 1], ["b", 2]]"#)];
    let source = "(SELECT value FROM json_each(?1) LIMIT -1) j";
    let insert =
        format!("INSERT INTO counters (name, value) SELECT j.value ->> 0, 0 FROM {source}");
    let update = format!(
        "UPDATE counters SET value = j.value ->> 1 FROM {source} WHERE name = j.value ->> 0"
    );
    for statement in [insert, update] {
        subject
            .done(vec![Statement::new(statement, rows())])
            .await?;
    }
    same(
        "values",
        subject.number("SELECT sum(value) FROM counters").await?,
        3,
    )
}

async fn ten_thousand_rows_come_back(subject: Subject) -> Verdict {
    let numbers = serde_json::Value::from((0..10_000).collect::<Vec<i64>>()).to_string();
    let insert = with(
        "INSERT INTO counters (name, value) SELECT 'counter ' || value, value FROM json_each(?1)",
        vec![numbers.into()],
    );
    subject.done(vec![insert]).await?;
    let rows = subject
        .read(
            "SELECT name, value FROM counters ORDER BY value",
            Vec::new(),
        )
        .await?;
    same("rows", rows.len(), 10_000)?;
    for (n, row) in (0_i64..).zip(rows) {
        same(
            "row",
            row,
            vec![Value::Text(format!("counter {n}")), Value::Integer(n)],
        )?;
    }
    Ok(())
}

async fn an_unknown_tenant_is_refused(subject: Subject) -> Verdict {
    let Some(nobody) = TenantId::parse("00000000-0000-7000-8000-000000000000") else {
        return Err("not an id".into());
    };
    let read = subject.store.read(&nobody, vec![sql("SELECT 1")]).await;
    same("read", read, Err(StoreError::UnknownTenant))?;
    let commit = subject.store.commit(&nobody, vec![count("a")]).await;
    same("commit", commit, Err(StoreError::UnknownTenant))
}

async fn large_texts_come_back(subject: Subject) -> Verdict {
    let table = sql("CREATE TABLE conformance_large (id INTEGER PRIMARY KEY, text TEXT)");
    subject.done(vec![table]).await?;
    let text = |n: i64| format!("{n} \u{1F4A1}\"\\").repeat(10_000);
    for n in 1..=30 {
        let insert = "INSERT INTO conformance_large (text) VALUES (?1)";
        subject
            .done(vec![with(insert, vec![text(n).into()])])
            .await?;
    }
    let rows = subject
        .read("SELECT text FROM conformance_large ORDER BY id", Vec::new())
        .await?;
    same("rows", rows.len(), 30)?;
    for (n, row) in (1..).zip(rows) {
        if row != [Value::Text(text(n))] {
            return Err(format!("row {n} is another"));
        }
    }
    Ok(())
}

/// Also inside SQL: some hosts bind every number as a real, which shows when SQL makes a text or JSON from it.
async fn an_integer_parameter_is_an_integer(subject: Subject) -> Verdict {
    let largest = (1_i64 << 53) - 1;
    for (number, seventh) in [
        (5, 0),
        (-64, -9),
        (largest, largest / 7),
        (-largest, -largest / 7),
        (0, 0),
    ] {
        let row = subject
            .read(
                "SELECT typeof(?1) AS a, 'n' || ?1 AS b, json_array(?1, ?2) AS c, ?1 / 7 AS d, '?1' AS e, json_object('k', ?1) AS f",
                vec![number.into(), "x".into()],
            )
            .await?;
        let expected: Vec<Value> = vec![
            "integer".into(),
            format!("n{number}").into(),
            format!("[{number},\"x\"]").into(),
            seventh.into(),
            "?1".into(),
            format!("{{\"k\":{number}}}").into(),
        ];
        same("one integer", row, vec![expected])?;
    }
    let limited = subject
        .read(
            "SELECT value FROM json_each('[1,2,3]') LIMIT ?1",
            vec![2.into()],
        )
        .await?;
    same("as a limit", limited.len(), 2)
}

/// Stores differ in how much they accept. A refused statement leaves nothing behind.
async fn what_is_too_large_is_refused_whole(subject: Subject) -> Verdict {
    let long = |bytes: usize| format!("SELECT {}1", " ".repeat(bytes - 8));
    let many: Vec<Value> = (0..101).map(|_| Value::Null).collect();
    let huge = Value::Text("x".repeat(100 << 20));
    let two = "INSERT INTO counters (name, value) VALUES (?1 || ?2, 1)";
    let refused = [
        Statement::new(long(SQL_BYTES + 1), Vec::new()),
        with("SELECT ?101", many),
        with(
            "INSERT INTO counters (name, value) VALUES (?1, 1)",
            vec![huge],
        ),
    ];
    for statement in refused {
        let what = statement.sql.get(..40).unwrap_or(&statement.sql).to_owned();
        let outcome = subject
            .commit(vec![count("before"), statement, count("after")])
            .await;
        if !matches!(outcome, Err(StoreError::TooLarge | StoreError::Failed(_))) {
            return Err(format!("{what}: {outcome:?}"));
        }
        same(
            &what,
            subject.number("SELECT count(*) FROM counters").await?,
            0,
        )?;
    }
    // A row may be too large although each of its parts is not.
    let part = || Value::Text("x".repeat(TEXT_BYTES));
    let outcome = subject
        .commit(vec![count("before"), with(two, vec![part(), part()])])
        .await;
    let expected = match outcome {
        Ok(Commit::Committed(_)) => 2,
        Err(StoreError::TooLarge) => 0,
        other => return Err(format!("a row of 4 MB: {other:?}")),
    };
    same(
        "rows",
        subject.number("SELECT count(*) FROM counters").await?,
        expected,
    )
}

/// Twelve rows of a million bytes each: more than some hosts hold in memory.
const HEAVY: &str = "WITH n (i) AS (SELECT value FROM json_each('[1,2,3,4,5,6,7,8,9,10,11,12]')) \
     SELECT i, substr(replace(printf('%.*c', 1000, 'x'), 'x', printf('%.*c', 1000, 'y')), 1, ?1) AS body, NULL AS empty FROM n ORDER BY i LIMIT 100";

fn heavy(each: i64, bytes: usize, past: Past) -> Statement {
    let columns = &["body", "empty"];
    with(HEAVY, vec![each.into()]).bounded(Bound {
        bytes,
        columns,
        past,
    })
}

/// The first columns of rows.
fn first(rows: &Rows) -> Vec<Option<i64>> {
    let first = rows.iter().map(|row| row.first().and_then(Value::as_i64));
    first.collect()
}

async fn rows_end_at_their_bound(subject: Subject) -> Verdict {
    for (each, bytes, expected) in [
        (1_000_000, 3_000_000, 3),
        (1_000_000, 2_999_999, 2),
        // The first row is always returned.
        (1_000_000, 10, 1),
        (0, 0, 12),
        (1, 12, 12),
        (1, 11, 11),
    ] {
        let statements = vec![
            sql("SELECT 7 AS n"),
            heavy(each, bytes, Past::Ends),
            heavy(1, 12, Past::Ends),
        ];
        let mut rows = subject
            .store
            .read(&subject.tenant, statements)
            .await
            .map_err(text)?;
        let what = format!("{each} of {bytes}");
        same("beside", rows.first(), Some(&vec![vec![Value::Integer(7)]]))?;
        let all: Vec<_> = (1..=12).map(Some).collect();
        same("what fits", rows.last().map(first), Some(all.clone()))?;
        let mut rows = rows.remove(1);
        same(&what, take_end(&mut rows), expected < 12)?;
        same(&what, first(&rows), all[..expected].to_vec())?;
        let whole = rows.iter().all(|row| {
            row.len() == 3
                && row.get(1).and_then(Value::as_str).map(str::len) == usize::try_from(each).ok()
        });
        same("whole rows", whole, true)?;
    }
    let none = with("SELECT name, value FROM counters", Vec::new()).bounded(Bound {
        bytes: 0,
        columns: &["name"],
        past: Past::Ends,
    });
    let rows = subject.store.read(&subject.tenant, vec![none]).await;
    same("none", rows, Ok(vec![Rows::new()]))
}

async fn rows_beyond_their_bound_are_refused(subject: Subject) -> Verdict {
    let read = |bytes| {
        let statements = vec![
            heavy(1_000_000, 1_000_000, Past::Ends),
            heavy(1_000, bytes, Past::Refused),
        ];
        subject.store.read(&subject.tenant, statements)
    };
    same("too much", read(11_999).await, Err(StoreError::TooLarge))?;
    let rows = read(12_000).await.map_err(text)?;
    same("all of it", rows.get(1).map(Vec::len), Some(12))
}

async fn what_every_host_takes_is_taken(subject: Subject) -> Verdict {
    let text = "x".repeat(TEXT_BYTES - 10_000);
    let params: Vec<Value> = (0..PARAMETERS).map(|n| Value::Integer(n as i64)).collect();
    let names: Vec<String> = (1..=PARAMETERS).map(|n| format!("?{n}")).collect();
    let sum = Statement::new(
        format!("SELECT max({}) AS most", names[90..].join(", ")),
        params,
    );
    let statement = Statement::new(format!("SELECT {}1 AS one", " ".repeat(SQL_BYTES - 15)), []);
    let rows = subject
        .done(vec![
            with(
                "INSERT INTO counters (name, value) VALUES (?1, 1)",
                vec![text.into()],
            ),
            sum,
            statement,
        ])
        .await?;
    same(
        "the last parameter",
        rows.get(1),
        Some(&vec![vec![Value::Integer(99)]]),
    )?;
    same(
        "a long statement",
        rows.get(2),
        Some(&vec![vec![Value::Integer(1)]]),
    )?;
    let length = subject.number("SELECT length(name) FROM counters").await?;
    same("a long text", length, (TEXT_BYTES - 10_000) as i64)
}
