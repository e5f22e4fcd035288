//! The conformance suite of `Limiter`: cases that a host runs on its implementation.

use std::sync::Arc;

use futures_util::future::join_all;

use super::{Decision, Limiter, Quota};
use crate::ports::{
    Clock,
    conformance::{Verdict, cases, same},
};

/// The limiter under test, and a prefix of new keys.
#[derive(Clone)]
pub struct Subject {
    pub limiter: Arc<dyn Limiter>,
    pub clock: Arc<dyn Clock>,
    pub prefix: String,
}

cases![
    a_key_has_its_quota_and_no_more,
    keys_and_quotas_count_apart,
    tokens_come_back,
    callers_at_once_share_one_quota,
    a_quota_of_nothing_allows_nothing,
    any_text_is_a_key,
];

/// A quota that is not refilled while a case runs.
const SLOW: Quota = Quota {
    name: "conformance",
    requests: 3,
    window_s: 3_000,
};

impl Subject {
    async fn take(&self, quota: Quota, key: &str) -> Decision {
        let key = format!("{}{key}", self.prefix);
        self.limiter.take(quota, &key).await
    }
}

async fn a_key_has_its_quota_and_no_more(subject: Subject) -> Verdict {
    for (remaining, whole_in) in [(2, 1_000), (1, 2_000), (0, 3_000)] {
        let seen = subject.take(SLOW, "a").await;
        same(
            "allowed and remaining",
            (seen.allowed, seen.remaining),
            (true, remaining),
        )?;
        if !(whole_in - 30..=whole_in).contains(&seen.reset_s) {
            return Err(format!("whole in {} s, not {whole_in}", seen.reset_s));
        }
    }
    for _ in 0..2 {
        let seen = subject.take(SLOW, "a").await;
        same(
            "allowed and remaining",
            (seen.allowed, seen.remaining),
            (false, 0),
        )?;
        if !(970..=1_000).contains(&seen.reset_s) {
            return Err(format!("the next in {} s, not 1000", seen.reset_s));
        }
    }
    Ok(())
}

async fn keys_and_quotas_count_apart(subject: Subject) -> Verdict {
    for _ in 0..4 {
        subject.take(SLOW, "a").await;
    }
    let other = Quota {
        name: "conformance_other",
        ..SLOW
    };
    same("spent", subject.take(SLOW, "a").await.allowed, false)?;
    same("another key", subject.take(SLOW, "b").await.remaining, 2)?;
    same("another quota", subject.take(other, "a").await.remaining, 2)
}

async fn tokens_come_back(subject: Subject) -> Verdict {
    let quota = Quota {
        name: "conformance_fast",
        requests: 10,
        window_s: 2,
    };
    let mut refused = false;
    for _ in 0..200 {
        if !subject.take(quota, "a").await.allowed {
            refused = true;
            break;
        }
    }
    same("refused in the end", refused, true)?;
    subject.clock.sleep(500).await;
    same(
        "after a while",
        subject.take(quota, "a").await.allowed,
        true,
    )
}

async fn callers_at_once_share_one_quota(subject: Subject) -> Verdict {
    let quota = Quota {
        name: "conformance_race",
        requests: 20,
        window_s: 20_000,
    };
    let taken = join_all((0..60).map(|_| subject.take(quota, "a"))).await;
    let allowed = taken.iter().filter(|decision| decision.allowed).count();
    same("allowed", allowed, 20)?;
    let mut remaining: Vec<u32> = taken
        .iter()
        .filter(|decision| decision.allowed)
        .map(|decision| decision.remaining)
        .collect();
    remaining.sort_unstable();
    same("what each was told", remaining, (0..20).collect())
}

async fn a_quota_of_nothing_allows_nothing(subject: Subject) -> Verdict {
    let none = Quota {
        name: "conformance_none",
        requests: 0,
        window_s: 60,
    };
    let seen = subject.take(none, "a").await;
    same(
        "allowed and remaining",
        (seen.allowed, seen.remaining),
        (false, 0),
    )
}

async fn any_text_is_a_key(subject: Subject) -> Verdict {
    let long = "x".repeat(5_000);
    let keys = [
        "",
        " ",
        "/",
        "../a",
        "São \u{1F4A1}",
        "a?b#c%00",
        "\u{0}",
        &long,
    ];
    for key in keys {
        let first = subject.take(SLOW, key).await;
        same("the first", (first.allowed, first.remaining), (true, 2))?;
        same("the second", subject.take(SLOW, key).await.remaining, 1)?;
    }
    Ok(())
}
