//! Two tenants, every operation: for another tenant, a tenant's data answers exactly like data that does not exist.

use contract_tests::{
    business::{Business, mark, new_id},
    contract::Operation,
    raw::Answer,
    world::World,
};
use serde_json::{Value, json};

/// The ids and names of a business's data for path parameters and bodies.
struct Things {
    contact: String,
    user: String,
    key: String,
    team: String,
    kind: String,
    field: String,
}

impl Things {
    /// Ids that do not exist.
    fn none() -> Things {
        Things {
            contact: new_id(),
            user: new_id(),
            key: new_id(),
            team: new_id(),
            kind: format!("none_{}", mark()),
            field: format!("none_{}", mark()),
        }
    }

    async fn of(business: &Business) -> Things {
        let post = async |path: &str, body: Value| {
            business
                .raw
                .post(path, body)
                .bearer(&business.owner_token)
                .send()
                .await
                .expect(201)
        };
        let key = post(
            "/api-keys",
            json!({"name": "ours", "scopes": ["records:read"]}),
        )
        .await;
        let team = post("/teams", json!({"name": "Ours"})).await;
        let kind = format!("ours_{}", mark());
        let field = format!("mine_{}", mark());
        let fields = json!([{"name": field, "type": "text", "label": "Mine"}]);
        post(
            "/object-types",
            json!({"name": kind, "label": "Ours", "fields": fields}),
        )
        .await;
        Things {
            contact: business.contact.clone(),
            user: business.reader_id.clone(),
            key: key["id"].as_str().unwrap().to_owned(),
            team: team["id"].as_str().unwrap().to_owned(),
            kind,
            field,
        }
    }

    fn path(&self, operation: &Operation) -> String {
        let id = match operation.path.split('/').nth(1) {
            Some("users") => &self.user,
            Some("api-keys") => &self.key,
            Some("teams") => &self.team,
            _ => &self.contact,
        };
        // Records are requested in a type that both have.
        let kind = match operation.path.starts_with("/records/{type}/{id}") {
            true => "contact",
            false => &self.kind,
        };
        operation
            .path
            .replace("{type}", kind)
            .replace("{id}", id)
            .replace("{field}", &self.field)
            .replace("{role}", "nobody")
    }

    /// A body that is valid except for the ids in it.
    fn body(&self, operation: &Operation) -> Option<Value> {
        Some(match operation.id.as_str() {
            "records_create" | "records_update" => json!({"fields": {"first_name": "Eve"}}),
            "records_batch" => json!({"mode": "per_item", "operations": [
                {"op": "update", "type": "contact", "id": self.contact, "fields": {"first_name": "Eve"}},
                {"op": "delete", "type": "contact", "id": self.contact},
                {"op": "restore", "type": "contact", "id": self.contact},
                {"op": "create", "type": self.kind, "fields": {}},
                {"op": "create", "type": "property", "fields": {"contact": self.contact}},
            ]}),
            "auth_create_portal_code" => json!({"contact": self.contact}),
            "schema_update" | "schema_update_field" => json!({"label": "Eve"}),
            "schema_create_field" => json!({"name": "eve", "type": "text", "label": "Eve"}),
            "access_update_user" | "teams_update" => json!({"name": "Eve"}),
            _ => return None,
        })
    }

    /// The answer without the ids of the request.
    fn anonymous(&self, answer: &Answer) -> String {
        let mut text = String::from_utf8_lossy(&answer.body).into_owned();
        if let Some(id) = answer
            .headers
            .get("x-request-id")
            .and_then(|id| id.to_str().ok())
        {
            text = text.replace(id, "REQUEST");
        }
        for name in [
            &self.contact,
            &self.user,
            &self.key,
            &self.team,
            &self.kind,
            &self.field,
        ] {
            text = text.replace(name.as_str(), "THING");
        }
        format!("{} {text}", answer.status.as_u16())
    }
}

pub async fn nothing_crosses(world: &World) {
    let ours = Business::new(world, "web").await;
    let theirs = Business::new(world, "web").await;
    let things = Things::of(&ours).await;
    let before = seen(&ours).await;
    let mut compared = 0;
    for operation in &world.contract.operations {
        let body = things.body(operation);
        if !operation.path.contains('{') && body.is_none() {
            continue;
        }
        for token in [&theirs.owner_token, &theirs.key_token] {
            let send = async |things: &Things| {
                let method = operation.method.parse().unwrap();
                let mut draft = theirs
                    .raw
                    .request(method, things.path(operation))
                    .bearer(token);
                if let Some(body) = things.body(operation) {
                    draft = draft.json(&body);
                }
                draft.send().await
            };
            let nothing = Things::none();
            let foreign = things.anonymous(&send(&things).await);
            let missing = nothing.anonymous(&send(&nothing).await);
            assert_eq!(foreign, missing, "{}", operation.id);
            assert!(
                foreign.starts_with("404") || operation.id == "records_batch",
                "{}: {foreign}",
                operation.id
            );
            compared += 1;
        }
    }
    assert!(compared > 30, "{compared}");
    // Lists, search and relations.
    let get = async |path: &str| {
        theirs
            .raw
            .get(path)
            .bearer(&theirs.owner_token)
            .send()
            .await
            .expect(200)
            .to_string()
    };
    for path in [
        "/records/contact?include_deleted=true",
        "/search?q=maria",
        "/users",
        "/api-keys",
        "/teams",
        "/object-types?limit=200",
    ] {
        let text = get(path).await;
        for name in [
            &things.contact,
            &things.user,
            &things.key,
            &things.team,
            &things.kind,
            &ours.owner_id,
        ] {
            assert!(!text.contains(name.as_str()), "{path} shows {name}");
        }
    }
    let related = async |id: &str| {
        let body = json!({"fields": {"kind": "person", "first_name": "Eve", "parent": id}});
        let answer = theirs
            .raw
            .post("/records/contact", body)
            .bearer(&theirs.owner_token)
            .send()
            .await;
        answer.refused("FIELD_INVALID");
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        text.replace(answer.header("x-request-id"), "REQUEST")
            .replace(id, "THING")
    };
    assert_eq!(related(&things.contact).await, related(&new_id()).await);
    // An id that one tenant has is free in the other.
    let body = json!({"id": things.contact, "fields": {"kind": "person", "first_name": "Theirs"}});
    let made = theirs
        .raw
        .post("/records/contact", body)
        .bearer(&theirs.owner_token)
        .send()
        .await;
    made.expect(201);
    // A password is valid in its own tenant only.
    let grant = json!({
        "grant_type": "password", "email": ours.owner.email, "password": ours.owner.password,
        "tenant": theirs.tenant,
    });
    ours.raw
        .post("/auth/token", grant)
        .send()
        .await
        .refused("INVALID_CREDENTIALS");
    // Naming a tenant in a request has no effect.
    for name in ["x-tenant", "x-tenant-id", "tenant"] {
        let draft = theirs
            .raw
            .get("/me")
            .bearer(&theirs.owner_token)
            .header(name, &ours.tenant);
        assert_eq!(
            draft.send().await.expect(200)["tenant"]["id"],
            theirs.tenant.as_str()
        );
    }
    assert_eq!(seen(&ours).await, before, "nothing of it was touched");
}

/// Everything that the owner of a business sees.
async fn seen(business: &Business) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [
        format!("/records/contact/{}", business.contact),
        format!("/records/contact/{}/history", business.contact),
        "/records/contact?include_deleted=true".to_owned(),
        "/users".to_owned(),
        "/object-types?limit=200".to_owned(),
    ] {
        let answer = business
            .raw
            .get(path)
            .bearer(&business.owner_token)
            .send()
            .await;
        all.push(answer.expect(200));
    }
    all
}
