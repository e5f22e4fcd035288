//! Writes of one tenant that came in each other's way go on one after another. Each that lost two commits to others asks
//! for the tenant's turn before it reads again; without it, those who lost would all read and commit at once, all but one
//! of them in vain, for as many rounds as there are writes.
//!
//! A turn spares work and nothing else: what a commit stands on is proven by its guard. So it is a lease. A Worker never
//! drops a request whose caller hung up, and other isolates and processes know nothing of it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::ports::store::TenantId;

/// How long a turn lasts unless it is renewed, in ms.
const LEASE_MS: i64 = 1_000;

/// Above so many, those that are over are forgotten.
const MOST: usize = 1_000;

#[derive(Default)]
pub struct Turns {
    held: Mutex<HashMap<TenantId, Held>>,
}

#[derive(Clone, Copy)]
struct Held {
    /// Whose it is: see [`Turn::number`].
    by: u64,
    /// Epoch ms.
    until: i64,
}

/// The tenant's turn, given back when it is dropped.
pub struct Turn<'a> {
    turns: &'a Turns,
    tenant: TenantId,
    /// One more than that of the turn which ran out before it.
    number: u64,
}

impl Turns {
    /// The turn, if nobody has it at `now`, in epoch ms.
    pub fn take(&self, tenant: &TenantId, now: i64) -> Option<Turn<'_>> {
        self.with(|held| {
            let last = held.get(tenant).copied();
            if last.is_some_and(|last| last.until > now) {
                return None;
            }
            if held.len() >= MOST {
                held.retain(|_, held| held.until > now);
            }
            let number = last.map_or(0, |last| last.by.wrapping_add(1));
            let until = now.saturating_add(LEASE_MS);
            held.insert(tenant.clone(), Held { by: number, until });
            Some(Turn {
                turns: self,
                tenant: tenant.clone(),
                number,
            })
        })
    }

    fn with<T>(&self, f: impl FnOnce(&mut HashMap<TenantId, Held>) -> T) -> T {
        f(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Turn<'_> {
    /// It lasts as long again, if it has not gone to another meanwhile.
    pub fn renew(&self, now: i64) {
        self.turns.with(|held| {
            if let Some(held) = held.get_mut(&self.tenant)
                && held.by == self.number
            {
                held.until = now.saturating_add(LEASE_MS);
            }
        });
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.with(|held| {
            if held
                .get(&self.tenant)
                .is_some_and(|held| held.by == self.number)
            {
                held.remove(&self.tenant);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        sync::{Arc, Mutex},
        task::{Context, Poll},
    };

    use crm_runtime::server::StoredAnswer;
    use futures_util::{FutureExt, future::join_all};

    use super::*;
    use crate::{
        fault::Fault,
        ports::{
            Answer, Clock, TenantStore,
            store::{Commit, Rows, Statement, StoreError, Value},
        },
        testing::{Memory, NOW, USER, World, id},
        work::{Decision, Guard, NoneExpected, Outcome, Work},
    };

    fn tenant() -> TenantId {
        TenantId::parse("0190a1b2-0000-7000-8000-000000000000").unwrap()
    }

    #[test]
    fn one_has_it_until_it_is_given_back() {
        let turns = Turns::default();
        let first = turns.take(&tenant(), NOW).unwrap();
        assert!(turns.take(&tenant(), NOW + LEASE_MS - 1).is_none());
        drop(first);
        assert!(turns.take(&tenant(), NOW).is_some());
    }

    #[test]
    fn one_that_is_forgotten_runs_out() {
        let turns = Turns::default();
        let first = turns.take(&tenant(), NOW).unwrap();
        first.renew(NOW + 500);
        assert!(turns.take(&tenant(), NOW + LEASE_MS).is_none());
        let second = turns.take(&tenant(), NOW + 500 + LEASE_MS).unwrap();
        // Who had it before can neither prolong it nor give it back.
        first.renew(NOW + 9_000);
        drop(first);
        assert!(turns.take(&tenant(), NOW + 501 + LEASE_MS).is_none());
        drop(second);
    }

    /// Lets all others go on `0` times.
    struct Wait(u64);

    impl Future for Wait {
        type Output = ();

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
            if self.0 == 0 {
                return Poll::Ready(());
            }
            self.0 -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    }

    /// A store whose trips take some time.
    struct Far(Arc<Memory>);

    impl TenantStore for Far {
        fn read<'a>(
            &'a self,
            tenant: &'a TenantId,
            statements: Vec<Statement>,
        ) -> Answer<'a, Result<Vec<Rows>, StoreError>> {
            Box::pin(Wait(5).then(|()| self.0.read(tenant, statements)))
        }

        fn commit<'a>(
            &'a self,
            tenant: &'a TenantId,
            statements: Vec<Statement>,
        ) -> Answer<'a, Result<Commit, StoreError>> {
            Box::pin(Wait(5).then(|()| self.0.commit(tenant, statements)))
        }
    }

    struct Still;

    impl Clock for Still {
        fn now(&self) -> i64 {
            NOW
        }

        fn sleep(&self, ms: u64) -> Answer<'_, ()> {
            Box::pin(Wait(ms))
        }
    }

    /// Fifty edits of one row at once: each stands, and each costs three tries at most.
    #[test]
    fn those_who_lost_go_on_one_after_another() {
        const WRITERS: usize = 50;
        let world = World::new();
        let mut ports = world.core.work.ports.clone();
        ports.store = Arc::new(Far(world.store.clone()));
        ports.clock = Arc::new(Still);
        let work = Work::new(ports);
        let cx = world.cx();
        let seen = Mutex::new(Vec::new());
        let edit = async |_| {
            let ended = work
                .write::<StoredAnswer, Fault>(
                    &cx,
                    |_| {
                        let sql = "SELECT version FROM users WHERE id = ?1";
                        Ok(vec![Statement::new(sql, [id(USER).into()])])
                    },
                    |_, rows| {
                        let version = rows[0][0][0].as_i64().unwrap();
                        seen.lock().unwrap().push(version);
                        let sql = "UPDATE users SET version = version + 1 WHERE id = ?1";
                        Ok(Decision {
                            guard: Guard::new().versions("users", [(id(USER).as_str(), version)]),
                            statements: vec![Statement::new(sql, [id(USER).into()])],
                            ..Decision::nothing(|_| StoredAnswer {
                                status: 204,
                                headers: Vec::new(),
                                body: Default::default(),
                            })
                        })
                    },
                    NoneExpected,
                )
                .await;
            assert!(matches!(ended, Ok(Outcome::Done(_))));
        };
        // Enough rounds for all of them to be done.
        let mut all = Box::pin(join_all((0..WRITERS).map(edit)));
        let waker = std::task::Waker::noop();
        let mut rounds = 0;
        while all
            .as_mut()
            .poll(&mut Context::from_waker(waker))
            .is_pending()
        {
            rounds += 1;
            assert!(rounds < 100_000, "they wait for each other");
        }
        let last = "SELECT version FROM users WHERE id = ?1";
        let last = world.store.run(&Statement::new(last, [id(USER).into()]));
        assert_eq!(last, [[Value::Integer(1 + WRITERS as i64)]]);
        let (_, commits) = world.store.trips();
        assert!(commits < 3 * WRITERS, "{commits} after {rounds} rounds");
    }
}
