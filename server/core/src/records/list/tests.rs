//! In every order, pages never skip or repeat a record that did not change, and they are index scans.

use std::{collections::BTreeSet, sync::LazyLock};

use parking_lot::Mutex;
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::*;
use crate::{
    access::visibility::Visible,
    page::{Found, Turned, turn},
    records::{
        filter, row,
        sort::{self, Sort},
    },
    testing::{self, Memory},
};

/// Locked by the test that fills the store.
static ALONE: Mutex<()> = Mutex::new(());
static STORE: LazyLock<Memory> = LazyLock::new(|| Memory::new(&[testing::thing()]));

fn insert(n: usize, data: &Json) {
    STORE.run(&Statement::new(
        "INSERT INTO records (id, type, version, data, keys, first_version, content_hash, created_at, updated_at, created_by, updated_by) VALUES (?1, 'thing', ?2, ?3, ?4, 1, '', ?2 / 2, ?2 % 3, 'user:u1', 'user:u1')",
        [testing::id(n).into(), (n as i64).into(), data.to_string().into(), row::keys(&testing::thing(), data.as_object().unwrap()).into()],
    ));
    fill_slots();
}

/// Fills the slots as a write does.
fn fill_slots() {
    let fill = crate::schema::slots::fill(&testing::thing()).unwrap();
    STORE.run(&Statement::new(fill, []));
}

fn data() -> impl Strategy<Value = Json> {
    let text = prop::option::of(prop_oneof![
        Just("b"),
        Just("B"),
        Just("á"),
        Just("a"),
        Just("")
    ]);
    (
        text,
        prop::option::of(-2i64..2),
        prop::option::of(-2i64..2),
        prop::option::of(prop_oneof![Just("new"), Just("done")]),
        prop::option::of(any::<bool>()),
        prop::option::of(-1i64..1),
        prop::option::of(prop_oneof![Just("x"), Just("y")]),
    )
        .prop_map(|(title, count, price, status, flag, day, body)| {
            let mut data = Map::new();
            let mut add = |name: &str, value: Option<Json>| {
                value
                    .into_iter()
                    .for_each(|value| drop(data.insert(name.to_owned(), value)))
            };
            add("title", title.map(Json::from));
            add("count", count.map(Json::from));
            add(
                "price",
                price.map(|amount| json!({"amount": amount, "currency": "GBP"})),
            );
            add("status", status.map(Json::from));
            add("flag", flag.map(Json::from));
            add("day", day.map(Json::from));
            add("web", body.map(Json::from));
            Json::Object(data)
        })
}

fn order() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("title"),
        Just("count"),
        Just("price"),
        Just("status"),
        Just("flag"),
        Just("day"),
        Just("web"),
        Just("version"),
        Just("deleted_at"),
        Just("created_by"),
        Just("updated_at"),
        Just("created_at"),
        Just("id")
    ];
    let key = (any::<bool>(), name)
        .prop_map(|(down, name)| (name, format!("{}{name}", if down { "-" } else { "" })));
    prop::collection::vec(key, 0..9).prop_map(|keys| {
        let mut seen = BTreeSet::new();
        let keys = keys
            .into_iter()
            .filter(|(name, _)| seen.insert(*name))
            .take(sort::MOST_KEYS)
            .map(|(_, key)| key);
        keys.collect::<Vec<_>>().join(",")
    })
}

/// A list: its order and filter.
struct Listed {
    sort: Sort,
    filter: Option<Filter>,
    include_deleted: bool,
}

impl Listed {
    fn page(&self, place: &Place<Position>, limit: usize) -> Vec<Vec<Value>> {
        let page = Page {
            object_type: &testing::thing(),
            filter: self.filter.as_ref(),
            visible: &Visible::ALL,
            sort: &self.sort,
            place,
            include_deleted: self.include_deleted,
            limit,
        };
        STORE.run(&statement(&page))
    }

    /// Reads a page as the API does.
    fn turned(&self, place: &Place<Position>, size: usize) -> Turned<Vec<Value>, Position> {
        let rows = self.page(place, size + 1);
        let position = |row: &Vec<Value>| Position::of_row(row, self.sort.keys.len()).ok_or(());
        turn(place, Found::of_rows(rows, size), position).unwrap()
    }

    /// The ids of the whole list, read forwards in pages of `limit`. Reading backwards must give the same pages.
    fn both_ways(&self, limit: usize) -> Vec<String> {
        let mut pages = vec![self.turned(&Place::Start, limit)];
        while let Some(next) = &pages[pages.len() - 1].next {
            let page = self.turned(next, limit);
            pages.push(page);
        }
        let whole = pages.iter().flat_map(|page| ids(&page.items)).collect();
        let mut back = pages.pop().unwrap();
        while let Some(expected) = pages.pop() {
            back = self.turned(back.previous.as_ref().unwrap(), limit);
            assert_eq!(ids(&back.items), ids(&expected.items));
        }
        assert_eq!(back.previous, None);
        whole
    }
}

fn page(sort: &Sort, place: &Place<Position>, limit: usize) -> Vec<Vec<Value>> {
    let listed = Listed {
        sort: sort.clone(),
        filter: None,
        include_deleted: false,
    };
    listed.page(place, limit)
}

fn ids(rows: &[Vec<Value>]) -> Vec<String> {
    rows.iter().map(|row| id(row)).collect()
}

fn id(row: &[Value]) -> String {
    row[0].as_str().unwrap().to_owned()
}

/// A plain comparison: by the keys with empty ones last, then by the id.
fn compare(sort: &Sort, a: &[Value], b: &[Value]) -> std::cmp::Ordering {
    let (a, b) = (
        Position::of_row(a, sort.keys.len()).unwrap(),
        Position::of_row(b, sort.keys.len()).unwrap(),
    );
    for ((key, a), b) in sort.keys.iter().zip(&a.keys).zip(&b.keys) {
        let empty = (is_last(key, a), is_last(key, b));
        let ordering = match (a, b) {
            _ if empty.0 || empty.1 => empty.0.cmp(&empty.1),
            (Json::String(a), Json::String(b)) if key.descending => b.cmp(a),
            (Json::String(a), Json::String(b)) => a.cmp(b),
            (a, b) if key.descending => b.as_i64().cmp(&a.as_i64()),
            (a, b) => a.as_i64().cmp(&b.as_i64()),
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    if sort.descending {
        b.id.cmp(&a.id)
    } else {
        a.id.cmp(&b.id)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn pages_never_skip_or_repeat(records in prop::collection::vec(data(), 1..24), late in prop::collection::vec((0usize..6, data()), 0..6), order in order(), limit in 1usize..6) {
        let _alone = ALONE.lock();
        STORE.connection.lock().execute_batch("DELETE FROM records").unwrap();
        // Every second id is left free for records that are added later.
        for (n, data) in records.iter().enumerate() {
            insert(n * 2, data);
        }
        let sort = Sort::parse(&testing::thing(), Some(&order)).unwrap();
        let whole = page(&sort, &Place::Start, 1000);
        prop_assert_eq!(whole.len(), records.len());
        for pair in whole.windows(2) {
            prop_assert!(compare(&sort, &pair[0], &pair[1]).is_lt(), "{} {:?} {:?}", order, pair[0], pair[1]);
        }
        let mut late = late.into_iter().enumerate();
        let mut seen = Vec::new();
        let mut place = Place::Start;
        for _ in 0..100 {
            let rows = page(&sort, &place, limit);
            let Some(last) = rows.last() else { break };
            let position = Position::of_row(last, sort.keys.len()).unwrap();
            place = Place::After(Position::from_json(position.to_json(), sort.keys.len()).unwrap());
            seen.extend(rows.iter().map(|row| id(row)));
            // Another client writes between two pages.
            if let Some((n, (_, data))) = late.next() {
                insert(n * 2 + 1, &data);
            }
        }
        let old: BTreeSet<String> = whole.iter().map(|row| id(row)).collect();
        let seen_old: Vec<String> = seen.iter().filter(|id| old.contains(*id)).cloned().collect();
        prop_assert_eq!(seen_old, whole.iter().map(|row| id(row)).collect::<Vec<_>>(), "{}", order);
        let once: BTreeSet<&String> = seen.iter().collect();
        prop_assert_eq!(once.len(), seen.len());
    }

    #[test]
    fn the_way_back_leads_over_the_same_pages(
        records in prop::collection::vec((data(), prop::option::weighted(0.3, 1i64..3)), 0..24),
        order in order(),
        filtered in any::<bool>(),
        include_deleted in any::<bool>(),
        limit in 1usize..6,
    ) {
        let _alone = ALONE.lock();
        STORE.connection.lock().execute_batch("DELETE FROM records").unwrap();
        for (n, (data, deleted)) in records.iter().enumerate() {
            insert(n, data);
            STORE.run(&Statement::new("UPDATE records SET deleted_at = ?1 WHERE id = ?2", [(*deleted).into(), testing::id(n).into()]));
        }
        let filter = json!({"or": [{"field": "count", "op": "is_empty"}, {"field": "count", "op": "lt", "value": 1}]}).to_string();
        let listed = Listed {
            sort: Sort::parse(&testing::thing(), Some(&order)).unwrap(),
            filter: filtered.then(|| filter::read(&testing::schema(), &testing::thing(), &filter, 0).unwrap()),
            include_deleted,
        };
        let whole = listed.page(&Place::Start, 1000);
        let inside = records.iter().filter(|(data, deleted)| {
            (include_deleted || deleted.is_none()) && (!filtered || data.get("count").is_none_or(|count| count.as_i64() < Some(1)))
        });
        prop_assert_eq!(whole.len(), inside.count());
        for pair in whole.windows(2) {
            prop_assert!(compare(&listed.sort, &pair[0], &pair[1]).is_lt(), "{}", order);
        }
        let mut reversed = ids(&listed.page(&Place::End, 1000));
        reversed.reverse();
        prop_assert_eq!(&reversed, &ids(&whole), "{}", order);
        prop_assert_eq!(listed.both_ways(limit), reversed, "{}", order);
    }
}

/// All directions of up to five keys, over records with every combination of empty keys, each twice.
#[test]
fn a_list_by_five_keys_is_paged_whatever_their_directions_and_whatever_is_empty() {
    const KEYS: [(&str, &str); 5] = [
        ("title", "b"),
        ("count", "1"),
        ("flag", "true"),
        ("day", "2"),
        ("web", "\"y\""),
    ];
    let _alone = ALONE.lock();
    STORE
        .connection
        .lock()
        .execute_batch("DELETE FROM records")
        .unwrap();
    for n in 0..64usize {
        let there = KEYS.iter().enumerate().filter(|(bit, _)| n >> bit & 1 == 1);
        let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Json::from(text));
        let data: Map<String, Json> = there
            .map(|(_, (name, text))| ((*name).to_owned(), value(text)))
            .collect();
        insert(n, &data.into());
    }
    for count in 1..=KEYS.len() {
        for directions in 0..1 << count {
            let keys = KEYS.iter().take(count).enumerate();
            let keys = keys.map(|(bit, (name, _))| match directions >> bit & 1 {
                0 => (*name).to_owned(),
                _ => format!("-{name}"),
            });
            let order = keys.collect::<Vec<_>>().join(",");
            let listed = Listed {
                sort: Sort::parse(&testing::thing(), Some(&order)).unwrap(),
                filter: None,
                include_deleted: false,
            };
            let whole = listed.page(&Place::Start, 1000);
            assert_eq!(whole.len(), 64);
            for pair in whole.windows(2) {
                assert!(compare(&listed.sort, &pair[0], &pair[1]).is_lt(), "{order}");
            }
            assert_eq!(listed.both_ways(5), ids(&whole), "{order}");
        }
    }
}

#[test]
fn the_count_is_that_of_the_whole_list() {
    let _alone = ALONE.lock();
    STORE
        .connection
        .lock()
        .execute_batch("DELETE FROM records")
        .unwrap();
    for n in 0..7 {
        insert(n, &json!({"status": if n < 4 { "new" } else { "done" }}));
    }
    STORE.run(&Statement::new(
        "UPDATE records SET deleted_at = 1 WHERE id = ?1",
        [testing::id(0).into()],
    ));
    let object_type = testing::thing();
    let status = json!({"field": "status", "op": "eq", "value": "new"}).to_string();
    let status = filter::read(&testing::schema(), &object_type, &status, 0).unwrap();
    let sort = Sort::default();
    let (all, newest) = (Visible::ALL, Visible::holding("{t}.version > {}", 2));
    for (filter, visible, include_deleted, expected) in [
        (None, &all, false, 6),
        (None, &all, true, 7),
        (Some(&status), &all, false, 3),
        (Some(&status), &newest, false, 1),
    ] {
        let statement = count(&Page {
            object_type: &object_type,
            filter,
            visible,
            sort: &sort,
            place: &Place::Start,
            include_deleted,
            limit: 2,
        });
        assert_eq!(STORE.run(&statement), [[Value::Integer(expected)]]);
    }
}

fn plan(sort: &str, filter: Option<Json>, place: Place<Vec<Json>>) -> String {
    let store = Memory::new(&[testing::thing()]);
    let object_type = testing::thing();
    let sort = Sort::parse(&object_type, Some(sort)).unwrap();
    let filter = filter.map(|filter| {
        filter::read(&testing::schema(), &object_type, &filter.to_string(), 0).unwrap()
    });
    let position = |keys| Position {
        keys,
        id: testing::id(1),
    };
    let place = match place {
        Place::Start => Place::Start,
        Place::After(keys) => Place::After(position(keys)),
        Place::Before(keys) => Place::Before(position(keys)),
        Place::End => Place::End,
    };
    store.plan(&statement(&Page {
        object_type: &object_type,
        filter: filter.as_ref(),
        visible: &Visible::ALL,
        sort: &sort,
        place: &place,
        include_deleted: false,
        limit: 51,
    }))
}

#[test]
fn a_page_is_an_index_scan_wherever_it_begins() {
    let status = json!({"field": "status", "op": "eq", "value": "new"});
    let parent = json!({"field": "parent", "op": "eq", "value": testing::id(1)});
    let code = json!({"field": "code", "op": "eq", "value": "x"});
    for (sort, filter, place, index, seek) in [
        ("", None, Place::Start, "records_by_id", "(type=?)"),
        (
            "",
            None,
            Place::After(vec![]),
            "records_by_id",
            "(type=? AND id>?)",
        ),
        (
            "-id",
            None,
            Place::After(vec![]),
            "records_by_id",
            "(type=? AND id<?)",
        ),
        (
            "-updated_at",
            None,
            Place::Start,
            "records_by_updated_at",
            "(type=?)",
        ),
        (
            "-updated_at",
            None,
            Place::After(vec![json!(5)]),
            "records_by_updated_at",
            "(type=? AND updated_at<?)",
        ),
        (
            "title",
            None,
            Place::Start,
            "records_by_key_2",
            "(type=? AND key_2>?)",
        ),
        (
            "title",
            None,
            Place::After(vec![json!("x")]),
            "records_by_key_2",
            "(type=? AND key_2=? AND id>?)",
        ),
        (
            "title",
            None,
            Place::After(vec![json!("x")]),
            "records_by_key_2",
            "(type=? AND key_2>?)",
        ),
        (
            "-title",
            None,
            Place::Start,
            "records_by_key_2",
            "(type=? AND key_2<?)",
        ),
        (
            "-title",
            None,
            Place::After(vec![json!("x")]),
            "records_by_key_2",
            "(type=? AND key_2<?)",
        ),
        (
            "at",
            Some(status.clone()),
            Place::Start,
            "c.thing.status.at",
            "(type=? AND key_0=?",
        ),
        (
            "at",
            Some(status.clone()),
            Place::After(vec![json!(5)]),
            "c.thing.status.at",
            "(type=? AND key_0=? AND key_1=? AND id>?)",
        ),
        (
            "-at",
            Some(status),
            Place::After(vec![json!(5)]),
            "c.thing.status.at",
            "(type=? AND key_0=? AND key_1<?)",
        ),
        (
            "",
            Some(parent.clone()),
            Place::Start,
            "records_by_key_5",
            "(type=? AND key_5=?)",
        ),
        (
            "",
            Some(parent),
            Place::After(vec![]),
            "records_by_key_5",
            "(type=? AND key_5=? AND id>?)",
        ),
        (
            "title,code",
            None,
            Place::After(vec![json!("x"), json!("y")]),
            "c.thing.title.code",
            "(type=? AND key_2=? AND key_12>?)",
        ),
        (
            "",
            None,
            Place::Before(vec![]),
            "records_by_id",
            "(type=? AND id<?)",
        ),
        (
            "-updated_at",
            None,
            Place::Before(vec![json!(5)]),
            "records_by_updated_at",
            "(type=? AND updated_at>?",
        ),
        (
            "title",
            None,
            Place::Before(vec![json!("x")]),
            "records_by_key_2",
            "(type=? AND key_2<?)",
        ),
        (
            "-title",
            None,
            Place::Before(vec![json!("x")]),
            "records_by_key_2",
            "(type=? AND key_2>? AND key_2<?)",
        ),
        (
            "-title",
            None,
            Place::End,
            "records_by_key_2",
            "(type=? AND key_2=?)",
        ),
        ("", Some(code), Place::Start, "u.thing.code", "(<expr>=?)"),
    ] {
        let plan = plan(sort, filter, place);
        assert!(
            plan.contains(&format!("{index} {seek}").trim_end().to_owned()),
            "{sort}: {plan}"
        );
        if index != "u.thing.code" {
            assert!(!plan.contains("TEMP B-TREE"), "{sort}: {plan}");
        }
    }
}

#[test]
fn a_page_of_a_list_by_many_keys_seeks_in_the_index_of_the_first() {
    let keys = || vec![json!("x"), json!("y"), json!(1), json!(2), json!("z")];
    for (sort, place, seeks) in [
        (
            "title,code,flag,day,web",
            Place::After(keys()),
            [
                "c.thing.title.code (type=? AND key_2=? AND key_12=?)",
                "c.thing.title.code (type=? AND key_2=? AND key_12>?)",
                "(type=? AND key_2>?)",
            ],
        ),
        (
            "-title,-code,-flag,-day,-web",
            Place::After(keys()),
            [
                "c.thing.title.code (type=? AND key_2=? AND key_12=?)",
                "c.thing.title.code (type=? AND key_2=? AND key_12<?)",
                "(type=? AND key_2<?)",
            ],
        ),
        (
            "title,code,flag,day,web",
            Place::Before(keys()),
            [
                "c.thing.title.code (type=? AND key_2=? AND key_12=?)",
                "c.thing.title.code (type=? AND key_2=? AND key_12<?)",
                "(type=? AND key_2<?)",
            ],
        ),
    ] {
        let plan = plan(sort, None, place);
        for seek in seeks {
            assert!(plan.contains(seek), "{sort}: {seek}: {plan}");
        }
        assert!(!plan.contains("SCAN records"), "{sort}: {plan}");
    }
}

#[test]
fn built_in_types_share_the_indexes_over_several_fields() {
    let store = Memory::new(&[]);
    for statement in crate::schema::index_statements() {
        store.run(&Statement::new(statement, []));
    }
    for (name, sort, field, columns) in [
        (
            "visit",
            "starts_at",
            "status",
            "(type=? AND key_2=? AND key_1>?)",
        ),
        (
            "job",
            "scheduled_at",
            "assignee",
            "(type=? AND key_2=? AND key_1>?)",
        ),
        (
            "job",
            "scheduled_at",
            "status",
            "(type=? AND key_0=? AND key_1>?)",
        ),
    ] {
        let schema = crate::schema::Schema::load(Vec::new(), Vec::new()).unwrap();
        let object_type = schema.get(name).unwrap();
        let value = match field {
            "status" => object_type.field("status").unwrap().definition.options[0]
                .value
                .clone(),
            _ => testing::id(1),
        };
        let filter = json!({"field": field, "op": "eq", "value": value}).to_string();
        let filter = filter::read(&schema, object_type, &filter, 0).unwrap();
        let plan = store.plan(&statement(&Page {
            object_type,
            filter: Some(&filter),
            visible: &Visible::ALL,
            sort: &Sort::parse(object_type, Some(sort)).unwrap(),
            place: &Place::Start,
            include_deleted: false,
            limit: 51,
        }));
        assert!(
            plan.contains("USING INDEX c.key_") && plan.contains(columns),
            "{name}, {field}: {plan}"
        );
        assert!(!plan.contains("TEMP B-TREE"), "{name}, {field}: {plan}");
    }
}
