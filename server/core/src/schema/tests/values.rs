//! Any JSON as the value of any field: refused with its place, or kept in a form that stays.

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
                        // An address without a text is none.
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

/// Every text in a value, as far as a field takes texts.
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
            // A text of several lines has line breaks and tabs.
            let lines = matches!(kind, "body" | "description") && "\n\r\t".contains(control);
            // White space around an address is not part of it.
            let text = format!("a{control}b");
            assert_eq!(kept(kind, &text), lines, "{kind} {control:?}");
        }
        assert!(kept(kind, "ab"), "{kind}");
    }
}
