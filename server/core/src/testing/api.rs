//! For tests: the whole API over a host in memory, called as a client would.

use std::sync::Arc;

use axum::{Router, body::Body};
use futures_util::FutureExt;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::host::{Host, NOW};
use crate::{
    core::{Config, Core},
    http::{Operator, Peer, router},
    ports::{directory::TenantEntry, store::TenantId},
};

pub const TENANT: &str = "019bb16e-fe80-78b0-b715-3bf7c3706d85";
pub const OTHER_TENANT: &str = "019bb16e-fe80-78b0-b715-3bf7c3706d86";
pub const PASSWORD: &str = "copper-elbow-22-mm";

/// The result of a future that is ready at once. Nothing in these tests waits.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing waits")
}

pub fn tenant(id: &str) -> TenantId {
    TenantId::parse(id).unwrap()
}

/// An API with two tenants. Each has an owner `dana@...`, with the same password.
pub struct Api {
    pub host: Host,
    pub core: Arc<Core>,
    pub router: Router,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The status and code of a refusal.
    pub fn refusal(&self) -> (u16, String) {
        (
            self.status,
            self.json()["code"].as_str().unwrap_or_default().to_owned(),
        )
    }

    /// A refusal without the parts that differ for each request.
    pub fn anonymous(&self) -> String {
        let mut body = self.json();
        body["context"]["request_id"] = Value::Null;
        format!("{} {body}", self.status)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// The body of an answer, which must have this status.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.text.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }
}

impl Default for Api {
    fn default() -> Self {
        Self::with(Config::default())
    }
}

impl Api {
    pub fn with(config: Config) -> Self {
        let host = Host::default();
        let core = now(Core::start(host.ports.clone(), config)).unwrap();
        let router = router(core.clone());
        let api = Self { host, core, router };
        for (id, name) in [(TENANT, "Alder & Finch"), (OTHER_TENANT, "Birch & Co")] {
            let entry = TenantEntry {
                id: tenant(id),
                name: name.into(),
                created_at: NOW,
            };
            now(api.host.ports.directory.create_tenant(&entry)).unwrap();
        }
        api
    }

    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        let builder = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(path);
        Call {
            api: self,
            builder: builder.extension(Peer([192, 0, 2, 1].into())),
            body: Body::empty(),
        }
    }

    pub fn get(&self, path: &str, token: &str) -> Reply {
        self.call("GET", path).token(token).send()
    }

    pub fn post(&self, path: &str, token: &str, body: Value) -> Reply {
        self.call("POST", path).token(token).json(body).send()
    }

    /// Creates a user as the command line does. Returns the id.
    pub fn user(&self, tenant_id: &str, email: &str, roles: &[&str]) -> String {
        let body =
            json!({"email": email, "name": "Dana Alder", "roles": roles, "password": PASSWORD});
        let made = self
            .call("POST", "/users")
            .extension(Operator(tenant(tenant_id)))
            .json(body)
            .send();
        made.expect(201)["id"].as_str().unwrap().to_owned()
    }

    pub fn grant(&self, body: Value) -> Reply {
        self.call("POST", "/auth/token").json(body).send()
    }

    pub fn password_grant(&self, email: &str, password: &str) -> Reply {
        self.grant(json!({"grant_type": "password", "email": email, "password": password}))
    }

    /// Signs a user in. Returns the access and the refresh token.
    pub fn sign_in(&self, email: &str) -> (String, String) {
        tokens(&self.password_grant(email, PASSWORD).expect(200))
    }

    /// Creates an owner of the first tenant. Returns the access token.
    pub fn owner(&self) -> String {
        self.user(TENANT, "dana@alderfinch.example", &["owner"]);
        self.sign_in("dana@alderfinch.example").0
    }

    /// Creates an API key of the first tenant. Returns the secret and an access token.
    pub fn key(&self, scopes: &[&str]) -> (String, String) {
        let made = self
            .call("POST", "/api-keys")
            .extension(Operator(tenant(TENANT)))
            .json(json!({"name": "Forms", "scopes": scopes}))
            .send();
        let secret = made.expect(201)["secret"].as_str().unwrap().to_owned();
        let token = self
            .grant(json!({"grant_type": "api_key", "api_key": secret}))
            .expect(200)["access_token"]
            .as_str()
            .unwrap()
            .to_owned();
        (secret, token)
    }

    /// Creates a contact of the first tenant. Returns the id.
    pub fn contact(&self) -> String {
        let body = json!({"fields": {"kind": "person", "first_name": "Maria", "last_name": "Okafor", "emails": ["maria@mail.example"]}});
        let made = self
            .call("POST", "/records/contact")
            .extension(Operator(tenant(TENANT)))
            .json(body)
            .send();
        made.expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// Runs SQL in the first tenant's database.
    pub fn sql(&self, sql: &str) {
        self.host
            .world
            .memory(&tenant(TENANT))
            .unwrap()
            .connection
            .lock()
            .execute_batch(sql)
            .unwrap();
    }
}

/// The access and the refresh token in an answer.
pub fn tokens(answer: &Value) -> (String, String) {
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    (text("access_token"), text("refresh_token"))
}

pub struct Call<'a> {
    api: &'a Api,
    builder: http::request::Builder,
    body: Body,
}

impl Call<'_> {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn extension(mut self, extension: impl Clone + Send + Sync + 'static) -> Self {
        self.builder = self.builder.extension(extension);
        self
    }

    pub fn json(self, body: Value) -> Self {
        self.header("content-type", "application/json")
            .bytes(body.to_string())
    }

    pub fn bytes(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    pub fn send(self) -> Reply {
        let request = self.builder.body(self.body).unwrap();
        let response = now(self.api.router.clone().oneshot(request)).unwrap();
        let (head, body) = response.into_parts();
        let bytes = now(body.collect()).unwrap().to_bytes();
        Reply {
            status: head.status.as_u16(),
            headers: head.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }
}
