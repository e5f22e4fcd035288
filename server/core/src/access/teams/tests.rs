//! Teams through the whole API: the tree has no cycle, members exist, and each change is one commit.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    row::Team,
    rules::{Around, MOST_LEVELS, check},
};
use crate::{
    ports::store::Statement,
    testing::api::{Api, TENANT, tenant},
};

fn id(n: usize) -> String {
    crate::testing::id(n)
}

struct Office {
    api: Api,
    owner: String,
}

impl Office {
    fn new() -> Self {
        let api = Api::default();
        let owner = api.owner();
        Self { api, owner }
    }

    fn post(&self, body: Value) -> crate::testing::api::Reply {
        self.api.post("/teams", &self.owner, body)
    }

    fn add(&self, n: usize, parent: Option<usize>) -> Value {
        let mut body = json!({"id": id(n), "name": format!("Team {n}")});
        if let Some(parent) = parent {
            body["parent"] = json!(id(parent));
        }
        self.post(body).expect(201)
    }

    fn patch(&self, n: usize, body: Value) -> crate::testing::api::Reply {
        let path = format!("/teams/{}", id(n));
        self.api
            .call("PATCH", &path)
            .token(&self.owner)
            .json(body)
            .send()
    }

    fn delete(&self, n: usize) -> crate::testing::api::Reply {
        let path = format!("/teams/{}", id(n));
        self.api.call("DELETE", &path).token(&self.owner).send()
    }

    fn me(&self) -> String {
        let me = self.api.get("/me", &self.owner).expect(200);
        me["id"].as_str().unwrap().to_owned()
    }

    fn log(&self) -> Vec<(String, String)> {
        let memory = self.api.host.world.memory(&tenant(TENANT)).unwrap();
        let sql = "SELECT op, fields FROM changes WHERE type = 'team' ORDER BY seq";
        let text = |value: &crate::ports::store::Value| value.as_str().unwrap().to_owned();
        let rows = memory.run(&Statement::new(sql, []));
        rows.iter()
            .map(|row| (text(&row[0]), text(&row[1])))
            .collect()
    }
}

/// The rule of the first failure.
fn rule(refused: &crate::testing::api::Reply) -> String {
    assert_eq!(
        refused.refusal(),
        (422, "FIELD_INVALID".into()),
        "{refused:?}"
    );
    let body = refused.json();
    body["context"]["errors"][0]["rule"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_team_s_life() {
    let office = Office::new();
    let me = office.me();
    let made = office
        .post(json!({"name": "North", "members": [me, me], "leads": [me]}))
        .expect(201);
    assert_eq!(
        (&made["members"], &made["parent"]),
        (&json!([me]), &Value::Null)
    );
    let path = format!("/teams/{}", made["id"].as_str().unwrap());
    let read = office.api.get(&path, &office.owner);
    assert_eq!(read.expect(200), made);
    assert_eq!(read.header("etag"), format!("\"{}\"", made["version"]));
    let again = office.api.call("GET", &path).token(&office.owner);
    assert_eq!(
        again
            .header("if-none-match", read.header("etag"))
            .send()
            .status,
        304
    );
    let some = office
        .api
        .get(&format!("{path}?fields=name"), &office.owner)
        .expect(200);
    assert_eq!(some, json!({"id": made["id"], "name": "North"}));
    let patch = |body: Value, version: &Value| {
        let call = office.api.call("PATCH", &path).token(&office.owner);
        call.header("if-match", &format!("\"{version}\""))
            .json(body)
            .send()
    };
    let named = patch(json!({"name": "Coast"}), &made["version"]).expect(200);
    assert!(named["version"].as_i64() > made["version"].as_i64());
    assert_eq!(
        (&named["name"], &named["leads"]),
        (&json!("Coast"), &json!([me]))
    );
    let same = patch(json!({"name": "Coast"}), &named["version"]).expect(200);
    assert_eq!(same, named, "nothing changed");
    let stale = patch(json!({"name": "X"}), &made["version"]);
    assert_eq!(stale.refusal(), (412, "VERSION_MISMATCH".into()));
    let gone = office.api.call("DELETE", &path).token(&office.owner).send();
    assert_eq!(gone.status, 204);
    assert_eq!(
        office.api.get(&path, &office.owner).refusal(),
        (404, "NOT_FOUND".into())
    );
    let ops: Vec<String> = office.log().into_iter().map(|(op, _)| op).collect();
    assert_eq!(ops, ["create", "update", "delete"]);
    assert!(office.log()[1].1.contains("Coast") && !office.log()[1].1.contains("leads"));
}

#[test]
fn the_same_create_again_makes_nothing() {
    let office = Office::new();
    let first = office.add(1, None);
    assert_eq!(office.add(1, None), first);
    let other = office.post(json!({"id": id(1), "name": "Other"}));
    assert_eq!(other.refusal(), (409, "ID_TAKEN".into()));
    assert_eq!(office.log().len(), 1);
}

#[test]
fn teams_come_in_pages_in_the_order_in_which_they_were_added() {
    let office = Office::new();
    for n in [3, 1, 2] {
        office.add(n, None);
        office.api.host.wait(1);
    }
    let names = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|team| team["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = office.api.get("/teams?limit=2", &office.owner).expect(200);
    assert_eq!(names(&first), ["Team 3", "Team 1"]);
    let next = format!(
        "/teams?limit=2&cursor={}",
        first["next_cursor"].as_str().unwrap()
    );
    let last = office.api.get(&next, &office.owner).expect(200);
    assert_eq!(
        (names(&last), &last["next_cursor"]),
        (vec!["Team 2".to_owned()], &Value::Null)
    );
}

#[test]
fn the_tree_stays_a_tree_of_five_levels() {
    let office = Office::new();
    office.add(1, None);
    for n in 2..=5 {
        office.add(n, Some(n - 1));
    }
    let sixth = office.post(json!({"id": id(6), "name": "Team 6", "parent": id(5)}));
    assert_eq!(rule(&sixth), "levels");
    assert_eq!(
        rule(&office.post(json!({"name": "X", "parent": id(99)}))),
        "relation"
    );
    for below in [1, 2, 5] {
        assert_eq!(
            rule(&office.patch(1, json!({"parent": id(below)}))),
            "circle",
            "{below}"
        );
    }
    // A team moves with all teams below it.
    office.add(7, None);
    assert_eq!(rule(&office.patch(1, json!({"parent": id(7)}))), "levels");
    office.patch(2, json!({"parent": id(7)})).expect(200);
    office.patch(2, json!({"parent": null})).expect(200);
    office.patch(1, json!({"parent": id(7)})).expect(200);
}

#[test]
fn a_team_with_others_below_it_stays() {
    let office = Office::new();
    office.add(1, None);
    office.add(2, Some(1));
    assert_eq!(office.delete(1).refusal(), (409, "IN_USE".into()));
    assert_eq!(
        (office.delete(2).status, office.delete(1).status),
        (204, 204)
    );
    assert_eq!(office.delete(1).refusal(), (404, "NOT_FOUND".into()));
}

#[test]
fn its_people_are_people_of_the_business() {
    let office = Office::new();
    let refused =
        office.post(json!({"name": "X", "members": [office.me(), id(9)], "leads": [id(8)]}));
    assert_eq!(rule(&refused), "relation");
    let failures = refused.json()["context"]["errors"].clone();
    let places: Vec<_> = failures
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(places, ["/body/members/1", "/body/leads/0"]);
    // A person who is a member already is not checked again.
    office.add(1, None);
    office
        .patch(1, json!({"members": [office.me()]}))
        .expect(200);
    office.patch(1, json!({"name": "Y"})).expect(200);
}

#[test]
fn who_may_not_change_people_changes_no_teams() {
    let office = Office::new();
    office.add(1, None);
    let reader = office.api.user(TENANT, "reader@a.example", &["readonly"]);
    let (reader, _) = (office.api.sign_in("reader@a.example").0, reader);
    office.api.get("/teams", &reader).expect(200);
    let refused = office.api.post("/teams", &reader, json!({"name": "Mine"}));
    assert_eq!(refused.refusal(), (403, "FORBIDDEN".into()));
    let path = format!("/teams/{}", id(1));
    for method in ["PATCH", "DELETE"] {
        let call = office.api.call(method, &path).token(&reader);
        let call = if method == "PATCH" {
            call.json(json!({"name": "Mine"}))
        } else {
            call
        };
        assert_eq!(call.send().refusal(), (403, "FORBIDDEN".into()));
    }
}

proptest! {
    /// A parent is accepted exactly if it exists, is not below the team, and the tree does not get too deep.
    #[test]
    fn a_place_in_the_tree_is_judged_by_what_stands_around_it(above in 0..8usize, below in 0..6i64, own in any::<bool>(), named in any::<bool>()) {
        let mut team = Team::unnamed("t");
        team.parent = named.then(|| "0".to_owned());
        let mut chain: Vec<String> = (0..if named { above } else { 0 }).map(|n| n.to_string()).collect();
        if own && !chain.is_empty() {
            chain.push("t".to_owned());
        }
        let circle = chain.contains(&"t".to_owned());
        let fits = chain.len() as i64 + 1 + below <= MOST_LEVELS;
        let there = !named || !chain.is_empty();
        let around = Around { people: Default::default(), above: chain, below };
        prop_assert_eq!(check(&team, &around).is_ok(), there && !circle && fits);
    }
}
