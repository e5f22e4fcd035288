//! The steps of a request that are equal for every operation: admitting it, reading its body within bounds, and
//! finishing the answer. Generated code decodes the request and calls the handler in between.

use std::{error::Error as _, sync::Arc};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{FromRequestParts, RawPathParams, Request},
    response::Response,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use tower::Service;

use super::{
    decode::{Asked, Reader},
    deprecation::{UsedDeprecations, announce},
    gate::{Gate, Served},
    invalid::{At, Report},
    operation::{BodyRule, Operation},
    problem::{GateCode, Problem},
    reply::{Refusal, Reply, refuse},
};

/// An admitted request with its body.
#[derive(Debug)]
pub struct Arrived<C> {
    pub context: C,
    pub operation: &'static Operation,
    pub head: Parts,
    pub path: RawPathParams,
    pub body: Bytes,
}

/// Admits a request and reads its body. The error is the finished refusal.
pub async fn arrive<G: Gate>(
    gate: &G,
    operation: &'static Operation,
    request: Request,
) -> Result<Arrived<G::Context>, Response> {
    let (mut head, body) = request.into_parts();
    let mut context = match gate.admit(operation, &head).await {
        Ok(context) => context,
        Err(problem) => {
            let response = refuse(&problem, &head);
            return Err(finish(gate, None, operation, &head, response));
        }
    };
    let read = match RawPathParams::from_request_parts(&mut head, &()).await {
        Ok(path) => content(&head, body, operation.body, gate.body_limit(operation))
            .await
            .map(|body| (path, body)),
        Err(_) => Err(Problem::new(
            GateCode::NOT_FOUND,
            "The path is not percent-encoded UTF-8.",
        )),
    };
    match read {
        Ok((path, body)) => {
            gate.body(&mut context, operation, &head, &body);
            Ok(Arrived {
                context,
                operation,
                head,
                path,
                body,
            })
        }
        Err(problem) => {
            let mut response = refuse(&problem, &head);
            if response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE && is_encoded(&head.headers)
            {
                // RFC 9110, section 12.5.3: `Accept-Encoding` distinguishes a refused coding from a refused media type.
                let identity = HeaderValue::from_static("identity");
                response
                    .headers_mut()
                    .insert(header::ACCEPT_ENCODING, identity);
            }
            Err(finish(gate, Some(&context), operation, &head, response))
        }
    }
}

/// Whether the body is compressed or encoded in another way, as content or transfer coding (RFC 9112, section 6.1). The
/// server decodes `chunked`, once, and no other coding.
fn is_encoded(headers: &HeaderMap) -> bool {
    let mut content = codings(headers, header::CONTENT_ENCODING);
    let mut transfer = codings(headers, header::TRANSFER_ENCODING);
    let chunked = transfer.next();
    content.any(|coding| !coding.eq_ignore_ascii_case(b"identity"))
        || chunked.is_some_and(|coding| !coding.eq_ignore_ascii_case(b"chunked"))
        || transfer.next().is_some()
}

fn codings(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    let values = headers.get_all(name).into_iter();
    let codings = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    codings
        .map(<[u8]>::trim_ascii)
        .filter(|coding| !coding.is_empty())
}

impl<C> Arrived<C> {
    /// Adds the used deprecated things to the head.
    pub fn used(&mut self, used: UsedDeprecations) {
        if used.0.is_empty() {
            return;
        }
        match self.head.extensions.get_mut::<UsedDeprecations>() {
            Some(known) => known.extend(used),
            None => {
                self.head.extensions.insert(used);
            }
        }
    }
}

impl<C: Send + Sync + 'static> Arrived<C> {
    /// Reads the request. The error lists all its failures.
    pub fn read<T>(&mut self, read: Reader<T>) -> Result<T, Problem<GateCode>> {
        let mut asked = Asked::new(self.operation, &self.head, &self.path, &self.body);
        let request = read(&mut asked);
        let used = asked.used();
        self.used(used);
        request
    }

    /// Adds the deprecated things in an answer to the head.
    pub fn notes<A>(&mut self, success: &A, note: fn(&A, &mut UsedDeprecations)) {
        let mut used = UsedDeprecations::default();
        note(success, &mut used);
        self.used(used);
    }

    /// Answers with the handler's result.
    pub fn answer<G, A, E>(self, gate: &G, result: Result<A, E>) -> Response
    where
        G: Gate<Context = C>,
        A: Reply,
        E: Refusal,
    {
        let response = match result {
            Ok(success) => match success.reply() {
                Ok(answer) => answer.send(&served(&self.head)),
                Err(error) => {
                    let message = format!("The answer does not print: {error}.");
                    refuse(&Problem::new(GateCode::INTERNAL, message), &self.head)
                }
            },
            Err(failure) => failure.refuse(&self.head),
        };
        self.finish(gate, response)
    }

    /// Answers a request that breaks the contract.
    pub fn refuse<G>(self, gate: &G, problem: &Problem<GateCode>) -> Response
    where
        G: Gate<Context = C>,
    {
        let response = refuse(problem, &self.head);
        self.finish(gate, response)
    }

    fn finish<G>(self, gate: &G, response: Response) -> Response
    where
        G: Gate<Context = C>,
    {
        finish(
            gate,
            Some(&self.context),
            self.operation,
            &self.head,
            response,
        )
    }
}

/// Every answer of an operation ends here.
fn finish<G: Gate>(
    gate: &G,
    context: Option<&G::Context>,
    operation: &'static Operation,
    head: &Parts,
    mut response: Response,
) -> Response {
    announce(operation, head, response.headers_mut());
    gate.finish(context, operation, head, response)
}

fn served(head: &Parts) -> Served {
    head.extensions.get::<Served>().copied().unwrap_or_default()
}

/// Defines the function that serves one operation: it admits, reads, handles and answers a request. `noting` names the
/// function that records the deprecated things in an answer.
#[macro_export]
macro_rules! serve {
    (
        $serve:ident, $operation:path, $read:path, $($handlers:ident)::+ => $method:ident
        $(, noting $note:path)?
    ) => {
        pub(crate) async fn $serve<H>(
            handlers: ::std::sync::Arc<H>,
            request: $crate::reexport::axum::extract::Request,
        ) -> $crate::reexport::axum::response::Response
        where
            H: $crate::server::Gate
                + $($handlers)::+<<H as $crate::server::Gate>::Context>,
        {
            let mut arrived =
                match $crate::server::serve::arrive(&*handlers, &$operation, request).await {
                    Ok(arrived) => arrived,
                    Err(refusal) => return refusal,
                };
            match arrived.read($read) {
                Ok(request) => {
                    let result =
                        $($handlers)::+::$method(&*handlers, &arrived.context, request).await;
                    $(if let Ok(success) = &result {
                        arrived.notes(success, $note);
                    })?
                    arrived.answer(&*handlers, result)
                }
                Err(problem) => arrived.refuse(&*handlers, &problem),
            }
        }
    };
}

/// Joins the routers of all versions: each request goes to the router of the version in which it is [`Served`], or to
/// the first if there is none.
pub fn by_version(routers: impl Into<Arc<[(u32, Router)]>>) -> Router {
    let routers = routers.into();
    Router::new().fallback(move |request: Request| {
        let wanted = request.extensions().get::<Served>().copied();
        let wanted = wanted.unwrap_or_default().version;
        let router = routers
            .iter()
            .find(|(version, _)| *version == wanted)
            .or(routers.first())
            .map(|(_, router)| router.clone());
        async move {
            match router {
                Some(mut router) => match Service::call(&mut router, request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                },
                None => not_found(request).await,
            }
        }
    })
}

/// Answers a path that the contract does not have.
pub async fn not_found(request: Request) -> Response {
    let (head, _) = request.into_parts();
    refuse(
        &Problem::new(GateCode::NOT_FOUND, "The API has no such path."),
        &head,
    )
}

async fn content(
    head: &Parts,
    body: Body,
    rule: BodyRule,
    limit: usize,
) -> Result<Bytes, Problem<GateCode>> {
    let media_type = media_type(&head.headers);
    let BodyRule::Content {
        media_types,
        versioned,
    } = rule
    else {
        let nothing = body.is_end_stream() || announced(&head.headers) == Some(0);
        if nothing || axum::body::to_bytes(body, 0).await.is_ok() {
            return Ok(Bytes::new());
        }
        let mut report = Report::new();
        report.add(
            &At::BODY,
            "unknown_property",
            "The operation takes no body.",
        );
        return Err(report.problem());
    };
    if is_encoded(&head.headers) {
        let message = "The body must not be compressed or otherwise encoded.";
        let problem = Problem::new(GateCode::UNSUPPORTED_MEDIA_TYPE, message);
        return Err(problem.with("supported", media_types));
    }
    let vendor_type = Some(served(head).vendor_type);
    let vendor_type = vendor_type.filter(|name| versioned && !media_types.contains(name));
    let known = || media_types.iter().copied().chain(vendor_type);
    let fits = |name: &String| known().any(|known| known == "*/*" || known == name);
    if media_type.as_ref().is_some_and(|name| !fits(name)) {
        return Err(unsupported(known()));
    }
    if announced(&head.headers).is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let bytes = axum::body::to_bytes(body, limit).await.map_err(|error| {
        match error
            .source()
            .is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
        {
            true => too_large(limit),
            false => Problem::new(GateCode::MALFORMED_JSON, "The body broke off."),
        }
    })?;
    if !bytes.is_empty() && media_type.is_none() && !media_types.contains(&"*/*") {
        return Err(unsupported(known()));
    }
    Ok(bytes)
}

/// The media type without its parameters, lower-case.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(
        text.split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase(),
    )
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn unsupported(media_types: impl Iterator<Item = &'static str>) -> Problem<GateCode> {
    let media_types: Vec<_> = media_types.collect();
    let message = format!(
        "The body's Content-Type must be {}.",
        media_types.join(" or ")
    );
    Problem::new(GateCode::UNSUPPORTED_MEDIA_TYPE, message).with("supported", media_types)
}

fn too_large(limit: usize) -> Problem<GateCode> {
    Problem::new(
        GateCode::PAYLOAD_TOO_LARGE,
        format!("The body exceeds {limit} bytes."),
    )
    .with("limit_bytes", limit)
}
