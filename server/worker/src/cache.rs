//! `Cache` on KV. If KV fails, a value counts as absent.

use crm_core::ports::{Answer, Cache};
use worker::{kv::KvStore, send::SendFuture};

pub struct KvCache(pub KvStore);

/// The shortest lifetime of a value that KV accepts, in seconds.
const LEAST_LIFE_S: u32 = 60;

impl Cache for KvCache {
    fn get<'a>(&'a self, key: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(SendFuture::new(async move {
            self.0.get(key).text().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the cache cannot be read");
                None
            })
        }))
    }

    fn put<'a>(&'a self, key: &'a str, value: &'a str, life_s: u32) -> Answer<'a, ()> {
        Box::pin(SendFuture::new(async move {
            let put = async {
                let put = self.0.put(key, value)?;
                put.expiration_ttl(life_s.max(LEAST_LIFE_S).into())
                    .execute()
                    .await
            };
            if let Err(error) = put.await {
                tracing::warn!(%error, "the cache cannot be written");
            }
        }))
    }

    fn remove<'a>(&'a self, key: &'a str) -> Answer<'a, ()> {
        Box::pin(SendFuture::new(async move {
            if let Err(error) = self.0.delete(key).await {
                tracing::warn!(%error, "the cache cannot be deleted from");
            }
        }))
    }
}
