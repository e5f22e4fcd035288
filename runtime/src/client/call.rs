//! The three steps of a call: `before` adds version, token and idempotency key; `execute` sends it, and repeats it with
//! the same key and body if that is safe; `after` reports a deprecation notice. Generated clients call these functions
//! from their hooks.

use std::time::Duration;

use http::StatusCode;
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use progenitor_client::{Error, OperationInfo};
use reqwest::{Request, Response};

use super::deprecation::DeprecatedUse;
use super::headers::AnswerHeaders;
use super::key::{idempotency_key, random_below};
use super::platform::{never_connected, sleep};
use super::retry::{self, Outcome};
use super::settings::State;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The facts of the contract that a client needs.
#[derive(Debug)]
pub struct Api {
    /// Such as `application/vnd.example.v1+json`.
    pub media_type: &'static str,
    /// Sorted by id.
    pub operations: &'static [OperationFacts],
}

/// The facts of an operation that a client needs.
#[derive(Clone, Copy, Debug)]
pub struct OperationFacts {
    /// In snake case.
    pub id: &'static str,
    /// It takes the `Idempotency-Key` header.
    pub takes_key: bool,
    /// It needs a token.
    pub authenticated: bool,
    /// It can also answer something other than JSON.
    pub other_media: bool,
    /// Its answer is an endless stream of events.
    pub streams: bool,
}

impl Api {
    fn facts(&self, id: &str) -> Option<&'static OperationFacts> {
        let index = self
            .operations
            .binary_search_by(|facts| facts.id.cmp(id))
            .ok()?;
        self.operations.get(index)
    }
}

/// Completes a request: sets the time limit, `Accept` with the version, the token, and an idempotency key for a write
/// that takes one and has none.
pub async fn before<E>(
    api: &Api,
    state: &State,
    request: &mut Request,
    info: &OperationInfo,
) -> Result<(), Error<E>> {
    let facts = api.facts(info.operation_id);
    let streams = facts.is_some_and(|facts| facts.streams);
    *request.timeout_mut() = (!streams).then(|| state.timeout());
    request.headers_mut().insert(ACCEPT, accept(api, facts));
    if facts.is_some_and(|facts| facts.takes_key)
        && !request.headers().contains_key(IDEMPOTENCY_KEY)
    {
        let key = idempotency_key().ok_or_else(|| {
            Error::Custom("no randomness to mint an idempotency key from".to_owned())
        })?;
        request
            .headers_mut()
            .insert(IDEMPOTENCY_KEY, HeaderValue::try_from(key)?);
    }
    if facts.is_none_or(|facts| facts.authenticated) {
        let token = state
            .token()
            .get(None)
            .await
            .map_err(|error| Error::Custom(error.to_string()))?;
        if let Some(token) = token {
            let value = bearer(&token).ok_or_else(|| {
                Error::Custom("the access token is not valid in a header".to_owned())
            })?;
            request.headers_mut().insert(AUTHORIZATION, value);
        }
    }
    Ok(())
}

/// Sends a request, with retries as the settings allow. Every attempt has the same key and body. A refused token is
/// renewed once.
pub async fn execute(
    api: &Api,
    client: &reqwest::Client,
    state: &State,
    request: Request,
    info: &OperationInfo,
) -> reqwest::Result<Response> {
    let streams = api
        .facts(info.operation_id)
        .is_some_and(|facts| facts.streams);
    let client = match streams {
        true => state.for_streams(client)?,
        false => client,
    };
    let repeatable = retry::is_repeatable(
        request.method(),
        request.headers().contains_key(IDEMPOTENCY_KEY),
    );
    let (mut request, mut renewed, mut retries, mut waited) = (request, false, 0, Duration::ZERO);
    loop {
        // A body that streams can be sent only once.
        let Some(again) = request.try_clone() else {
            return client.execute(request).await;
        };
        let result = client.execute(request).await;
        request = again;
        if !renewed && matches!(&result, Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED)
        {
            renewed = true;
            if renew(state, &mut request).await {
                continue;
            }
        }
        let outcome = match &result {
            Ok(answer) => Outcome::Answer(answer.status(), answer.headers()),
            Err(error) if never_connected(error) => Outcome::NeverSent,
            Err(error) if error.is_timeout() || error.is_request() || error.is_body() => {
                Outcome::Broken
            }
            Err(_) => return result,
        };
        let random = random_below(1001);
        match retry::wait(state.retry(), outcome, repeatable, retries, waited, random) {
            Some(wait) => {
                sleep(wait).await;
                retries += 1;
                waited += wait;
            }
            None => return result,
        }
    }
}

/// Reports the deprecation notice of an answer to the callback.
pub fn after(state: &State, result: &reqwest::Result<Response>, info: &OperationInfo) {
    if let Ok(answer) = result {
        state.deprecated(|| {
            Some(DeprecatedUse {
                operation: info.operation_id,
                notice: answer.headers().deprecation()?,
            })
        });
    }
}

/// Puts a new token into the request in place of the refused one. False if there is no other token.
async fn renew(state: &State, request: &mut Request) -> bool {
    let Some(rejected) = sent_token(request) else {
        return false;
    };
    // If there is no other token, the server's refusal says more than an error would.
    let next = state.token().get(Some(&rejected)).await.ok().flatten();
    let Some(value) = next
        .filter(|token| *token != rejected)
        .and_then(|token| bearer(&token))
    else {
        return false;
    };
    request.headers_mut().insert(AUTHORIZATION, value);
    true
}

fn sent_token(request: &Request) -> Option<String> {
    request
        .headers()
        .get(AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
        .map(str::to_owned)
}

fn bearer(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn accept(api: &Api, facts: Option<&OperationFacts>) -> HeaderValue {
    let version = HeaderValue::from_static(api.media_type);
    if !facts.is_some_and(|facts| facts.other_media) {
        return version;
    }
    // Errors are JSON of the requested version, whatever the media type of the success is.
    HeaderValue::try_from(format!("{}, */*;q=0.1", api.media_type)).unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_found_by_id() {
        const FACTS: OperationFacts = OperationFacts {
            id: "",
            takes_key: false,
            authenticated: true,
            other_media: false,
            streams: false,
        };
        static API: Api = Api {
            media_type: "application/json",
            operations: &[
                OperationFacts {
                    id: "a_get",
                    ..FACTS
                },
                OperationFacts {
                    id: "b_get",
                    ..FACTS
                },
            ],
        };
        assert_eq!(API.facts("b_get").map(|facts| facts.id), Some("b_get"));
        assert!(API.facts("c_get").is_none());
    }
}
