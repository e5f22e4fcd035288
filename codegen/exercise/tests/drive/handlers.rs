//! A gate, and handlers of the newest version that record their requests.

mod version_1;

use std::sync::Mutex;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use crm_codegen_exercise::codes;
use crm_codegen_exercise::v2::server::*;
use crm_codegen_exercise::v2::types;
use crm_runtime::RawJson;
use crm_runtime::server::{Gate, GateCode, Operation, Problem, StoredAnswer, UsedDeprecations};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

pub const ID: &str = "0190a1b2-0000-7000-8000-00000000000f";

/// The requests of handlers, in Rust's debug format.
#[derive(Default)]
pub struct Handlers {
    pub asked: Mutex<Vec<String>>,
    /// The bodies that the gate got.
    pub bodies: Mutex<Vec<Bytes>>,
}

impl Handlers {
    pub fn note(&self, request: &impl std::fmt::Debug) {
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
            total: 1,
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
        let state = match request.body.amount {
            Some(5) => types::State::from("2nd-hand"),
            _ => thing().state,
        };
        let body = types::Thing {
            nickname: request.body.name.flatten(),
            state,
            ..thing()
        };
        Ok(things::UpdateResponse { body })
    }

    async fn archive(
        &self,
        _: &&'static str,
        request: things::ArchiveRequest,
    ) -> Answer<things::ArchiveResponse, things::ArchiveError> {
        self.note(&request);
        Ok(things::ArchiveResponse::NoContent)
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
            kind: "job".to_owned(),
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
                kind: "job".to_owned(),
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
            kind: "job".to_owned(),
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
