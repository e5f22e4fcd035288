//! A command reads, derives changes of several records, adds its own guard, statements and log entries, and commits once.

use std::sync::atomic::{AtomicUsize, Ordering};

use crm_contract::codes;
use crm_runtime::server::StoredAnswer;

use super::*;
use crate::{
    fault::Fault,
    ports::store::{Rows, Statement, Value},
    records::write::{self, Authority, Derived, Fate, Item, Items, Op, Outcomes},
    refusal::Refusal,
    work::{
        Decision, Entry, Found, Guard, Issued, Kind, MakeAnswer, Outcome, Reads, Scope, Wanted,
    },
};

/// Closes a thing under a new code, and opens another with the old one.
fn hand_over(world: &World, derived: &AtomicUsize) -> Result<(i64, Vec<String>), String> {
    let plan = |_: &Scope| {
        let sql = "SELECT version, data ->> 'code' FROM records WHERE id = ?1";
        Ok(Reads::one::<Rows>(Statement::new(sql, [id(1).into()])))
    };
    let derive = |_: &Scope, thing: Wanted<Rows>, mut found: Found| {
        derived.fetch_add(1, Ordering::SeqCst);
        let rows = found.take(thing)?;
        let (version, code) = (rows[0][0].as_i64().unwrap(), rows[0][1].as_str().unwrap());
        let fields = |fields: Json| fields.as_object().cloned().unwrap();
        let item = |op| Item {
            object_type: "thing".into(),
            op,
            at: "/body".into(),
        };
        let update = Op::Update {
            id: id(1),
            expected: None,
            fields: fields(json!({"code": format!("{code}-old"), "status": "done"})),
        };
        let create = Op::Create {
            id: id(2),
            minted: false,
            fields: fields(json!({"code": code, "parent": id(1)})),
        };
        Ok(Derived {
            items: Items {
                authority: Authority::Caller,
                fate: Fate::Shared,
                items: vec![item(update), item(create)].into(),
            },
            beside: Box::new(move |first| {
                let sql = "UPDATE users SET name = 'O ' || ((SELECT base FROM meta) + ?1)";
                let statement = Statement::new(sql, [i64::from(first).into()]);
                let entry = Entry::new(Kind::User, "u", "hand_over", json!({}));
                let decision = Decision::change(vec![entry], vec![statement], |_| ());
                decision.under(Guard::new().records([(id(1).as_str(), version)]))
            }),
            carried: code.to_owned(),
        })
    };
    let answer = |_: &Scope, code: String, outcomes: Outcomes| {
        let done: Result<Vec<_>, _> = outcomes.into_iter().collect();
        let effects = done
            .map_err(|refusal| Fault::Internal(format!("{:?}", refusal.problem().code().code)))?;
        let body = format!("{code} {}", effects.len());
        let answer: MakeAnswer<StoredAnswer> = Box::new(move |issued: &Issued| StoredAnswer {
            status: 200,
            headers: Vec::new(),
            body: format!("{body} {}", issued.base).into(),
        });
        Ok::<_, Refusal<codes::NotFound>>(answer)
    };
    let ended = ready(write::command(
        &world.core.work,
        &world.cx(),
        plan,
        derive,
        answer,
    ));
    match ended {
        Ok(Outcome::Done(answer)) => {
            let body = String::from_utf8(answer.body.to_vec()).unwrap();
            let mut words = body.rsplitn(2, ' ').map(str::to_owned);
            let base = words.next().unwrap().parse().unwrap();
            Ok((base, words.collect()))
        }
        Ok(Outcome::Replayed(_)) => panic!("nothing to replay"),
        Err(refusal) => Err(format!("{:?}", refusal.problem())),
    }
}

fn log(world: &World) -> Vec<(i64, String, String)> {
    let sql = "SELECT seq, type, op FROM changes ORDER BY seq DESC LIMIT 3";
    let rows = world.store.run(&Statement::new(sql, []));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let entry = |row: &Vec<Value>| (row[0].as_i64().unwrap(), text(&row[1]), text(&row[2]));
    rows.iter().rev().map(entry).collect()
}

#[test]
fn a_command_changes_several_records_and_more_in_one_commit() {
    let world = World::new();
    world
        .create("thing", Some(id(1)), json!({"code": "A"}))
        .unwrap();
    world.store.trips();
    let derived = AtomicUsize::new(0);
    let (base, said) = hand_over(&world, &derived).unwrap();
    assert_eq!(said, ["A 2"]);
    assert_eq!(
        (world.store.trips(), derived.load(Ordering::SeqCst)),
        ((2, 1), 1)
    );
    let entry = |at: i64, kind: &str, op: &str| (base + at, kind.to_owned(), op.to_owned());
    assert_eq!(
        log(&world),
        [
            entry(0, "thing", "update"),
            entry(1, "thing", "create"),
            entry(2, "user", "hand_over")
        ]
    );
    let name = world
        .store
        .run(&Statement::new("SELECT name FROM users", []));
    assert_eq!(
        name[0][0].as_str(),
        Some(format!("O {}", base + 2).as_str()),
        "its own version"
    );
    let codes = [1, 2].map(|n| fields(&world.get(&id(n)).unwrap())["code"].clone());
    assert_eq!(codes, [json!("A-old"), json!("A")]);
}

#[test]
fn a_command_derives_again_when_what_it_read_has_changed() {
    let world = World::new();
    world
        .create("thing", Some(id(1)), json!({"code": "A"}))
        .unwrap();
    let meddle = |connection: &rusqlite::Connection| {
        let sql = "UPDATE meta SET seq = seq + 1; UPDATE records SET version = (SELECT seq FROM meta), data = json_set(data, '$.code', 'B')";
        connection.execute_batch(sql).unwrap();
    };
    *world.store.before_commit.lock() = Some(Box::new(meddle));
    let derived = AtomicUsize::new(0);
    let (_, said) = hand_over(&world, &derived).unwrap();
    assert_eq!(
        (said, derived.load(Ordering::SeqCst)),
        (vec!["B 2".to_owned()], 2)
    );
}

#[test]
fn a_command_that_is_refused_changes_nothing() {
    let world = World::new();
    world
        .create("thing", Some(id(1)), json!({"code": "A"}))
        .unwrap();
    world
        .create("thing", Some(id(2)), json!({"code": "C"}))
        .unwrap();
    let before = log(&world);
    let refused = hand_over(&world, &AtomicUsize::new(0)).unwrap_err();
    assert!(
        refused.contains("INTERNAL") || refused.contains("Internal"),
        "{refused}"
    );
    assert_eq!(log(&world), before);
    assert_eq!(fields(&world.get(&id(1)).unwrap())["code"], json!("A"));
}
