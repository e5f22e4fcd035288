//! The compiled filter finds exactly the records that a plain evaluation of the filter finds.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::{super::column::Column, *};
use crate::{
    access::visibility::Visible,
    ports::store::Statement,
    records::{list, row, sort::Sort},
    testing::{self, Memory},
};

const NOW: i64 = 1_774_744_200_000;

fn data() -> impl Strategy<Value = Json> {
    let text = prop_oneof![
        Just("Ab"),
        Just("ab c"),
        Just("ÄB"),
        Just("Aß"),
        Just("か"),
        Just("が"),
        Just("São"),
        Just("zeta'; --"),
        Just("\u{10FFFE}")
    ];
    let optional = |strategy: BoxedStrategy<Json>| prop::option::weighted(0.7, strategy);
    let money = (-3i64..3, prop_oneof![Just("GBP"), Just("EUR")])
        .prop_map(|(amount, currency)| json!({"amount": amount, "currency": currency}));
    let place = (-90.0..90.0f64, -180.0..180.0f64)
        .prop_map(|(latitude, longitude)| json!({"latitude": latitude, "longitude": longitude}));
    let tags = prop::collection::vec(
        prop_oneof![Just("a"), Just("b"), Just("É@x.org"), Just("B")],
        1..3,
    );
    (
        optional(text.clone().prop_map(Json::from).boxed()),
        optional(text.prop_map(Json::from).boxed()),
        optional((-3i64..3).prop_map(Json::from).boxed()),
        optional(any::<bool>().prop_map(Json::from).boxed()),
        optional(
            prop_oneof![Just("new"), Just("done")]
                .prop_map(Json::from)
                .boxed(),
        ),
        optional(tags.prop_map(Json::from).boxed()),
        optional((20_538i64..20_544).prop_map(Json::from).boxed()),
        optional(
            (NOW - 100_000_000..NOW + 100_000_000)
                .prop_map(Json::from)
                .boxed(),
        ),
        optional(money.boxed()),
        optional(place.boxed()),
        optional((0usize..8).prop_map(|n| testing::id(n).into()).boxed()),
    )
        .prop_map(
            |(title, body, count, flag, status, tags, day, at, price, place, parent)| {
                let mut data = Map::new();
                let values = [
                    ("title", title),
                    ("body", body),
                    ("count", count),
                    ("flag", flag),
                    ("status", status),
                    ("tags", tags),
                    ("day", day),
                    ("at", at),
                    ("price", price),
                    ("place", place),
                    ("parent", parent),
                ];
                for (name, value) in values {
                    if let Some(value) = value {
                        data.insert(name.to_owned(), value);
                    }
                }
                Json::Object(data)
            },
        )
}

fn leaf() -> impl Strategy<Value = Json> {
    let text = prop_oneof![
        Just("ab"),
        Just("AB"),
        Just("sao"),
        Just(" ASS"),
        Just("か"),
        Just("z"),
        Just("' OR 1=1 --"),
        Just("\u{10FFFF}")
    ];
    let compare = prop_oneof![
        Just("eq"),
        Just("ne"),
        Just("lt"),
        Just("lte"),
        Just("gt"),
        Just("gte")
    ];
    let relative = prop_oneof![
        Just("today"),
        Just("yesterday"),
        Just("this_week"),
        Just("this_month")
    ];
    let prefix = prop_oneof![3 => Just(""), 1 => Just("parent.")];
    let test = prop_oneof![
        (prop_oneof![Just("title"), Just("body")], compare.clone(), text.clone()).prop_map(|(f, op, v)| json!({"field": f, "op": op, "value": v})),
        (prop_oneof![Just("title"), Just("body")], prop_oneof![Just("contains"), Just("starts_with")], text.clone()).prop_map(|(f, op, v)| json!({"field": f, "op": op, "value": v})),
        (prop_oneof![Just("in"), Just("not_in")], prop::collection::vec(text, 0..3)).prop_map(|(op, v)| json!({"field": "title", "op": op, "value": v})),
        (compare.clone(), -3i64..3).prop_map(|(op, v)| json!({"field": "count", "op": op, "value": v})),
        (prop_oneof![Just("in"), Just("not_in")], prop::collection::vec(-3i64..3, 0..3)).prop_map(|(op, v)| json!({"field": "count", "op": op, "value": v})),
        (prop_oneof![Just("eq"), Just("ne")], any::<bool>()).prop_map(|(op, v)| json!({"field": "flag", "op": op, "value": v})),
        (prop_oneof![Just("eq"), Just("ne")], prop_oneof![Just("new"), Just("gone")]).prop_map(|(op, v)| json!({"field": "status", "op": op, "value": v})),
        (prop_oneof![Just("has_any"), Just("has_all")], prop::collection::vec(prop_oneof![Just("a"), Just("b"), Just("e@X.org "), Just("x'")], 0..3)).prop_map(|(op, v)| json!({"field": "tags", "op": op, "value": v})),
        (compare.clone(), -3i64..3).prop_map(|(op, v)| json!({"field": "price", "op": op, "value": {"amount": v, "currency": "GBP"}})),
        (prop_oneof![Just("in"), Just("not_in")], -3i64..3).prop_map(|(op, v)| json!({"field": "price", "op": op, "value": [{"amount": v, "currency": "GBP"}, {"amount": v, "currency": "EUR"}]})),
        (prop_oneof![Just("day"), Just("at")], compare, relative).prop_map(|(f, op, r)| json!({"field": f, "op": op, "value": {"relative": r, "zone": "Europe/Berlin"}})),
        (-90.0..90.0f64, -180.0..180.0f64, 0.0..20_000_000.0f64).prop_map(|(latitude, longitude, radius)| json!({"field": "place", "op": "within", "value": {"center": {"latitude": latitude, "longitude": longitude}, "radius": radius}})),
        (-90.0..0.0f64, -180.0..180.0f64, 0.0..90.0f64, -180.0..180.0f64).prop_map(|(south, west, north, east)| json!({"field": "place", "op": "within", "value": {"box": {"south": south, "west": west, "north": north, "east": east}}})),
        (prop_oneof![Just("title"), Just("tags"), Just("price"), Just("place"), Just("parent"), Just("deleted_at")], prop_oneof![Just("is_empty"), Just("not_empty")]).prop_map(|(f, op)| json!({"field": f, "op": op})),
        (0usize..8).prop_map(|n| json!({"field": "parent", "op": "eq", "value": testing::id(n)})),
        (prop_oneof![Just("eq"), Just("gt")], 0usize..8).prop_map(|(op, n)| if op == "eq" { json!({"field": "id", "op": "eq", "value": testing::id(n)}) } else { json!({"field": "version", "op": "gt", "value": n}) }),
        Just(json!({"field": "created_by", "op": "eq", "value": "u1"})),
    ];
    (prefix, test).prop_map(|(prefix, mut test)| {
        let name = format!("{prefix}{}", test["field"].as_str().unwrap());
        test["field"] = name.into();
        test
    })
}

fn tree() -> impl Strategy<Value = Json> {
    leaf().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(|parts| json!({"and": parts})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|parts| json!({"or": parts})),
            inner.prop_map(|part| json!({"not": part})),
        ]
    })
}

/// Evaluates the filter plainly for the record at `at`. `records` are in the order of their ids.
fn holds(filter: &Filter, records: &[Json], at: usize) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().all(|part| holds(part, records, at)),
        Filter::Or(parts) => parts.iter().any(|part| holds(part, records, at)),
        Filter::Not(part) => !holds(part, records, at),
        Filter::Leaf(leaf) => {
            let looked_at = match &leaf.through {
                None => Some(at),
                Some(_) => records[at]
                    .get("parent")
                    .and_then(|parent| (0..records.len()).find(|n| testing::id(*n) == *parent)),
            };
            looked_at.is_some_and(|n| test(leaf, &records[n], n)) != leaf.negated
        }
    }
}

fn test(leaf: &Leaf, data: &Json, n: usize) -> bool {
    let value = match &leaf.column {
        Column::Field(field) => data.get(&field.name).cloned(),
        Column::Envelope(property) => match format!("{property:?}").as_str() {
            "Id" => Some(testing::id(n).into()),
            "Version" => Some(n.into()),
            "CreatedBy" => Some("u1".into()),
            _ => None,
        },
    };
    let Some(value) = value else { return false };
    let text = || fold(value.as_str().unwrap_or_default()).into_owned();
    let number = || {
        value
            .as_i64()
            .unwrap_or_else(|| value.as_bool().unwrap_or_default().into())
    };
    let entries = || -> Vec<Json> {
        let entries = value.as_array().unwrap().iter();
        entries
            .map(|tag| fold::entry(tag.as_str().unwrap()).into())
            .collect()
    };
    let equal = |operand: &Operand| match operand {
        Operand::Text(other) if leaf.column.order() == Order::Exact => value == *other,
        Operand::Text(other) => text() == *other,
        Operand::Number(other) => number() == *other,
        Operand::Money { amount, currency } => {
            value["amount"] == *amount && value["currency"] == currency.as_str()
        }
    };
    match &leaf.test {
        Test::Compare(Compare::Eq, operand) => equal(operand),
        Test::Compare(compare, operand) => {
            let ordering = match operand {
                Operand::Text(other) => text().as_str().cmp(other),
                Operand::Number(other) => number().cmp(other),
                Operand::Money { amount, currency } if value["currency"] == currency.as_str() => {
                    value["amount"].as_i64().unwrap().cmp(amount)
                }
                Operand::Money { .. } => return false,
            };
            match compare {
                Compare::Lt => ordering.is_lt(),
                Compare::Lte => ordering.is_le(),
                Compare::Gt => ordering.is_gt(),
                _ => ordering.is_ge(),
            }
        }
        Test::Period(compare, Period { start, end }) => match compare {
            Compare::Eq => (*start..*end).contains(&number()),
            Compare::Lt => number() < *start,
            Compare::Lte => number() < *end,
            Compare::Gt => number() >= *end,
            Compare::Gte => number() >= *start,
        },
        Test::In(operands) => operands.iter().any(equal),
        Test::Contains(part) => text().contains(part.as_str()),
        Test::StartsWith(part) => text().starts_with(part.as_str()),
        Test::NotEmpty => true,
        Test::HasAny(wanted) => wanted.iter().any(|tag| entries().contains(tag)),
        Test::HasAll(wanted) => wanted.iter().all(|tag| entries().contains(tag)),
        Test::Within(area) => area.contains(
            value["latitude"].as_f64().unwrap(),
            value["longitude"].as_f64().unwrap(),
        ),
    }
}

fn insert(store: &Memory, records: &[Json]) {
    let object_type = testing::thing();
    store
        .connection
        .lock()
        .execute_batch("DELETE FROM records")
        .unwrap();
    for (n, data) in records.iter().enumerate() {
        store.run(&Statement::new(
            "INSERT INTO records (id, type, version, data, keys, first_version, content_hash, created_at, updated_at, created_by, updated_by) VALUES (?1, 'thing', ?2, ?3, ?4, ?2, '', 0, 0, 'user:u1', 'user:u1')",
            [testing::id(n).into(), (n as i64).into(), data.to_string().into(), row::keys(&object_type, data.as_object().unwrap()).into()],
        ));
    }
    // Fills the slots as a write does.
    let fill = crate::schema::slots::fill(&object_type).unwrap();
    store.run(&Statement::new(fill, []));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn sql_agrees_with_the_plain_meaning(records in prop::collection::vec(data(), 1..8), trees in prop::collection::vec(tree(), 8)) {
        static STORE: LazyLock<Memory> = LazyLock::new(|| Memory::new(&[testing::thing()]));
        insert(&STORE, &records);
        for tree in trees {
            let filter = read(&testing::schema(), &testing::thing(), &tree.to_string(), NOW).unwrap();
            let sort = Sort::default();
            let page = list::Page { object_type: &testing::thing(), filter: Some(&filter), visible: &Visible::ALL, sort: &sort, place: &crate::page::Place::Start, include_deleted: false, limit: 100 };
            let found: Vec<String> = STORE.run(&list::statement(&page)).into_iter().map(|row| row[0].as_str().unwrap().to_owned()).collect();
            let expected: Vec<String> = (0..records.len()).filter(|n| holds(&filter, &records, *n)).map(testing::id).collect();
            prop_assert_eq!(found, expected, "{}", tree);
        }
    }

    #[test]
    fn no_json_panics_or_slips_through(text in "\\PC{0,60}", field in "[a-z_.']{0,8}") {
        let _ = read(&testing::schema(), &testing::thing(), &text, NOW);
        let tree = json!({"field": field, "op": "eq", "value": text}).to_string();
        if let Ok(filter) = read(&testing::schema(), &testing::thing(), &tree, NOW) {
            let sort = Sort::default();
            let page = list::Page { object_type: &testing::thing(), filter: Some(&filter), visible: &Visible::ALL, sort: &sort, place: &crate::page::Place::Start, include_deleted: false, limit: 100 };
            prop_assert!(text.len() < 12 || !list::statement(&page).sql.contains(&text));
        }
    }
}

fn rules(tree: Json) -> Vec<(String, &'static str)> {
    let failures = read(
        &testing::schema(),
        &testing::thing(),
        &tree.to_string(),
        NOW,
    )
    .unwrap_err();
    failures
        .into_iter()
        .map(|failure| (failure.pointer, failure.rule))
        .collect()
}

#[test]
fn all_that_is_wrong_is_said_at_once_with_its_place() {
    let tree = json!({"and": [
        {"field": "nothing", "op": "eq", "value": 1},
        {"or": [{"field": "count", "op": "like", "value": 1}, {"field": "count", "op": "eq", "value": "1"}]},
        {"field": "title", "op": "within", "value": 1},
        {"field": "parent.parent.title", "op": "eq", "value": "x"},
        {"field": "title.x", "op": "eq", "value": "x"},
    ]});
    assert_eq!(
        rules(tree),
        [
            ("/query/filter/and/0/field".to_owned(), "unknown_field"),
            ("/query/filter/and/1/or/0/op".to_owned(), "unknown_op"),
            ("/query/filter/and/1/or/1/value".to_owned(), "type"),
            ("/query/filter/and/2/op".to_owned(), "unsuitable_op"),
            ("/query/filter/and/3/field".to_owned(), "unknown_field"),
            ("/query/filter/and/4/field".to_owned(), "unknown_field"),
        ]
    );
}

#[test]
fn size_is_bounded() {
    let mut deep = json!({"field": "count", "op": "eq", "value": 1});
    for _ in 0..7 {
        deep = json!({"not": deep});
    }
    assert!(
        read(
            &testing::schema(),
            &testing::thing(),
            &deep.to_string(),
            NOW
        )
        .is_ok()
    );
    assert_eq!(rules(json!({"not": deep}))[0].1, "depth");
    let wide = |n: usize| json!({"or": vec![json!({"field": "count", "op": "eq", "value": 1}); n]});
    assert!(
        read(
            &testing::schema(),
            &testing::thing(),
            &wide(64).to_string(),
            NOW
        )
        .is_ok()
    );
    assert_eq!(rules(wide(65))[0].1, "leaves");
    let list = |n: usize| json!({"field": "count", "op": "in", "value": vec![1; n]});
    assert!(
        read(
            &testing::schema(),
            &testing::thing(),
            &list(1_000).to_string(),
            NOW
        )
        .is_ok()
    );
    assert_eq!(rules(list(1_001))[0].1, "max_length");
    assert_eq!(rules(json!("x"))[0].1, "type");
    assert!(read(&testing::schema(), &testing::thing(), "{", NOW).is_err());
}

#[test]
fn the_largest_filter_binds_few_parameters() {
    let leaf = json!({"field": "place", "op": "within", "value": {"box": {"south": 0, "west": 0, "north": 1, "east": 1}}});
    let tree = json!({"or": vec![leaf; 64]});
    let filter = read(
        &testing::schema(),
        &testing::thing(),
        &tree.to_string(),
        NOW,
    )
    .unwrap();
    let sort = Sort::parse(&testing::thing(), Some("-count")).unwrap();
    let page = list::Page {
        object_type: &testing::thing(),
        filter: Some(&filter),
        visible: &Visible::ALL,
        sort: &sort,
        place: &crate::page::Place::Start,
        include_deleted: false,
        limit: 51,
    };
    let statement = list::statement(&page);
    assert!(statement.params.len() <= 100, "{}", statement.params.len());
    assert!(statement.sql.len() < 100_000, "{}", statement.sql.len());
    Memory::new(&[testing::thing()]).run(&statement);
}
