//! Records what the typed clients sent and got, so that `contract pin` can derive what each consumer relies on. Raw
//! requests of tests are left out, since no client relies on them.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    sync::Mutex,
};

use http::header;
use serde_json::{Map, Value, json};

use crate::exchange::Exchange;

/// The environment variable that names the file. Exchanges are appended, so a run on two hosts makes one recording.
const FILE: &str = "CONTRACT_RECORDING";

pub struct Recording(Mutex<File>);

impl Recording {
    /// The recording that the environment variable asks for.
    pub fn of_environment() -> Option<Recording> {
        let path = std::env::var_os(FILE)?;
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.unwrap_or_else(|error| panic!("{FILE}: {}: {error}", path.display()));
        Some(Recording(Mutex::new(file)))
    }

    pub fn enter(&self, exchange: &Exchange) {
        if exchange.sender.typed {
            let mut line = line(exchange).to_string();
            line.push('\n');
            let mut file = self.0.lock().unwrap();
            file.write_all(line.as_bytes())
                .expect("the recording can be written to");
        }
    }
}

/// One exchange in the form for `contract pin`.
fn line(exchange: &Exchange) -> Value {
    let query: Vec<String> = exchange.query().into_iter().map(|(name, _)| name).collect();
    let headers: Map<String, Value> = exchange
        .request_headers
        .iter()
        .map(|(name, value)| {
            // Credentials are not recorded.
            let value = match *name == header::AUTHORIZATION {
                true => "",
                false => value.to_str().unwrap_or_default(),
            };
            (name.as_str().to_owned(), value.into())
        })
        .collect();
    json!({
        "consumer": exchange.sender.consumer,
        "method": exchange.method.as_str(),
        "path": exchange.uri.path(),
        "query": query,
        "headers": headers,
        "sent": body(&exchange.request_body),
        "status": exchange.status.as_u16(),
        "got": body(&exchange.body),
    })
}

/// The body as JSON; null if it is not JSON.
fn body(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method, StatusCode};

    use super::*;
    use crate::exchange::Sender;

    #[test]
    fn an_exchange_is_a_line_without_credentials() {
        let mut request_headers = HeaderMap::new();
        request_headers.insert("authorization", "Bearer abc".parse().unwrap());
        request_headers.insert("if-match", "\"1\"".parse().unwrap());
        let exchange = Exchange {
            sender: Sender {
                consumer: "web",
                typed: true,
            },
            method: Method::PATCH,
            uri: "/notes/1?fields=a".parse().unwrap(),
            request_headers,
            request_body: r#"{"a":1}"#.into(),
            status: StatusCode::NO_CONTENT,
            headers: HeaderMap::new(),
            body: "".into(),
        };
        let expected = json!({
            "consumer": "web", "method": "PATCH", "path": "/notes/1", "query": ["fields"],
            "headers": {"authorization": "", "if-match": "\"1\""},
            "sent": {"a": 1}, "status": 204, "got": null,
        });
        assert_eq!(line(&exchange), expected);
    }
}
