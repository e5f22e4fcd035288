//! People and roles through the API.

use serde_json::{Value, json};

use crate::testing::api::{Api, TENANT, now, tenant};

mod makers;
mod rights;
mod roles;
mod standing;

const DANA: &str = "dana@alderfinch.example";
const ID: &str = "019c1d79-1340-75ff-9180-bc0dbc0e1563";

fn priya() -> Value {
    json!({"id": ID, "email": "Priya@AlderFinch.example", "name": "Priya Nair", "title": "Heating engineer", "phone": "+441632960112",
        "roles": ["readonly"], "password": "pressure-relief-valve", "external_id": "e-7", "attributes": {"van": "3"}})
}

fn patch(api: &Api, token: &str, id: &str, body: Value) -> crate::testing::api::Reply {
    api.call("PATCH", &format!("/users/{id}"))
        .token(token)
        .json(body)
        .send()
}

#[test]
fn a_person_is_added_read_changed_and_deactivated() {
    let api = Api::default();
    let owner = api.owner();
    let made = api.post("/users", &owner, priya());
    let user = made.expect(201);
    assert_eq!(made.header("location"), format!("/users/{ID}"));
    assert_eq!(made.header("etag"), format!("\"{}\"", user["version"]));
    assert_eq!(
        (
            &user["status"],
            &user["manager"],
            &user["attributes"]["van"]
        ),
        (&json!("active"), &Value::Null, &json!("3"))
    );
    assert!(user.get("password").is_none());
    let path = format!("/users/{ID}");
    let read = api.get(&path, &owner);
    assert_eq!(
        (read.expect(200), read.header("etag")),
        (user.clone(), made.header("etag"))
    );
    assert_eq!(
        api.call("GET", &path)
            .token(&owner)
            .header("if-none-match", made.header("etag"))
            .send()
            .status,
        304
    );
    let some = api.get(&format!("{path}?fields=name,title"), &owner);
    assert_eq!(
        some.expect(200),
        json!({"id": ID, "name": "Priya Nair", "title": "Heating engineer"})
    );
    assert_ne!(some.header("etag"), made.header("etag"));
    assert_eq!(
        api.get(&format!("{path}?fields=password"), &owner)
            .refusal(),
        (400, "VALIDATION_FAILED".into())
    );
    let (session, _) = crate::testing::api::tokens(
        &api.password_grant("priya@alderfinch.example", "pressure-relief-valve")
            .expect(200),
    );
    let changed = patch(
        &api,
        &owner,
        ID,
        json!({"title": null, "roles": ["admin", "admin"], "name": "Priya N"}),
    )
    .expect(200);
    assert_eq!(
        (&changed["title"], &changed["roles"], &changed["phone"]),
        (&Value::Null, &json!(["admin"]), &user["phone"])
    );
    assert!(changed["version"].as_i64() > user["version"].as_i64());
    // The role takes effect with the next request.
    api.get("/api-keys", &session).expect(200);
    let gone = api.post(&format!("{path}/deactivate"), &owner, Value::Null);
    assert_eq!(gone.status, 400, "a body is an object");
    let gone = api
        .call("POST", &format!("{path}/deactivate"))
        .token(&owner)
        .send()
        .expect(200);
    assert_eq!(gone["status"], "deactivated");
    assert_eq!(
        api.call("POST", &format!("{path}/deactivate"))
            .token(&owner)
            .send()
            .expect(200),
        gone
    );
    assert_eq!(api.get("/me", &session).status, 401);
}

#[test]
fn nothing_changed_is_no_change() {
    let api = Api::default();
    let owner = api.owner();
    let user = api.post("/users", &owner, priya()).expect(201);
    api.host.wait(1000);
    let same = json!({"name": "Priya Nair"});
    assert_eq!(patch(&api, &owner, ID, same).expect(200), user);
    let same = json!({"name": "Priya Nair", "roles": ["readonly"]});
    let mut with_keys = user;
    with_keys["api_keys"] = json!([]);
    assert_eq!(patch(&api, &owner, ID, same).expect(200), with_keys);
}

#[test]
fn a_stale_if_match_is_refused() {
    let api = Api::default();
    let owner = api.owner();
    let made = api.post("/users", &owner, priya());
    let change = |tag: &str| {
        api.call("PATCH", &format!("/users/{ID}"))
            .token(&owner)
            .header("if-match", tag)
            .json(json!({"title": tag}))
            .send()
    };
    let second = change(made.header("etag"));
    let version = second.expect(200)["version"].clone();
    let stale = change(made.header("etag"));
    assert_eq!(
        (stale.refusal(), &stale.json()["context"]["version"]),
        ((412, "VERSION_MISMATCH".into()), &version)
    );
    change("*").expect(200);
}

#[test]
fn a_create_sent_twice_makes_one_person() {
    let api = Api::default();
    let owner = api.owner();
    let first = api.post("/users", &owner, priya()).expect(201);
    assert_eq!(api.post("/users", &owner, priya()).expect(201), first);
    let mut other = priya();
    other["name"] = json!("Somebody else");
    assert_eq!(
        api.post("/users", &owner, other).refusal(),
        (409, "ID_TAKEN".into())
    );
}

#[test]
fn addresses_and_external_ids_are_unique() {
    let api = Api::default();
    let owner = api.owner();
    api.post("/users", &owner, priya()).expect(201);
    for (field, body) in [
        (
            "email",
            json!({"email": "PRIYA@alderfinch.EXAMPLE", "name": "X", "roles": []}),
        ),
        (
            "external_id",
            json!({"email": "x@alderfinch.example", "name": "X", "roles": [], "external_id": "e-7"}),
        ),
    ] {
        let refused = api.post("/users", &owner, body);
        assert_eq!(refused.refusal(), (409, "UNIQUE_VIOLATION".into()));
        assert_eq!(
            (
                &refused.json()["context"]["field"],
                &refused.json()["context"]["existing"]
            ),
            (&json!(field), &json!(ID))
        );
    }
    // The refused create did not take the address: its owner can still sign in.
    api.password_grant("priya@alderfinch.example", "pressure-relief-valve")
        .expect(200);
}

#[test]
fn a_changed_address_is_the_one_to_sign_in_with() {
    let api = Api::default();
    let owner = api.owner();
    api.post("/users", &owner, priya()).expect(201);
    patch(
        &api,
        &owner,
        ID,
        json!({"email": "p.nair@alderfinch.example"}),
    )
    .expect(200);
    api.password_grant("p.nair@alderfinch.example", "pressure-relief-valve")
        .expect(200);
    assert_eq!(
        api.password_grant("priya@alderfinch.example", "pressure-relief-valve")
            .status,
        401
    );
}

#[test]
fn a_new_password_ends_the_sessions() {
    let api = Api::default();
    let owner = api.owner();
    api.post("/users", &owner, priya()).expect(201);
    let session = crate::testing::api::tokens(
        &api.password_grant("priya@alderfinch.example", "pressure-relief-valve")
            .expect(200),
    )
    .0;
    patch(
        &api,
        &owner,
        ID,
        json!({"password": "another-valve-entirely"}),
    )
    .expect(200);
    assert_eq!(api.get("/me", &session).status, 401);
    assert_eq!(
        api.password_grant("priya@alderfinch.example", "pressure-relief-valve")
            .status,
        401
    );
    api.password_grant("priya@alderfinch.example", "another-valve-entirely")
        .expect(200);
}

#[test]
fn people_are_listed_page_by_page() {
    let api = Api::default();
    let owner = api.owner();
    for n in 0..6 {
        api.host.wait(n % 2);
        api.user(TENANT, &format!("u{n}@alderfinch.example"), &["readonly"]);
    }
    let (mut seen, mut path) = (Vec::new(), "/users?limit=3&fields=email".to_owned());
    loop {
        let page = api.get(&path, &owner).expect(200);
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|user| user["email"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/users?limit=3&fields=email&cursor={cursor}");
    }
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((seen.len(), sorted.len(), seen[0].as_str()), (7, 7, DANA));
    let cursor = api.get("/users?limit=1", &owner).expect(200)["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    for bad in [
        format!("/api-keys?cursor={cursor}"),
        format!("/users?cursor={cursor}x"),
        "/users?cursor=AAAA".into(),
        format!("/roles?cursor={cursor}"),
    ] {
        assert_eq!(
            api.get(&bad, &owner).refusal(),
            (400, "CURSOR_INVALID".into()),
            "{bad}"
        );
    }
}

#[test]
fn what_an_import_of_people_would_be_refused_for_is_known_before() {
    use super::users::import::{Conflict, Incoming, Wrong, conflicts};
    let api = Api::default();
    let [ana, ben] =
        ["ana@a.example", "ben@a.example"].map(|email| api.user(TENANT, email, &["readonly"]));
    let person = |id: &str, email: &str, external_id: &str| Incoming {
        id: id.into(),
        email: Some(email.into()),
        external_id: Some(external_id.into()),
        roles: vec!["readonly".into()],
    };
    let people = [
        person("1", "Ana@A.example", "1"),
        person(&ana, "ana@a.example", "2"),
        person(&ben, "benjamin@a.example", "3"),
        person("4", "ben@a.example", "4"),
        person("5", "e@a.example", "4"),
        Incoming {
            roles: vec!["admin".into(), "emperor".into()],
            ..person("6", "f@a.example", "6")
        },
    ];
    let operation = &crm_contract::latest::server::operations::ACCESS_CREATE_USER;
    let at = api.host.ports.clock.now();
    let cx = crate::context::Context::operator(tenant(TENANT), operation, at);
    let judged = |at_once: usize| {
        let mut seen = crate::records::import::InMemory::default();
        let judge = |(number, people)| {
            let found = now(conflicts(&api.core.work, &cx, people, &mut seen)).unwrap();
            let of_all = found.into_iter().map(|mut conflict| {
                conflict.place += number * at_once;
                conflict
            });
            of_all.collect::<Vec<_>>()
        };
        let chunks = people.chunks(at_once).enumerate();
        chunks.flat_map(judge).collect::<Vec<_>>()
    };
    let found = judged(people.len());
    assert_eq!(judged(1), found, "however many are judged at once");
    let conflict = |place, property, what| Conflict {
        place,
        property,
        what,
    };
    assert_eq!(
        found,
        [
            conflict(0, "email", Wrong::Taken(ana.clone())),
            conflict(4, "external_id", Wrong::Taken("4".into())),
            conflict(5, "roles", Wrong::NoRole("emperor".into())),
        ]
    );
}
