//! A server with scripted answers that records its requests.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Response};
use serde_json::{Value, json};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// As written, still percent-encoded.
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    /// Null if it is not JSON.
    pub body: Value,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }
}

pub struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// `script` gets each request and the number of requests before it.
    pub async fn start(
        script: impl Fn(&Seen, usize) -> Response<Body> + Send + Sync + 'static,
    ) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (script, log) = (Arc::new(script), seen.clone());
        let router = Router::new().fallback(move |request: axum::extract::Request| {
            let (script, log) = (script.clone(), log.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = to_bytes(body, 1 << 20).await.unwrap();
                let seen = Seen {
                    method: head.method.to_string(),
                    path: head.uri.path().to_owned(),
                    query: head.uri.query().unwrap_or_default().to_owned(),
                    headers: head.headers,
                    body: serde_json::from_slice(&body).unwrap_or(Value::Null),
                };
                let count = log.lock().unwrap().len();
                log.lock().unwrap().push(seen.clone());
                script(&seen, count)
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Server {
            address,
            seen,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub fn answer(status: u16, body: &Value) -> Response<Body> {
    let body = if body.is_null() {
        Body::empty()
    } else {
        Body::from(body.to_string())
    };
    Response::builder()
        .status(status)
        .header("content-type", "application/vnd.crm.v1+json")
        .body(body)
        .unwrap()
}

pub fn problem(status: u16, code: &str) -> Response<Body> {
    answer(
        status,
        &json!({ "code": code, "message": "No.", "context": {} }),
    )
}

pub fn record(record_type: &str, fields: Value) -> Value {
    let actor = json!({ "kind": "user", "id": "019bb16f-0268-7c52-9e44-0066559a6656" });
    json!({
        "id": "01a19b89-d968-77eb-a8e3-b91d26ab4a82",
        "type": record_type,
        "version": 1042,
        "fields": fields,
        "created_at": 1_793_610_865_000_i64,
        "updated_at": 1_793_610_865_000_i64,
        "created_by": actor,
        "updated_by": actor,
        "deleted_at": null,
    })
}
