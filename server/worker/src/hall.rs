//! What all requests of this isolate share, of the 128 MB that it has. A request whose caller left may never be polled again
//! and so never be dropped. So each holds what it holds by a lease, which runs out by the clock unless something happens.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use crm_core::{
    held::{self, Held},
    shares::Shares,
};

/// Without a sign of life. The router gives a request up after half of it.
const LEASE_MS: i64 = 60_000;
/// As much of an answer as is given to the platform at once.
const SLICE: usize = 64 << 10;

/// Requests at work, bytes of bodies, and bytes of what D1 answers, of what it is sent and of answers; and the part of one
/// address or business. What D1 answers and is sent is counted twice ([`Held::read`]). The largest batch, which reads 8 MiB
/// and writes 8 MiB, has room alone, and leaves room to others. Passwords take 40 MB beside it.
const SLOTS: [usize; 2] = [256, 128];
const BODIES: [usize; 2] = [8 << 20, 3 << 20];
const ANSWERS: [usize; 2] = [44 << 20, 36 << 20];

pub struct Hall {
    hall: Arc<held::Hall>,
    leases: Mutex<Vec<Weak<Lease>>>,
}

/// What one request holds.
pub struct Lease {
    pub held: Arc<Held>,
    /// In epoch ms.
    until: AtomicI64,
    /// Bytes of its answer that the platform has not taken yet.
    rest: Mutex<Bytes>,
}

impl Default for Hall {
    fn default() -> Self {
        let of = |[all, one]: [usize; 2]| Shares::new(all, one);
        Self {
            hall: Arc::new(held::Hall::new(of(SLOTS), of(BODIES), of(ANSWERS))),
            leases: Mutex::default(),
        }
    }
}

impl Hall {
    /// A request that comes at `now`, in epoch ms. All whose address is not known are one party. What has run out is given
    /// back.
    pub fn enter(&self, address: Option<IpAddr>, now: i64) -> Arc<Lease> {
        let address = address.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        let lease = Arc::new(Lease {
            held: self.hall.enter(address),
            until: AtomicI64::new(now.saturating_add(LEASE_MS)),
            rest: Mutex::default(),
        });
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        leases.retain(|lease| lease.upgrade().is_some_and(|lease| lease.lasts(now)));
        leases.push(Arc::downgrade(&lease));
        lease
    }

    /// Slots, bytes of bodies and bytes of answers that are taken.
    #[cfg(any(test, feature = "conformance"))]
    pub fn taken(&self) -> [usize; 3] {
        self.hall.taken()
    }
}

impl Lease {
    /// Whether it has not run out; if it has, what it held is given back.
    fn lasts(&self, now: i64) -> bool {
        let until = self.until.load(Relaxed);
        // One that lasts longer than a lease does was made before the clock went back.
        let lasts = now < until && until <= now.saturating_add(LEASE_MS);
        if !lasts {
            self.held.end();
            self.rest().clear();
        }
        lasts
    }

    /// Keeps the answer, to be taken in slices.
    pub fn put(&self, answer: Bytes) {
        *self.rest() = answer;
    }

    /// The next slice of the answer, asked for at `now`, in epoch ms; none at its end and where the lease has run out.
    pub fn next(&self, now: i64) -> Option<Bytes> {
        self.until.store(now.saturating_add(LEASE_MS), Relaxed);
        let mut rest = self.rest();
        let length = rest.len().min(SLICE);
        (length > 0).then(|| rest.split_to(length))
    }

    fn rest(&self) -> MutexGuard<'_, Bytes> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_764_000_000_000;

    #[test]
    fn a_request_that_nobody_drops_gives_its_room_back_when_its_lease_runs_out() {
        let hall = Hall::default();
        let lost = hall.enter(None, NOW);
        assert!(lost.held.body(1 << 20) && lost.held.work() && lost.held.read(1 << 20));
        lost.put(Bytes::from(vec![b'x'; 1 << 20]));
        let other = hall.enter(None, NOW + LEASE_MS - 1);
        assert!(hall.taken().iter().all(|taken| *taken > 0));
        drop(hall.enter(None, NOW + LEASE_MS));
        assert_eq!(hall.taken(), [0, 0, 0]);
        assert_eq!(lost.next(NOW + LEASE_MS), None, "its bytes are gone");
        assert!(!lost.held.read(1 << 20));
        assert!(other.held.work());
        // By a clock that went back too.
        drop(hall.enter(None, NOW - LEASE_MS));
        assert_eq!(hall.taken(), [0, 0, 0]);
    }

    #[test]
    fn an_answer_that_is_being_taken_lasts_and_one_that_is_not_does_not() {
        let hall = Hall::default();
        let [taken, left] = [hall.enter(None, NOW), hall.enter(None, NOW)];
        for lease in [&taken, &left] {
            assert!(lease.held.answer(4 * SLICE));
            lease.put(Bytes::from(vec![b'x'; 4 * SLICE]));
        }
        let mut bytes = 0;
        for minute in 0..4 {
            let now = NOW + minute * (LEASE_MS - 1);
            drop(hall.enter(None, now));
            bytes += taken.next(now).map_or(0, |slice| slice.len());
        }
        assert_eq!(bytes, 4 * SLICE);
        assert_eq!(taken.next(NOW), None);
        assert_eq!(left.next(NOW), None);
    }

    #[test]
    fn the_largest_batch_has_room_alone_and_leaves_some_to_others() {
        use crm_core::{
            http::{BODY_LIMIT, Seat},
            ports::store::{TenantId, admission::BATCH_BYTES},
        };
        let tenant = |n| TenantId::parse(&format!("01900000-0000-7000-8000-00000000000{n}"));
        let hall = Hall::default();
        let enter = |n: u8| {
            let lease = hall.enter(Some([192, 0, 2, n].into()), NOW);
            assert!(lease.held.known(&tenant(n).unwrap()));
            lease
        };
        let large = enter(1);
        assert!(large.held.body(BODY_LIMIT) && large.held.work());
        assert!(large.held.read(BATCH_BYTES) && large.held.read(BATCH_BYTES));
        let second = enter(1);
        assert!(!second.held.read(BATCH_BYTES));
        let other = enter(2);
        assert!(other.held.body(BODY_LIMIT) && other.held.work() && other.held.read(1 << 20));
    }
}
