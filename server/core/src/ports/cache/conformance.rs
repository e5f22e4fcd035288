//! The conformance suite of `Cache`, for a cache that is reachable and loses nothing: cases that a host runs on its
//! implementation.

use std::sync::Arc;

use super::Cache;
use crate::ports::conformance::{Verdict, cases, same};

/// The cache under test, and a prefix of new keys.
#[derive(Clone)]
pub struct Subject {
    pub cache: Arc<dyn Cache>,
    pub prefix: String,
}

cases![
    what_was_never_put_is_not_there,
    what_is_put_is_found,
    the_last_value_counts,
    what_is_removed_is_gone,
    a_key_that_it_does_not_take_is_no_error,
];

impl Subject {
    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    async fn get(&self, key: &str) -> Option<String> {
        self.cache.get(&self.key(key)).await
    }

    async fn put(&self, key: &str, value: &str) {
        self.cache.put(&self.key(key), value, 60).await;
    }
}

async fn what_was_never_put_is_not_there(subject: Subject) -> Verdict {
    same("nothing", subject.get("a").await, None)
}

async fn what_is_put_is_found(subject: Subject) -> Verdict {
    let long = "São \u{1F4A1} \"\\\n".repeat(10_000);
    let values = [
        ("a", "1"),
        ("a/b", "TENANT_1"),
        ("ã \u{1F4A1}", "x"),
        ("long", &long),
        ("empty", ""),
    ];
    for (key, value) in values {
        subject.put(key, value).await;
    }
    for (key, value) in values {
        same(key, subject.get(key).await.as_deref(), Some(value))?;
    }
    Ok(())
}

async fn the_last_value_counts(subject: Subject) -> Verdict {
    subject.put("a", "1").await;
    subject.put("a", "2").await;
    same("the last", subject.get("a").await.as_deref(), Some("2"))
}

async fn what_is_removed_is_gone(subject: Subject) -> Verdict {
    subject.put("a", "1").await;
    subject.put("b", "1").await;
    subject.cache.remove(&subject.key("a")).await;
    subject.cache.remove(&subject.key("never")).await;
    same("removed", subject.get("a").await, None)?;
    same("another", subject.get("b").await.as_deref(), Some("1"))
}

async fn a_key_that_it_does_not_take_is_no_error(subject: Subject) -> Verdict {
    let long = "x".repeat(5_000);
    subject.put(&long, "1").await;
    subject.cache.remove(&subject.key(&long)).await;
    same("removed", subject.get(&long).await, None)
}
