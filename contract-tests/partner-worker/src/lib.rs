//! A partner's integration as it would run in the partner's own account: a Worker that has only the address of the API
//! and a key, and uses the generated client compiled to wasm. A request `{"base", "key"}` starts its work; the answer
//! holds its observations, which the contract tests check.

mod work;

use serde::Deserialize;
use worker::{Context, Env, Request, Response, Result, event};

#[derive(Deserialize)]
struct Order {
    base: String,
    key: String,
}

#[event(fetch)]
async fn fetch(mut request: Request, _: Env, _: Context) -> Result<Response> {
    let order: Order = request.json().await?;
    match work::day(&order.base, order.key).await {
        Ok(saw) => Response::from_json(&saw),
        Err(error) => Response::error(error.to_string(), 500),
    }
}
