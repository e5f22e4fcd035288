//! Any JSON as the value of any field is refused with its place, or stored in a stable form.

use super::*;

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        (-10i64..10).prop_map(Json::from),
        "\\PC{0,12}".prop_map(Json::from),
        prop_oneof![
            Just("new"),
            Just("+44 1632 960147"),
            Just("a@B.co"),
            Just("https://a.example/x"),
            Just("GBP"),
            Just("Ａ\u{30a}")
        ]
        .prop_map(Json::from),
        (0usize..3).prop_map(|n| testing::id(n).into()),
        (any::<i32>(), prop_oneof![Just("GBP"), Just("gbp")])
            .prop_map(|(amount, currency)| json!({"amount": amount, "currency": currency})),
        (-100.0..100.0f64, -200.0..200.0f64).prop_map(
            |(latitude, longitude)| json!({"latitude": latitude, "longitude": longitude})
        ),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let names = prop_oneof![
            Just("amount"),
            Just("currency"),
            Just("city"),
            Just("line1"),
            Just("description"),
            Just("quantity"),
            Just("unit_price"),
            Just("x~/")
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((names, inner), 0..4).prop_map(|entries| Json::Object(
                entries
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            )),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_value_in_normal_form_is_its_own_normal_form(value in any_json()) {
        for field in testing::thing().fields.values() {
            let mut failures = Failures::default();
            let root = At::Root("/body/fields");
            let at = root.name(&field.name);
            match value::normalise(field, value.clone(), &at, &mut failures) {
                Some(normal) => {
                    prop_assert!(failures.is_empty());
                    if normal.is_null() {
                        // An address without a text counts as empty.
                        continue;
                    }
                    prop_assert_eq!(value::normalise(field, normal.clone(), &at, &mut failures), Some(normal));
                }
                None => {
                    prop_assert!(!failures.is_empty());
                    prop_assert!(failures.list().iter().all(|failure| failure.pointer.starts_with(&at.pointer())));
                }
            }
        }
    }
}

/// The field with a later, much stricter definition.
fn later(field: &Field) -> Field {
    let mut definition = field.definition.clone();
    let takes_options = matches!(definition.kind, Kind::Select | Kind::MultiSelect);
    definition.options = (takes_options.then(|| Choice {
        value: "later".into(),
        label: "Later".into(),
    }))
    .into_iter()
    .collect();
    (definition.min, definition.max) = (Some(2_000_000), Some(-1));
    (definition.min_length, definition.max_length) = (Some(3), Some(0));
    definition.pattern = Some("later".into());
    Field::new(&field.name, definition, false)
}

/// Other spellings of the same stored value: white space around texts, decomposed texts, numbers with a fraction of 0.
fn spelled(value: &Json, space: &str) -> Json {
    use unicode_normalization::UnicodeNormalization;
    match value {
        Json::String(text) => format!("{space}{}{space}", text.nfd().collect::<String>()).into(),
        Json::Number(number) => match number.as_i64().filter(|n| n.abs() < 1 << 53) {
            Some(n) => json!(n as f64),
            None => value.clone(),
        },
        Json::Array(list) => list.iter().map(|value| spelled(value, space)).collect(),
        Json::Object(parts) => {
            let parts = parts.iter();
            let parts = parts.map(|(name, part)| (name.clone(), spelled(part, space)));
            Json::Object(parts.collect())
        }
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_definition_that_came_later_changes_no_form(
        value in any_json(),
        space in prop_oneof![Just(""), Just(" "), Just("\u{a0}\u{3000} ")],
    ) {
        for field in testing::thing().fields.values() {
            let mut failures = Failures::default();
            let at = At::Root("/x");
            let Some(normal) = value::normalise(field, value.clone(), &at, &mut failures) else {
                continue;
            };
            let later = later(field);
            prop_assert_eq!(value::form(&later, value.clone()), Some(normal.clone()), "{}", field.name);
            // An id has one spelling, and a long text keeps its white space.
            let spelled = match field.kind() {
                Kind::Relation | Kind::RelationList | Kind::User => normal.clone(),
                Kind::Lines | Kind::Select => spelled(&normal, ""),
                Kind::LongText => spelled(&normal, ""),
                _ => spelled(&normal, space),
            };
            if !normal.is_null() {
                prop_assert_eq!(value::form(&later, spelled.clone()), Some(normal), "{} {}", field.name, spelled);
            }
        }
    }
}

/// Values of a kind with the text in every place that takes texts.
fn with_text(kind: &str, text: &str) -> Json {
    let money = json!({"amount": 1, "currency": "GBP"});
    match kind {
        "title" | "body" => json!(text),
        "tags" => json!([text]),
        "email" => json!(format!("a{text}@example.org")),
        "web" => json!(format!("https://a.example/{text}x")),
        "description" => {
            json!([{"description": text, "quantity": 1, "unit_price": money}])
        }
        "unit" => {
            json!([{"description": "d", "unit": text, "quantity": 1, "unit_price": money}])
        }
        part => json!({(part): text}),
    }
}

#[test]
fn no_text_of_a_record_holds_control_characters() {
    let thing = testing::thing();
    let kept = |kind: &str, text: &str| {
        let name = match kind {
            "description" | "unit" => "lines",
            "line1" | "line2" | "city" | "region" | "postal_code" | "country" => "site",
            name => name,
        };
        let mut failures = Failures::default();
        let value = with_text(kind, text);
        let field = thing.field(name).unwrap();
        value::normalise(field, value, &At::Root("/x"), &mut failures).is_some()
    };
    let kinds = [
        "title",
        "body",
        "tags",
        "email",
        "web",
        "description",
        "unit",
        "line1",
        "line2",
        "city",
        "region",
        "postal_code",
        "country",
    ];
    let controls = (0..=0x1f).chain(0x7f..=0x9f).filter_map(char::from_u32);
    for kind in kinds {
        for control in controls.clone().chain([char::MAX]) {
            // A text of several lines may have line breaks and tabs.
            let lines = matches!(kind, "body" | "description") && "\n\r\t".contains(control);
            // White space around an address is removed.
            let text = format!("a{control}b");
            assert_eq!(kept(kind, &text), lines, "{kind} {control:?}");
        }
        assert!(kept(kind, "ab"), "{kind}");
    }
}
