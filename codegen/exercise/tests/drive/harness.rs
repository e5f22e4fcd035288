//! A gate and handlers that remember what they were asked, and a caller that speaks HTTP to them.

use std::sync::{Arc, Mutex};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use crm_codegen_exercise::codes;
use crm_codegen_exercise::v1::server::{self, *};
use crm_codegen_exercise::v1::types;
use crm_runtime::RawJson;
use crm_runtime::server::{
    Gate, GateCode, Operation, Problem, RequestId, Served, StoredAnswer, UsedDeprecations,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

pub const ID: &str = "0190a1b2-0000-7000-8000-00000000000f";

/// What a handler was asked, as Rust prints it.
#[derive(Default)]
pub struct Handlers {
    pub asked: Mutex<Vec<String>>,
    /// Bodies as the gate saw them.
    pub bodies: Mutex<Vec<Bytes>>,
}

impl Handlers {
    fn note(&self, request: &impl std::fmt::Debug) {
        self.asked.lock().unwrap().push(format!("{request:?}"));
    }
}

impl Gate for Handlers {
    type Context = &'static str;

    fn body_limit(&self, _: &'static Operation) -> usize {
        1000
    }

    async fn admit(
        &self,
        _: &'static Operation,
        head: &Parts,
    ) -> Result<&'static str, Problem<GateCode>> {
        match head.headers.contains_key("x-refuse") {
            true => Err(Problem::new(
                GateCode::new("UNAUTHENTICATED", StatusCode::UNAUTHORIZED),
                "Who are you?",
            )),
            false => Ok("admitted"),
        }
    }

    fn body(&self, _: &mut &'static str, _: &'static Operation, _: &Parts, body: &[u8]) {
        self.bodies
            .lock()
            .unwrap()
            .push(Bytes::copy_from_slice(body));
    }

    fn finish(
        &self,
        cx: Option<&&'static str>,
        operation: &'static Operation,
        head: &Parts,
        mut response: Response,
    ) -> Response {
        let value = format!("{} {}", operation.id, cx.copied().unwrap_or("refused"));
        response
            .headers_mut()
            .insert("x-finished", HeaderValue::try_from(value).unwrap());
        if let Some(used) = head.extensions.get::<UsedDeprecations>() {
            let elements: Vec<&str> = used.0.iter().map(|one| one.element).collect();
            response
                .headers_mut()
                .insert("x-used", HeaderValue::try_from(elements.join(" ")).unwrap());
        }
        response
    }
}

pub fn thing() -> types::Thing {
    types::Thing {
        id: ID.to_owned(),
        state: types::State::Unknown("broken".to_owned()),
        created_at: 7,
        parent: None,
        labels: None,
        parts: None,
        nickname: None,
    }
}

type Answer<R, E> = Result<R, Problem<E>>;

impl ThingsHandlers<&'static str> for Handlers {
    async fn list(
        &self,
        cx: &&'static str,
        request: things::ListRequest,
    ) -> Answer<things::ListResponse, things::ListError> {
        assert_eq!(*cx, "admitted");
        self.note(&request);
        let body = types::ThingsListOkBody {
            items: vec![thing()],
        };
        Ok(things::ListResponse {
            body,
            x_total: 1,
            x_next: None,
        })
    }

    async fn create(
        &self,
        _: &&'static str,
        request: things::CreateRequest,
    ) -> Answer<things::CreateResponse, things::CreateError> {
        self.note(&request);
        match request.body.name.as_str() {
            "taken" => Err(Problem::new(codes::Taken, "There is one.")
                .with("name", "taken")
                .widen()),
            "busy" => Err(Problem::new(codes::EveryCode::RateLimited, "Slowly.")
                .retry_after(3)
                .widen()),
            "again" => Ok(StoredAnswer {
                status: 201,
                headers: vec![("idempotent-replayed".into(), "true".into())],
                body: Bytes::from_static(b"{\"stored\":1}"),
            }
            .into()),
            "old" => Ok(things::CreateOk { body: thing() }.into()),
            _ => Ok(things::CreateCreated {
                body: thing(),
                location: "/things/1".into(),
                e_tag: Some("\"1\"".into()),
            }
            .into()),
        }
    }

    async fn get(
        &self,
        _: &&'static str,
        request: things::GetRequest,
    ) -> Answer<things::GetResponse, things::GetError> {
        self.note(&request);
        match request.if_none_match.as_deref() {
            Some("\"7\"") => Ok(things::GetResponse::NotModified),
            Some(_) => Err(Problem::new(
                things::GetError::NotFound,
                "There is no such thing.",
            )),
            None => Ok(things::GetOk {
                body: thing(),
                e_tag: Some("\"7\"".into()),
            }
            .into()),
        }
    }

    async fn update(
        &self,
        _: &&'static str,
        request: things::UpdateRequest,
    ) -> Answer<things::UpdateResponse, things::UpdateError> {
        self.note(&request);
        let body = types::Thing {
            nickname: request.body.name.flatten(),
            ..thing()
        };
        Ok(things::UpdateResponse { body })
    }

    async fn delete(
        &self,
        _: &&'static str,
        request: things::DeleteRequest,
    ) -> Answer<things::DeleteResponse, things::DeleteError> {
        self.note(&request);
        Ok(things::DeleteResponse::NoContent)
    }

    async fn fetch(
        &self,
        _: &&'static str,
        request: things::FetchRequest,
    ) -> Answer<things::FetchResponse, things::FetchError> {
        self.note(&request);
        let inner = types::Thing {
            nickname: Some("Bob".into()),
            ..thing()
        };
        let body = types::Thing {
            parent: Some(Box::new(inner)),
            ..thing()
        };
        Ok(things::FetchResponse {
            body,
            x_old: Some("yes".into()),
        })
    }

    async fn note(
        &self,
        _: &&'static str,
        request: things::NoteRequest,
    ) -> Answer<things::NoteResponse, things::NoteError> {
        Handlers::note(self, &request);
        Ok(things::NoteResponse)
    }
}

impl TypeHandlers<&'static str> for Handlers {
    async fn r#match(
        &self,
        _: &&'static str,
        request: r#type::MatchRequest,
    ) -> Answer<r#type::MatchResponse, r#type::MatchError> {
        self.note(&request);
        let body = types::Names {
            r#type: "t".into(),
            self_: request.self_,
            _2fa: true,
            größe: 1,
            ..Default::default()
        };
        Ok(r#type::MatchResponse { body })
    }
}

impl RecordsHandlers<&'static str> for Handlers {
    async fn list(
        &self,
        _: &&'static str,
        request: records::ListRequest,
    ) -> Answer<records::ListResponse, records::ListError> {
        self.note(&request);
        let fields = RawJson::from_text(r#"{"b": 1,  "a": 2}"#.to_owned()).unwrap();
        let items = vec![types::Record {
            id: ID.to_owned(),
            fields,
        }];
        Ok(records::ListResponse {
            body: types::RecordPage {
                items,
                next_cursor: None,
                newest: None,
            }
            .into(),
        })
    }

    async fn create(
        &self,
        _: &&'static str,
        request: records::CreateRequest,
    ) -> Answer<records::CreateResponse, records::CreateError> {
        self.note(&request);
        let fields = RawJson::from_value(&request.body.fields).unwrap();
        Ok(records::CreateResponse {
            body: types::Record {
                id: ID.to_owned(),
                fields,
            }
            .into(),
        })
    }

    async fn update(
        &self,
        _: &&'static str,
        request: records::UpdateRequest,
    ) -> Answer<records::UpdateResponse, records::UpdateError> {
        self.note(&request);
        let fields = RawJson::from_value(&request.body.fields).unwrap();
        let body = types::Record {
            id: request.id,
            fields,
        };
        Ok(records::UpdateResponse { body: body.into() })
    }
}

impl BodiesHandlers<&'static str> for Handlers {
    async fn raw(
        &self,
        _: &&'static str,
        request: bodies::RawRequest,
    ) -> Answer<bodies::RawResponse, bodies::RawError> {
        self.note(&request);
        Ok(bodies::RawResponse {
            body: RawJson::from_value(&request.body.len()).unwrap(),
        })
    }

    async fn text(
        &self,
        _: &&'static str,
        _: bodies::TextRequest,
    ) -> Answer<bodies::TextResponse, bodies::TextError> {
        Ok(bodies::TextResponse {
            body: Bytes::from_static(b"plain"),
        })
    }

    async fn stream(
        &self,
        _: &&'static str,
        _: bodies::StreamRequest,
    ) -> Answer<bodies::StreamResponse, bodies::StreamError> {
        Ok(bodies::StreamResponse {
            body: Body::from("data: 1\n\n"),
        })
    }
}

/// What came back.
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// What handlers were asked.
    pub asked: Vec<String>,
    pub bodies: Vec<Bytes>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The code, and the failures as `pointer rule`.
    pub fn refusal(&self) -> (String, Vec<String>) {
        let json = self.json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let failures = json["context"]["errors"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let failures = failures
            .iter()
            .map(|failure| format!("{} {}", text(&failure["pointer"]), text(&failure["rule"])));
        (text(&json["code"]), failures.collect())
    }

    /// The failures of a `VALIDATION_FAILED`; no handler was asked.
    pub fn failures(&self) -> Vec<String> {
        let (code, failures) = self.refusal();
        assert_eq!(
            (self.status, code.as_str()),
            (400, "VALIDATION_FAILED"),
            "{}",
            self.text
        );
        assert!(self.asked.is_empty(), "{:?}", self.asked);
        failures
    }

    /// What the one handler was asked.
    pub fn asked(&self) -> &str {
        assert!(self.status < 300, "{} {}", self.status, self.text);
        self.asked.first().map_or("", String::as_str)
    }
}

/// A request by method, target, headers and body.
pub async fn call(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Reply {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(body.into()).unwrap();
    request.extensions_mut().insert(RequestId("r-1".into()));
    request.extensions_mut().insert(Served {
        media_type: "application/vnd.shapes.v1+json",
        ..Served::default()
    });
    let handlers = Arc::new(Handlers::default());
    let response = server::router(Arc::clone(&handlers))
        .oneshot(request)
        .await
        .unwrap();
    let (head, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let asked = handlers.asked.lock().unwrap().clone();
    let bodies = handlers.bodies.lock().unwrap().clone();
    Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
        asked,
        bodies,
    }
}

pub async fn get(target: &str) -> Reply {
    call("GET", target, &[], Body::empty()).await
}

/// A request with a JSON body.
pub async fn send(method: &str, target: &str, body: &str) -> Reply {
    call(
        method,
        target,
        &[("content-type", "application/json")],
        body.to_owned(),
    )
    .await
}
