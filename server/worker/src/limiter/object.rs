//! The Durable Object that counts for one quota and key. State that expires before the platform evicts an idle object
//! stays in memory; other state is stored, and deleted when the bucket is full.

use std::cell::Cell;

use crm_core::ports::limiter::Quota;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object, wasm_bindgen};

use super::bucket::{Bucket, MS};

/// A bucket that is full within this time is not stored. The platform evicts an object after about 10 s of idleness.
const KEPT_IN_MEMORY: i64 = 5_000 * MS;
/// The bucket is stored again when it has moved by this much.
const STORED_EVERY: i64 = 1_000 * MS;
const WHOLE_AT: &str = "whole_at";

#[durable_object]
pub struct RequestCounter {
    state: State,
    bucket: Cell<Option<Bucket>>,
    /// The stored `whole_at`.
    stored: Cell<i64>,
}

impl DurableObject for RequestCounter {
    fn new(state: State, _: Env) -> Self {
        Self {
            state,
            bucket: Cell::new(None),
            stored: Cell::new(0),
        }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let Some((requests, window_s, count)) = asked(&request.path()) else {
            return Response::error("no quota", 400);
        };
        if self.bucket.get().is_none() {
            let stored = self.state.storage().get::<f64>(WHOLE_AT).await?;
            let whole_at = stored.unwrap_or_default() as i64;
            self.bucket.set(Some(Bucket { whole_at }));
            self.stored.set(whole_at);
        }
        let now = now();
        let mut bucket = self.bucket.get().unwrap_or_default();
        let granted = bucket.grant(requests, window_s, count, now);
        self.bucket.set(Some(bucket));
        let worth_it = bucket.whole_at - now > KEPT_IN_MEMORY;
        if worth_it && bucket.whole_at - self.stored.get() >= STORED_EVERY {
            self.stored.set(bucket.whole_at);
            let storage = self.state.storage();
            storage.put(WHOLE_AT, bucket.whole_at as f64).await?;
            storage.set_alarm(in_ms(bucket.whole_at - now)).await?;
        }
        Response::ok(text(granted))
    }

    /// Deletes the state once the bucket is full.
    async fn alarm(&self) -> Result<Response> {
        let missing = self
            .bucket
            .get()
            .map_or(0, |bucket| bucket.whole_at - now());
        let storage = self.state.storage();
        if missing > 0 {
            storage.set_alarm(in_ms(missing)).await?;
        } else {
            self.stored.set(0);
            storage.delete_all().await?;
        }
        Response::empty()
    }
}

/// The delay of an alarm in ms, a little more than `ns`.
fn in_ms(ns: i64) -> i64 {
    ns / MS + 1_000
}

/// The time in epoch ns.
pub fn now() -> i64 {
    js_sys::Date::now() as i64 * MS
}

/// The address for asking the object for `count` requests of a quota.
pub fn address(quota: Quota, count: u32) -> String {
    format!(
        "https://limiter/{}/{}/{count}",
        quota.requests, quota.window_s
    )
}

fn asked(path: &str) -> Option<(u32, u32, u32)> {
    let mut parts = path.strip_prefix('/')?.split('/');
    let mut next = || parts.next()?.parse().ok();
    Some((next()?, next()?, next()?))
}

/// The object's answer: the number of granted requests, and the ns until the bucket is full.
fn text((granted, missing): (u32, i64)) -> String {
    format!("{granted} {missing}")
}

/// Parses the object's answer.
pub fn parse(text: &str) -> Option<(u32, i64)> {
    let (granted, missing) = text.split_once(' ')?;
    Some((granted.parse().ok()?, missing.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_and_answered_is_understood() {
        let quota = Quota {
            name: "caller",
            requests: 6_000,
            window_s: 60,
        };
        let path = address(quota, 60);
        assert_eq!(
            asked(path.trim_start_matches("https://limiter")),
            Some((6_000, 60, 60))
        );
        for path in ["", "/", "/1/2", "/a/b/c", "/1/2/-3"] {
            assert_eq!(asked(path), None, "{path}");
        }
        let granted = (60, 600_000_000);
        assert_eq!(parse(&text(granted)), Some(granted));
        for answer in ["", "1", "1 x", "yes 1", "-1 2"] {
            assert_eq!(parse(answer), None, "{answer}");
        }
    }
}
