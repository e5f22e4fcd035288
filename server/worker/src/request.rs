//! Converts between the platform's request and response objects and the router's types, with few calls to JavaScript.

use std::{fmt::Write, sync::Arc};

use axum::body::{Body, Bytes};
use crm_core::{http::Peer, ports::Clock, random_id};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, uri::PathAndQuery};
use http_body_util::BodyExt;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use worker::worker_sys::web_sys;

use crate::{
    clock::{PlatformClock, PlatformRandom},
    glue::{self, Answer},
    leases::{LEASE_MS, Lease},
};

/// The header with the caller's address. The platform sets it, and callers cannot.
const PEER: &str = "cf-connecting-ip";

/// None if the method, the address or a header is not valid HTTP.
pub fn incoming(request: &web_sys::Request) -> Option<Request<Body>> {
    let head: Vec<String> = glue::head(request)
        .iter()
        .map(|part| part.as_string().unwrap_or_default())
        .collect();
    let [method, address, headers @ ..] = head.as_slice() else {
        return None;
    };
    let body = match request.body() {
        Some(stream) => Body::new(worker::Body::new(stream)),
        None => Body::empty(),
    };
    let mut incoming = Request::new(body);
    *incoming.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
    *incoming.uri_mut() = uri(address)?;
    *incoming.headers_mut() = header_map(headers)?;
    let peer = incoming
        .headers()
        .get(PEER)
        .and_then(|peer| peer.to_str().ok()?.parse().ok());
    if let Some(peer) = peer {
        incoming.extensions_mut().insert(Peer(peer));
    }
    Some(incoming)
}

/// Makes a header map from alternating names and values. The platform decodes the bytes of a value as UTF-8, where the
/// standard has one character per byte; invalid UTF-8 arrives as U+FFFD and so stays non-ASCII. None if a name or value
/// is not valid HTTP.
fn header_map(pairs: &[String]) -> Option<HeaderMap> {
    let mut map = HeaderMap::with_capacity(pairs.len() / 2);
    for pair in pairs.chunks_exact(2) {
        let [name, value] = pair else { continue };
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        map.append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    Some(map)
}

/// Path and query of an address.
fn uri(address: &str) -> Option<Uri> {
    let at = address.find("://")? + 3;
    let from = address[at..]
        .find(['/', '?'])
        .map_or(address.len(), |slash| at + slash);
    let path = address[from..].split('#').next().unwrap_or_default();
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    let path =
        PathAndQuery::try_from(path.as_str()).or_else(|_| PathAndQuery::try_from(escaped(&path)));
    Some(Uri::from(path.ok()?))
}

/// Percent-encodes characters that browsers leave in addresses and HTTP does not allow.
fn escaped(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 16);
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Reads an answer's whole body.
pub async fn whole(response: Response<Body>) -> worker::Result<Response<Bytes>> {
    let (head, body) = response.into_parts();
    let collected = body.collect().await;
    let collected = collected.map_err(|error| worker::Error::RustError(error.to_string()))?;
    Ok(Response::from_parts(head, collected.to_bytes()))
}

/// Converts an answer for the platform: a small one in one piece, a larger one in slices that count until they are
/// read.
pub fn outgoing(
    response: Response<Bytes>,
    lease: Option<Arc<Lease>>,
) -> worker::Result<web_sys::Response> {
    let (head, bytes) = response.into_parts();
    let headers = headers(&head.headers);
    let status = head.status.as_u16();
    let length = bytes.len();
    let whole = match &lease {
        Some(lease) => {
            let draw = || {
                let [drawn] = random_id::bytes(&PlatformRandom);
                drawn
            };
            lease.put(bytes, PlatformClock.now(), draw)
        }
        None => Some(bytes),
    };
    let made = match (whole, lease) {
        (None, Some(lease)) => glue::sliced(
            status,
            &headers,
            Answer::new(lease),
            length,
            LEASE_MS as f64,
        )?,
        (Some(bytes), _) if !bytes.is_empty() => {
            glue::response(status, &headers, &Uint8Array::from(bytes.as_ref()).into())?
        }
        _ => glue::response(status, &headers, &JsValue::NULL)?,
    };
    Ok(made.unchecked_into())
}

/// The headers as alternating names and values.
fn headers(map: &HeaderMap) -> Array {
    let headers = Array::new();
    for (name, value) in map {
        headers.push(&JsValue::from_str(name.as_str()));
        headers.push(&JsValue::from_str(&String::from_utf8_lossy(
            value.as_bytes(),
        )));
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_what_was_sent_or_the_request_is_refused() {
        let of = |name: &str, value: &str| {
            let map = header_map(&[name.to_owned(), value.to_owned()])?;
            Some(map.get(name)?.as_bytes().to_vec())
        };
        for value in ["", "a b", "a\tb", "caf\u{e9}", "\u{1F4A1}"] {
            assert_eq!(of("k", value).as_deref(), Some(value.as_bytes()));
        }
        // An invalid UTF-8 byte does not become a character that is valid in a key.
        let seen = of("idempotency-key", "a\u{fffd}b");
        assert!(seen.is_some_and(|value| !value.is_ascii()));
        for (name, value) in [
            ("k", "a\u{1}b"),
            ("k", "a\nb"),
            ("k", "a\u{7f}"),
            ("k y", "a"),
            ("", "a"),
        ] {
            assert_eq!(of(name, value), None, "{name:?} {value:?}");
        }
    }

    #[test]
    fn an_address_becomes_path_and_query() {
        let cases = [
            (
                "https://api.example/records/job?limit=5",
                "/records/job?limit=5",
            ),
            ("https://api.example", "/"),
            ("https://api.example?limit=5", "/?limit=5"),
            ("http://127.0.0.1:8787/a%2Fb#c", "/a%2Fb"),
            ("https://api.example/a?q=<x>", "/a?q=%3Cx%3E"),
            (
                "https://api.example/a?q={\"a\":[1]}",
                "/a?q=%7B%22a%22:[1]%7D",
            ),
        ];
        for (address, expected) in cases {
            assert_eq!(
                uri(address).map(|uri| uri.to_string()).as_deref(),
                Some(expected)
            );
        }
    }
}
