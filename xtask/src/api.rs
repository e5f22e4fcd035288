//! Requests to a server on this machine.

use std::time::{Duration, Instant};

use serde_json::Value;

/// Sends JSON; an error names the request and the refusal.
pub fn send(method: &str, url: &str, token: &str, body: &Value) -> Result<Value, String> {
    exchange(method, url, token, body).map(|(answer, _)| answer)
}

/// The same, with the time that the answer took, without printing the body and parsing the answer.
pub fn exchange(
    method: &str,
    url: &str,
    token: &str,
    body: &Value,
) -> Result<(Value, Duration), String> {
    let (status, text, took) = ask("", method, url, token, body)?;
    if !(200..300).contains(&status) {
        let said = text.chars().take(500).collect::<String>();
        return Err(format!("{method} {url}: {status} {said}"));
    }
    Ok((serde_json::from_str(&text).unwrap_or(Value::Null), took))
}

/// Status, text and time of an answer with any status. `address` is the caller's address, for a server that trusts a
/// proxy on this machine; empty for this machine's own.
pub fn ask(
    address: &str,
    method: &str,
    url: &str,
    token: &str,
    body: &Value,
) -> Result<(u16, String, Duration), String> {
    let mut request = ureq::http::Request::builder()
        .method(method)
        .uri(url)
        .header("Content-Type", "application/json")
        .header("Authorization", format!("Bearer {token}"));
    if !address.is_empty() {
        request = request.header("X-Forwarded-For", address);
    }
    let request = request
        .body(if body.is_null() {
            String::new()
        } else {
            body.to_string()
        })
        .map_err(|error| error.to_string())?;
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let start = Instant::now();
    let mut response = agent
        .run(request)
        .map_err(|error| format!("{method} {url}: {error}"))?;
    let text = response
        .body_mut()
        .with_config()
        .limit(64 << 20)
        .read_to_string()
        .map_err(|error| format!("{method} {url}: {error}"))?;
    let took = start.elapsed();
    Ok((response.status().as_u16(), text, took))
}
