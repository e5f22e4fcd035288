//! A repeat of a request is answered like the first time, through the API.

use super::*;
use crate::testing::api::Api;

#[test]
fn a_repeat_has_the_first_answer_s_numbers_however_many_counters_there_are() {
    let api = Api::default();
    let owner = api.owner();
    let field = |n: usize| json!({"name": format!("n{n}"), "type": "auto_number", "label": "N"});
    let fields: Vec<Json> = (0..25).map(field).collect();
    for name in ["ticket", "ledger"] {
        let body = json!({"name": name, "label": "T", "fields": fields});
        api.post("/object-types", &owner, body).expect(201);
    }
    let send = |key: &str| {
        let operations: Vec<Json> = (0..7)
            .map(|n| json!({"op": "create", "type": (["ticket", "ledger"][n % 2]), "fields": {}}))
            .collect();
        api.call("POST", "/records/batch")
            .token(&owner)
            .header("idempotency-key", key)
            .json(json!({"mode": "atomic", "operations": operations}))
            .send()
    };
    for key in ["first", "second"] {
        let first = send(key);
        first.expect(200);
        let again = send(key);
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.text, first.text);
    }
    let tickets = api.get("/records/ticket?limit=200", &owner).expect(200);
    let tickets = tickets["items"].as_array().unwrap();
    for n in 0..25 {
        let numbers = tickets.iter().map(|ticket| {
            let number = &ticket["fields"][format!("n{n}")];
            number.as_i64().unwrap()
        });
        let numbers: std::collections::BTreeSet<i64> = numbers.collect();
        assert_eq!(numbers, (1..=8).collect());
    }
}
