//! Turns for the conflicting writes of one tenant. A write that lost two commits to others waits for the tenant's turn
//! before it reads again. Without turns, all losing writes would read and commit at once, and all but one would fail in
//! every round.
//!
//! Turns save work and do not affect correctness, because the guard of each commit proves what the decision depends on.
//! A turn is a lease, because a Worker never drops a request whose caller hung up. Other isolates and processes do not
//! know of it.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

use parking_lot::Mutex;

use crate::{
    fault::Fault,
    ports::{Ports, store::TenantId},
};

/// How long a turn lasts unless it is renewed, in ms.
const LEASE_MS: i64 = 1_000;

/// Above this number of turns, expired ones are removed.
const MOST: usize = 1_000;

/// A waiter polls at least every 2^n ms.
const LONGEST_WAIT: u32 = 6;

#[derive(Default)]
pub struct Turns {
    held: Mutex<HashMap<TenantId, Lease>>,
}

/// The end of a turn, in epoch ms. Each turn has its own.
type Lease = Arc<AtomicI64>;

/// A tenant's turn. Dropping it gives it back.
pub struct Turn<'a> {
    turns: &'a Turns,
    tenant: TenantId,
    lease: Lease,
}

impl Turns {
    /// Waits for the turn until `deadline`, in epoch ms.
    pub async fn wait(
        &self,
        ports: &Ports,
        tenant: &TenantId,
        deadline: i64,
    ) -> Result<Turn<'_>, Fault> {
        let mut waits = 0;
        loop {
            if let Some(turn) = self.take(tenant, ports.clock.now()) {
                return Ok(turn);
            }
            waits += 1;
            pause(ports, waits.min(LONGEST_WAIT), deadline).await?;
        }
    }

    /// Takes the turn if it is free at `now`, in epoch ms.
    fn take(&self, tenant: &TenantId, now: i64) -> Option<Turn<'_>> {
        // A lease that ends later than a new one would was taken before the clock went back.
        let over = |lease: &Lease| {
            let until = lease.load(Relaxed);
            until <= now || until > now.saturating_add(LEASE_MS)
        };
        self.with(|held| {
            if held.get(tenant).is_some_and(|lease| !over(lease)) {
                return None;
            }
            if held.len() >= MOST {
                held.retain(|_, lease| !over(lease));
            }
            let lease = Lease::new(AtomicI64::new(now.saturating_add(LEASE_MS)));
            held.insert(tenant.clone(), lease.clone());
            Some(Turn {
                turns: self,
                tenant: tenant.clone(),
                lease,
            })
        })
    }

    fn with<T>(&self, f: impl FnOnce(&mut HashMap<TenantId, Lease>) -> T) -> T {
        f(&mut self.held.lock())
    }
}

impl Turn<'_> {
    /// Waits before try number `tries`, then renews the turn.
    pub async fn keep(&self, ports: &Ports, tries: u32, deadline: i64) -> Result<(), Fault> {
        pause(ports, tries, deadline).await?;
        self.renew(ports.clock.now());
        Ok(())
    }

    /// Extends the lease by [`LEASE_MS`] from now. Has no effect if another write has the turn by now.
    fn renew(&self, now: i64) {
        self.lease.store(now.saturating_add(LEASE_MS), Relaxed);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.with(|held| {
            if held
                .get(&self.tenant)
                .is_some_and(|lease| Arc::ptr_eq(lease, &self.lease))
            {
                held.remove(&self.tenant);
            }
        });
    }
}

/// Waits a random time of up to 2, 4, 8 ... 128 ms (full jitter). Refused if that passes the deadline.
async fn pause(ports: &Ports, times: u32, deadline: i64) -> Result<(), Fault> {
    let mut bytes = [0u8; 2];
    ports.random.fill(&mut bytes);
    let wait = u64::from(u16::from_le_bytes(bytes)) % (1 << times.min(7)) + 1;
    if ports.clock.now() + wait as i64 > deadline {
        return Err(Fault::Busy(
            "other changes came first until the deadline".into(),
        ));
    }
    ports.clock.sleep(wait).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    use futures_util::{FutureExt, future::join_all};
    use serde_json::json;

    use super::*;
    use crate::{
        ports::{
            Answer, Clock, TenantStore,
            store::{Commit, Rows, Statement, StoreError, Value},
        },
        testing::{
            Memory, NOW, USER, World,
            api::{TENANT, tenant},
            id,
        },
        work::{Decision, Entry, Found, Guard, Issued, Kind, NoneExpected, Reads, Work},
    };

    #[test]
    fn one_has_it_until_it_is_given_back() {
        let turns = Turns::default();
        let first = turns.take(&tenant(TENANT), NOW).unwrap();
        assert!(turns.take(&tenant(TENANT), NOW + LEASE_MS - 1).is_none());
        drop(first);
        assert!(turns.take(&tenant(TENANT), NOW).is_some());
    }

    #[test]
    fn one_that_is_forgotten_runs_out_by_a_clock_that_went_back_too() {
        let turns = Turns::default();
        let first = turns.take(&tenant(TENANT), NOW).unwrap();
        assert!(turns.take(&tenant(TENANT), NOW - 1).is_some());
        drop(first);
    }

    #[test]
    fn one_that_is_forgotten_runs_out() {
        let turns = Turns::default();
        let first = turns.take(&tenant(TENANT), NOW).unwrap();
        first.renew(NOW + 500);
        assert!(turns.take(&tenant(TENANT), NOW + LEASE_MS).is_none());
        let second = turns.take(&tenant(TENANT), NOW + 500 + LEASE_MS).unwrap();
        // The earlier holder can neither extend the turn nor give it back.
        first.renew(NOW + 9_000);
        drop(first);
        assert!(turns.take(&tenant(TENANT), NOW + 501 + LEASE_MS).is_none());
        drop(second);
        // The same after it went to a third holder.
        let late = turns.take(&tenant(TENANT), NOW).unwrap();
        drop(turns.take(&tenant(TENANT), NOW + LEASE_MS).unwrap());
        let third = turns.take(&tenant(TENANT), NOW + LEASE_MS).unwrap();
        drop(late);
        assert!(turns.take(&tenant(TENANT), NOW + LEASE_MS).is_none());
        drop(third);
    }

    /// Lets all other tasks run `0` times.
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

    /// A store whose round trips take time.
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

    /// Fifty concurrent edits of one row: all succeed, with at most three tries each.
    #[test]
    fn those_who_lost_go_on_one_after_another() {
        const WRITERS: usize = 50;
        let world = World::new();
        let mut ports = world.core.work.ports.clone();
        ports.store = Arc::new(Far(world.store.clone()));
        ports.clock = Arc::new(Still);
        let work = Work::new(ports);
        let cx = world.cx();
        let edit = async |_| {
            let ended = work
                .write_here::<_, _, Fault>(
                    &cx,
                    |_| {
                        let sql = "SELECT version FROM users WHERE id = ?1";
                        Ok(Reads::one::<i64>(Statement::new(sql, [id(USER).into()])))
                    },
                    |_, version, mut found: Found| {
                        let version = found.take(version)?;
                        let sql = "UPDATE users SET version = version + 1 WHERE id = ?1";
                        let entry = Entry::new(Kind::User, id(USER), "update", json!({}));
                        let update = Statement::new(sql, [id(USER).into()]);
                        let answer = |_: &Issued| ();
                        let guard = Guard::new().versions("users", [(id(USER).as_str(), version)]);
                        let decision = Decision::change(vec![entry], vec![update], answer);
                        Ok(decision.under(guard))
                    },
                    NoneExpected,
                )
                .await;
            assert!(ended.is_ok());
        };
        // Enough rounds for all edits to finish.
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
