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
