//! Customers' one-time codes.

use super::*;

#[test]
fn a_customer_signs_in_with_a_code_once() {
    let api = Api::default();
    let (owner, contact) = (api.owner(), api.contact());
    let made = api
        .post(
            "/auth/portal-codes",
            &owner,
            json!({"contact": contact, "expires_in": 3_600_000}),
        )
        .expect(201);
    assert_eq!(
        (&made["contact"], &made["expires_at"]),
        (&json!(contact), &json!(NOW + 3_600_000))
    );
    let grant = json!({"grant_type": "portal_code", "code": made["code"]});
    let answer = api.grant(grant.clone()).expect(200);
    assert_eq!(answer["subject"], json!({"kind": "portal", "id": contact}));
    let (access, token) = tokens(&answer);
    let me = api.get("/portal/me", &access).expect(200);
    assert_eq!(
        me,
        json!({"id": contact, "kind": "person", "first_name": "Maria", "last_name": "Okafor", "emails": ["maria@mail.example"],
            "business": {"id": TENANT, "name": "Alder & Finch"}})
    );
    assert_eq!(
        api.grant(grant).refusal(),
        (401, "INVALID_CREDENTIALS".into())
    );
    // The session can be renewed like a person's, until the contact is deleted.
    let (renewed, token) = tokens(&api.grant(refresh(&token)).expect(200));
    api.call("DELETE", &format!("/records/contact/{contact}"))
        .extension(Operator(tenant(TENANT)))
        .send()
        .expect(204);
    assert_eq!(
        api.get("/portal/me", &renewed).refusal(),
        (401, "UNAUTHENTICATED".into())
    );
    assert_eq!(
        api.grant(refresh(&token)).refusal(),
        (401, "INVALID_CREDENTIALS".into())
    );
    assert_eq!(
        api.post("/auth/portal-codes", &owner, json!({"contact": contact}))
            .refusal(),
        (404, "NOT_FOUND".into())
    );
}

#[test]
fn of_two_who_use_a_code_at_once_one_gets_in() {
    let api = Api::default();
    let (owner, contact) = (api.owner(), api.contact());
    let made = api
        .post("/auth/portal-codes", &owner, json!({"contact": contact}))
        .expect(201);
    let memory = api.host.world.memory(&tenant(TENANT)).unwrap();
    *memory.before_commit.lock() = Some(Box::new(|connection| {
        let used = "UPDATE portal_codes SET used_at = 1";
        connection.execute_batch(used).unwrap();
    }));
    let late = api.grant(json!({"grant_type": "portal_code", "code": made["code"]}));
    assert_eq!(late.refusal(), (401, "INVALID_CREDENTIALS".into()));
}

#[test]
fn a_code_ends() {
    let api = Api::default();
    let (owner, contact) = (api.owner(), api.contact());
    let made = api
        .post(
            "/auth/portal-codes",
            &owner,
            json!({"contact": contact, "expires_in": 3_600_000}),
        )
        .expect(201);
    api.host.wait(3_600_000);
    assert_eq!(
        api.grant(json!({"grant_type": "portal_code", "code": made["code"]}))
            .refusal(),
        (401, "INVALID_CREDENTIALS".into())
    );
}
