//! A tenant for tests: a business with an owner, a user who may only read, API keys, a customer, and the tokens of all
//! of them.

use serde_json::{Value, json};

use crate::{host::Login, raw::Raw, world::World};

/// Every scope that a key can have.
pub const SCOPES: [&str; 9] = [
    "records:read",
    "records:write",
    "schema:read",
    "schema:write",
    "access:read",
    "access:write",
    "integrations:read",
    "integrations:write",
    "portal:write",
];

pub struct Business {
    pub tenant: String,
    pub raw: Raw,
    pub owner: Login,
    pub owner_id: String,
    pub owner_token: String,
    pub reader: Login,
    pub reader_id: String,
    pub reader_token: String,
    /// The secret of a key with every scope, and its token.
    pub key: String,
    pub key_token: String,
    /// The token of a key that may only read records.
    pub weak_key_token: String,
    /// The customer.
    pub contact: String,
    pub portal_token: String,
}

impl Business {
    /// Makes a business whose requests count for `consumer`.
    pub async fn new(world: &World, consumer: &str) -> Business {
        let raw = world.raw(consumer).clone();
        let mark = mark();
        let owner = login("owner", &mark);
        let tenant = world
            .host
            .create_tenant(&format!("Business {mark}"), &owner)
            .await;
        let answer = sign_in(&raw, &owner).await;
        let owner_token = text(&answer["access_token"]);
        let owner_id = text(&answer["subject"]["id"]);
        let post = async |path: &str, body: Value| {
            raw.post(path, body)
                .bearer(&owner_token)
                .send()
                .await
                .expect(201)
        };
        let reader = login("reader", &mark);
        let user = json!({
            "email": reader.email, "name": "Reader", "roles": ["readonly"], "password": reader.password,
        });
        let reader_id = text(&post("/users", user).await["id"]);
        let reader_token = text(&sign_in(&raw, &reader).await["access_token"]);
        let key = json!({"name": "everything", "scopes": SCOPES});
        let key = text(&post("/api-keys", key).await["secret"]);
        let weak = json!({"name": "reads records", "scopes": ["records:read"]});
        let weak = text(&post("/api-keys", weak).await["secret"]);
        let contact = json!({"fields": {
            "kind": "person", "first_name": "Maria", "last_name": "Okafor",
            "emails": ["maria@mail.example"], "phones": ["+441632960147"],
        }});
        let contact = text(&post("/records/contact", contact).await["id"]);
        let code = json!({"contact": contact});
        let code = text(&post("/auth/portal-codes", code).await["code"]);
        let portal = grant(&raw, json!({"grant_type": "portal_code", "code": code})).await;
        Business {
            key_token: key_token(&raw, &key).await,
            weak_key_token: key_token(&raw, &weak).await,
            portal_token: text(&portal["access_token"]),
            tenant,
            raw,
            owner,
            owner_id,
            owner_token,
            reader,
            reader_id,
            reader_token,
            key,
            contact,
        }
    }

    /// The token of a caller who may use every operation of the consumer's client.
    pub fn token(&self, consumer: &str) -> &str {
        match consumer {
            "portal" => &self.portal_token,
            "integrations" => &self.key_token,
            _ => &self.owner_token,
        }
    }

    /// The token of a caller who may only read records.
    pub fn weak_token(&self, consumer: &str) -> &str {
        match consumer {
            "integrations" => &self.weak_key_token,
            _ => &self.reader_token,
        }
    }
}

/// Exchanges a grant for tokens; returns the whole answer.
pub async fn grant(raw: &Raw, grant: Value) -> Value {
    raw.post("/auth/token", grant).send().await.expect(200)
}

pub async fn sign_in(raw: &Raw, login: &Login) -> Value {
    let password =
        json!({"grant_type": "password", "email": login.email, "password": login.password});
    grant(raw, password).await
}

pub async fn key_token(raw: &Raw, secret: &str) -> String {
    let answer = grant(raw, json!({"grant_type": "api_key", "api_key": secret})).await;
    text(&answer["access_token"])
}

pub fn login(who: &str, mark: &str) -> Login {
    Login {
        name: format!("{who} {mark}"),
        email: format!("{who}-{mark}@business.example"),
        password: format!("pass phrase of {who} {mark}"),
    }
}

/// A text that no other test uses.
pub fn mark() -> String {
    let id = uuid::Uuid::now_v7().simple().to_string();
    id[16..].to_owned()
}

/// A new UUIDv7.
pub fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

#[track_caller]
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("text is expected in place of {value}"))
        .to_owned()
}
