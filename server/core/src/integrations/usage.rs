//! The usage of deprecated things, and the last use of each API key. They are counted in memory while requests are
//! served, and stored in batches, so a request writes nothing. Counts that are not stored yet are lost if the process
//! dies.

use std::collections::HashMap;

use crm_runtime::server::Deprecation;
use parking_lot::Mutex;
use serde_json::json;

use super::deprecations::name;
use crate::{
    context::{Caller, Principal},
    core::Core,
    ports::store::{Statement, StoreError, TenantId, admission::fit},
    work::settled,
};

/// The most entries between two stores, so that one batch holds all of them.
const MOST_ENTRIES: usize = 4_000;
/// The most pairs of thing and caller in a tenant.
const MOST_PAIRS: i64 = 10_000;
/// The number of days with separate counts: a notice period.
const DAYS: i64 = 92;
/// The days without a use after which a pair is deleted.
const FORGOTTEN_DAYS: i64 = 400;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The counts since they were last stored.
#[derive(Default)]
pub struct Usage {
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    tenants: HashMap<TenantId, Tally>,
    entries: usize,
    /// Uses that were dropped for lack of room.
    dropped: u64,
}

/// The counts of one tenant.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The last use of each API key, by its id.
    keys: HashMap<String, i64>,
    /// The uses by caller, in the form of the rows.
    uses: HashMap<String, Vec<Use>>,
}

/// The uses of one thing on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Use {
    thing: &'static Deprecation,
    day: i64,
    times: i64,
    first: i64,
    last: i64,
}

impl Usage {
    /// Counts an admitted request: its API key, and the deprecated things that it used.
    pub fn count(
        &self,
        caller: &Caller,
        at: i64,
        used: impl Iterator<Item = &'static Deprecation>,
    ) {
        let key = match &caller.principal {
            Principal::Key { id, .. } => Some(id.as_str()),
            Principal::Operator => return,
            Principal::User { .. } | Principal::Portal { .. } => None,
        };
        let mut used = used.peekable();
        // Most requests are from people and use nothing deprecated: they do not even take the lock.
        if key.is_none() && used.peek().is_none() {
            return;
        }
        let mut counted = self.counted.lock();
        if let Some(key) = key {
            counted.key(&caller.tenant, key, at);
        }
        if used.peek().is_some() {
            let principal = caller.principal.actor();
            for thing in used {
                counted.one(
                    &caller.tenant,
                    &principal,
                    Use {
                        thing,
                        day: at.div_euclid(DAY_MS),
                        times: 1,
                        first: at,
                        last: at,
                    },
                );
            }
        }
    }

    /// Whether there is nothing to store.
    pub fn is_empty(&self) -> bool {
        self.counted.lock().tenants.is_empty()
    }

    /// Takes all counts, to store them.
    fn take(&self) -> HashMap<TenantId, Tally> {
        let taken = std::mem::take(&mut *self.counted.lock());
        if taken.dropped > 0 {
            tracing::warn!(
                uses = taken.dropped,
                "more is used of what is going away than is counted"
            );
        }
        taken.tenants
    }

    /// Adds counts back that could not be stored.
    fn give_back(&self, tenant: &TenantId, tally: Tally) {
        let mut counted = self.counted.lock();
        for (key, at) in tally.keys {
            counted.key(tenant, &key, at);
        }
        for (principal, uses) in tally.uses {
            for one in uses {
                counted.one(tenant, &principal, one);
            }
        }
    }
}

impl Counted {
    fn key(&mut self, tenant: &TenantId, key: &str, at: i64) {
        if let Some(known) = self
            .tenants
            .get_mut(tenant)
            .and_then(|tally| tally.keys.get_mut(key))
        {
            *known = at.max(*known);
        } else if self.has_room() {
            let tally = self.tenants.entry(tenant.clone()).or_default();
            tally.keys.insert(key.to_owned(), at);
        }
    }

    fn one(&mut self, tenant: &TenantId, principal: &str, new: Use) {
        let known = self
            .tenants
            .get_mut(tenant)
            .and_then(|tally| tally.uses.get_mut(principal))
            .and_then(|uses| {
                uses.iter_mut()
                    .find(|known| std::ptr::eq(known.thing, new.thing) && known.day == new.day)
            });
        if let Some(known) = known {
            known.times += new.times;
            known.first = known.first.min(new.first);
            known.last = known.last.max(new.last);
        } else if self.has_room() {
            let tally = self.tenants.entry(tenant.clone()).or_default();
            tally
                .uses
                .entry(principal.to_owned())
                .or_default()
                .push(new);
        } else {
            self.dropped += 1;
        }
    }

    fn has_room(&mut self) -> bool {
        let room = self.entries < MOST_ENTRIES;
        self.entries += usize::from(room);
        room
    }
}

impl Core {
    /// Stores the counts. A host calls it once a minute, and before it stops. If a tenant's store refuses, the next
    /// call tries again.
    pub async fn write_usage(&self) {
        let now = self.ports().clock.now();
        for (tenant, tally) in self.usage.take() {
            let statements = tally.statements(now);
            let written = match fit(&statements) {
                Ok(_) => self
                    .ports()
                    .store
                    .commit(&tenant, statements)
                    .await
                    .map(drop),
                Err(error) => Err(error),
            };
            match written {
                Ok(()) => {}
                Err(StoreError::UnknownTenant) => {}
                Err(StoreError::TooLarge) => {
                    tracing::error!(%tenant, "what was counted is more than the store takes");
                }
                Err(error) => {
                    tracing::warn!(%tenant, %error, "what was counted is not written yet");
                    self.usage.give_back(&tenant, tally);
                }
            }
        }
    }
}

impl Tally {
    fn statements(&self, now: i64) -> Vec<Statement> {
        let mut statements = Vec::new();
        if !self.keys.is_empty() {
            let keys: Vec<_> = self.keys.iter().map(|(key, at)| json!([key, at])).collect();
            statements.push(Statement::new(
                "UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, 0), j.at) \
                 FROM (SELECT value ->> 0 AS id, value ->> 1 AS at FROM json_each(?1)) j WHERE api_keys.id = j.id",
                [json!(keys).to_string().into()],
            ));
        }
        if self.uses.is_empty() {
            return statements;
        }
        let each = || {
            self.uses
                .iter()
                .flat_map(|(principal, uses)| uses.iter().map(move |one| (principal, one)))
        };
        let uses: Vec<_> = each()
            .map(|(principal, one)| {
                json!([
                    name(one.thing),
                    principal,
                    one.times,
                    one.first,
                    one.last,
                    one.day
                ])
            })
            .collect();
        let uses = json!(uses).to_string();
        let today = now.div_euclid(DAY_MS);
        statements.extend([
            Statement::new(
                "INSERT INTO deprecation_uses (deprecation, principal, times, first_at, last_at) \
                 SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4 FROM json_each(?1) j \
                 WHERE (SELECT count(*) FROM deprecation_uses) < ?2 OR EXISTS \
                 (SELECT 1 FROM deprecation_uses u WHERE u.deprecation = j.value ->> 0 AND u.principal = j.value ->> 1) \
                 ON CONFLICT (deprecation, principal) DO UPDATE SET times = times + excluded.times, \
                 first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)",
                [uses.as_str().into(), MOST_PAIRS.into()],
            ),
            Statement::new(
                "INSERT INTO deprecation_days (deprecation, principal, day, times) \
                 SELECT j.value ->> 0, j.value ->> 1, j.value ->> 5, j.value ->> 2 FROM json_each(?1) j \
                 WHERE EXISTS (SELECT 1 FROM deprecation_uses u WHERE u.deprecation = j.value ->> 0 AND u.principal = j.value ->> 1) \
                 ON CONFLICT (deprecation, principal, day) DO UPDATE SET times = times + excluded.times",
                [uses.into()],
            ),
            settled::look(now),
            Statement::new(
                format!(
                    "DELETE FROM deprecation_days WHERE day <= ?3 AND day * ?4 < {} - ?5",
                    settled::passed("?1", "?2")
                ),
                [
                    now.into(),
                    settled::STEADY_MS.into(),
                    (today - DAYS).into(),
                    DAY_MS.into(),
                    ((DAYS - 1) * DAY_MS).into(),
                ],
            ),
            Statement::new(
                format!(
                    "DELETE FROM deprecation_uses WHERE last_at < {} - ?3",
                    settled::passed("?1", "?2")
                ),
                [
                    now.into(),
                    settled::STEADY_MS.into(),
                    (FORGOTTEN_DAYS * DAY_MS).into(),
                ],
            ),
        ]);
        statements
    }
}

#[cfg(test)]
mod tests {
    use crm_runtime::server::DeprecatedKind;

    use super::*;

    static THING: Deprecation = Deprecation {
        kind: DeprecatedKind::Operation,
        version: 1,
        element: "/paths/~1a/get",
        title: "GET /a",
        operation: Some("a_get"),
        deprecated_at: None,
        sunset: None,
        sunset_date: None,
        replacement: None,
        link: None,
        successor: None,
    };

    fn caller(principal: Principal) -> Caller {
        let tenant = TenantId::parse("019bb16e-fe80-78b0-b715-3bf7c3706d85").unwrap();
        Caller { tenant, principal }
    }

    fn user(id: &str) -> Caller {
        caller(Principal::User {
            id: id.to_owned(),
            session: "s".to_owned(),
        })
    }

    fn only(usage: &Usage) -> Tally {
        let mut all: Vec<Tally> = usage.take().into_values().collect();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn people_who_use_nothing_of_it_and_the_operator_are_not_counted() {
        let usage = Usage::default();
        usage.count(&user("a"), 5, std::iter::empty());
        usage.count(&caller(Principal::Operator), 5, std::iter::once(&THING));
        assert!(usage.is_empty());
    }

    #[test]
    fn a_day_of_uses_is_one_entry() {
        let usage = Usage::default();
        for at in [7, 5, DAY_MS + 1, 9] {
            usage.count(&user("a"), at, std::iter::once(&THING));
        }
        let tally = only(&usage);
        let one = |day, times, first, last| Use {
            thing: &THING,
            day,
            times,
            first,
            last,
        };
        assert_eq!(
            tally.uses["user:a"],
            [one(0, 3, 5, 9), one(1, 1, DAY_MS + 1, DAY_MS + 1)]
        );
        assert!(tally.keys.is_empty() && usage.is_empty());
    }

    #[test]
    fn what_is_given_back_counts_with_what_came_meanwhile() {
        let usage = Usage::default();
        let key = caller(Principal::Key {
            id: "k".to_owned(),
            scopes: Vec::new(),
        });
        usage.count(&key, 5, std::iter::once(&THING));
        let taken = only(&usage);
        usage.count(&key, 7, std::iter::once(&THING));
        usage.give_back(&key.tenant, taken);
        let tally = only(&usage);
        assert_eq!(tally.keys["k"], 7);
        assert_eq!(
            (tally.uses["key:k"][0].times, tally.uses["key:k"][0].first),
            (2, 5)
        );
    }

    #[test]
    fn memory_is_bounded_and_what_is_counted_goes_on() {
        let usage = Usage::default();
        for number in 0..MOST_ENTRIES + 10 {
            usage.count(&user(&number.to_string()), 5, std::iter::once(&THING));
        }
        usage.count(&user("0"), 5, std::iter::once(&THING));
        assert_eq!(usage.counted.lock().dropped, 10);
        let tally = only(&usage);
        assert_eq!(
            (tally.uses.len(), tally.uses["user:0"][0].times),
            (MOST_ENTRIES, 2)
        );
        assert!(fit(&tally.statements(5)).is_ok());
    }
}
