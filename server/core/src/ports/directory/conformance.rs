//! The conformance suite of `Directory`: cases that a host runs on its implementation. A deployment has one directory,
//! so the cases run one after another, and each leaves a signing key.

use std::sync::Arc;

use futures_util::future::join_all;

use super::{Directory, SigningKey, TenantEntry};
use crate::{
    ports::{
        Clock, Random,
        conformance::{Verdict, cases, same},
        store::TenantId,
    },
    random_id,
};

/// The directory under test, once for each process that has it open.
#[derive(Clone)]
pub struct Subject {
    pub doors: Vec<Arc<dyn Directory>>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

cases![
    a_tenant_is_there_once_it_is_made,
    an_address_leads_to_its_tenants,
    a_key_comes_back_as_it_went,
    of_many_first_keys_one_is_taken,
    a_first_key_beside_a_current_one_is_not_taken,
    a_key_that_fades_is_no_current_one,
];

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

impl Subject {
    fn id(&self) -> String {
        random_id::id(self.clock.now(), &*self.random)
    }

    fn tenant_id(&self) -> Result<TenantId, String> {
        TenantId::parse(&self.id()).ok_or_else(|| "not an id".to_owned())
    }

    fn key(&self) -> SigningKey {
        SigningKey {
            kid: self.id(),
            seed: random_id::bytes(&*self.random),
            created_at: self.clock.now(),
            expires_at: None,
        }
    }

    /// One of the open directories.
    fn door(&self, n: usize) -> Result<&dyn Directory, String> {
        let door = self.doors.get(n % self.doors.len().max(1));
        door.map(|door| &**door)
            .ok_or_else(|| "no directory".to_owned())
    }

    async fn keys(&self, n: usize) -> Result<Vec<SigningKey>, String> {
        self.door(n)?.signing_keys().await.map_err(text)
    }

    /// The kids of the signing keys.
    async fn current(&self) -> Result<Vec<String>, String> {
        let keys = self.keys(0).await?.into_iter();
        let current = keys.filter(|key| key.expires_at.is_none());
        Ok(current.map(|key| key.kid).collect())
    }

    async fn expire_all(&self, at: i64) -> Verdict {
        for kid in self.current().await? {
            let expired = self.door(0)?.expire_signing_key(&kid, at).await;
            expired.map_err(text)?;
        }
        Ok(())
    }

    async fn add_first(&self, n: usize, key: &SigningKey) -> Verdict {
        let added = self.door(n)?.add_first_signing_key(key).await;
        added.map_err(text)
    }
}

async fn a_tenant_is_there_once_it_is_made(subject: Subject) -> Verdict {
    let entry = TenantEntry {
        id: subject.tenant_id()?,
        name: "São José \u{1F4A1} Plumbing".into(),
        created_at: (1 << 53) - 1,
    };
    let none = subject.door(0)?.tenant(&entry.id).await;
    same("before", none, Ok(None))?;
    for n in 0..2 {
        let made = subject.door(n)?.create_tenant(&entry).await;
        same("made, and made again", made, Ok(()))?;
    }
    let found = subject.door(1)?.tenant(&entry.id).await;
    same("found", found, Ok(Some(entry.clone())))?;
    let all = subject.door(0)?.tenants().await.map_err(text)?;
    let of_it: Vec<_> = all.iter().filter(|other| other.id == entry.id).collect();
    same("among all, once", of_it, vec![&entry])
}

async fn an_address_leads_to_its_tenants(subject: Subject) -> Verdict {
    let address = format!("ana+{}@example.com", subject.id());
    let (first, second) = (subject.tenant_id()?, subject.tenant_id()?);
    for tenant in [&second, &first, &first] {
        let added = subject.door(0)?.add_login(&address, tenant).await;
        added.map_err(text)?;
    }
    let both = vec![second.clone(), first.clone()];
    let found = subject.door(1)?.tenants_of_login(&address).await;
    same("both, in the order in which they got it", found, Ok(both))?;
    let upper = address.to_uppercase();
    let none = subject.door(0)?.tenants_of_login(&upper).await;
    same("as it is written alone", none, Ok(vec![]))?;
    for _ in 0..2 {
        let removed = subject.door(0)?.remove_login(&address, &first).await;
        removed.map_err(text)?;
    }
    let left = subject.door(1)?.tenants_of_login(&address).await;
    same("the other", left, Ok(vec![second]))
}

async fn a_key_comes_back_as_it_went(subject: Subject) -> Verdict {
    let now = subject.clock.now();
    let (current, ended) = (subject.key(), subject.key());
    let ended = SigningKey {
        expires_at: Some((1 << 53) - 1),
        ..ended
    };
    for key in [&current, &ended] {
        let added = subject.door(0)?.add_signing_key(key).await;
        added.map_err(text)?;
    }
    let expire = subject.door(0)?.expire_signing_key(&ended.kid, now);
    expire.await.map_err(text)?;
    let keys = subject.keys(1).await?;
    let expected = [
        (current.kid.clone(), current.seed, current.created_at, None),
        (ended.kid, ended.seed, ended.created_at, Some(now)),
    ];
    for (kid, seed, created_at, expires_at) in expected {
        let found = keys.iter().find(|key| key.kid == kid);
        let found = found.map(|key| (key.seed, key.created_at, key.expires_at));
        same("a key", found, Some((seed, created_at, expires_at)))?;
    }
    Ok(())
}

/// Several isolates or processes that find no key at their start.
async fn of_many_first_keys_one_is_taken(subject: Subject) -> Verdict {
    subject.expire_all(subject.clock.now()).await?;
    let keys: Vec<SigningKey> = (0..30).map(|_| subject.key()).collect();
    let race = keys
        .iter()
        .enumerate()
        .map(|(n, key)| subject.add_first(n, key));
    for added in join_all(race).await {
        added?;
    }
    let current = subject.current().await?;
    same("keys that sign", current.len(), 1)?;
    let one_of_them = keys.iter().any(|key| current.contains(&key.kid));
    same("one of those", one_of_them, true)
}

async fn a_first_key_beside_a_current_one_is_not_taken(subject: Subject) -> Verdict {
    let current = subject.key();
    let added = subject.door(0)?.add_signing_key(&current).await;
    added.map_err(text)?;
    let late = subject.key();
    subject.add_first(1, &late).await?;
    let kids = subject.current().await?;
    let seen = (kids.contains(&current.kid), kids.contains(&late.kid));
    same("the current one, and no other", seen, (true, false))
}

async fn a_key_that_fades_is_no_current_one(subject: Subject) -> Verdict {
    subject.expire_all(subject.clock.now() + 1_000_000).await?;
    let key = subject.key();
    subject.add_first(0, &key).await?;
    same("it alone", subject.current().await?, vec![key.kid])
}
