//! The slots and bytes that all requests of this isolate share, out of its 128 MB. If the caller left, a request may
//! never be polled again and so never be dropped. So each request holds its share by a lease, which expires unless the
//! request shows signs of life.

use std::{
    net::{IpAddr, Ipv4Addr},
    ops::Range,
    sync::{Arc, Weak},
};

use bytes::Bytes;
use crm_core::{
    core::PATIENCE_MS,
    held::{FREE, Hall, Held},
    shares::Shares,
};
use parking_lot::{Mutex, MutexGuard};

/// How long a silent request keeps its memory: twice the router's time limit.
pub const LEASE_MS: i64 = 2 * PATIENCE_MS.cast_signed();
/// The size of a slice of an answer, in bytes.
const SLICE: usize = 64 << 10;
/// The bytes of an answer that a caller has to read per second: the same as on the native host.
const TAKEN_IN_S: usize = 8 << 10;

/// An answer of one slice is sent in one piece, which costs less, but the isolate cannot see when it is read. So one in
/// `SAMPLED_OF` answers, chosen at random, is sliced as a sample. If an answer waits longer than the following bound,
/// callers leave answers unread: then all answers are sliced and counted.
const SAMPLED_OF: u8 = 8;
const LEFT_MS: i64 = 250;

/// The bounds of requests at work, of bytes of bodies, and of bytes sent to and from D1: the total, and the part of one
/// address or business. Bytes sent to and from D1 count twice ([`Held::read`]). The largest batch, which reads 8 MiB
/// and writes 8 MiB, fits and leaves room for others. Password hashing takes 40 MB in addition.
const SLOTS: [usize; 2] = [256, 128];
const BODIES: [usize; 2] = [8 << 20, 3 << 20];
const READ: [usize; 2] = [40 << 20, 36 << 20];
/// The bounds of bytes of finished answers: callers that do not read their answers cannot keep others from reading.
const ANSWERS: [usize; 2] = [16 << 20, 4 << 20];

pub struct Leases {
    hall: Arc<Hall>,
    all: Mutex<Vec<Weak<Lease>>>,
}

/// The share that one request holds.
pub struct Lease {
    pub held: Arc<Held>,
    /// Whether callers left answers unread when the request came.
    are_left: bool,
    life: Mutex<Life>,
}

/// The times of a lease, in epoch ms.
struct Life {
    /// The validity of the lease, from the last sign of life on.
    lease: Range<i64>,
    /// The time in which the whole answer has to be read.
    taking: Option<Range<i64>>,
    /// Bytes of the answer that the platform has not taken yet.
    rest: Bytes,
}

impl Life {
    /// A lease that begins much later than `now` was made before the clock went back. A small difference is normal:
    /// each request has its own clock, which stands still while it computes.
    fn lasts(&self, now: i64) -> bool {
        let holds = |time: &Range<i64>| {
            now < time.end && now > time.start.saturating_sub(LEASE_MS) && !time.is_empty()
        };
        holds(&self.lease) && self.taking.as_ref().is_none_or(holds)
    }

    /// Whether the caller has not read a slice for a while.
    fn is_left(&self, now: i64) -> bool {
        self.taking.is_some() && now >= self.lease.start.saturating_add(LEFT_MS)
    }
}

fn lease(now: i64) -> Range<i64> {
    now..now.saturating_add(LEASE_MS)
}

impl Default for Leases {
    fn default() -> Self {
        let of = |[all, one]: [usize; 2]| Shares::new(all, one);
        let hall = Hall::new(of(SLOTS), of(BODIES), of(READ)).with_finished(of(ANSWERS));
        Self {
            hall: Arc::new(hall),
            all: Mutex::default(),
        }
    }
}

impl Leases {
    /// Gives a request that comes at `now` (epoch ms) a lease. Requests without a known address count as one address.
    /// Expired leases are released first.
    pub fn enter(&self, address: Option<IpAddr>, now: i64) -> Arc<Lease> {
        let address = address.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        let mut all = self.all.lock();
        let mut are_left = false;
        all.retain(|lease| {
            lease.upgrade().is_some_and(|lease| {
                are_left |= lease.life().is_left(now);
                lease.lasts(now)
            })
        });
        let lease = Arc::new(Lease {
            held: self.hall.enter(address),
            are_left,
            life: Mutex::new(Life {
                lease: lease(now),
                taking: None,
                rest: Bytes::new(),
            }),
        });
        all.push(Arc::downgrade(&lease));
        lease
    }

    /// The slots, bytes of bodies and bytes of answers that are in use.
    #[cfg(any(test, feature = "conformance"))]
    pub fn taken(&self) -> [usize; 3] {
        self.hall.taken()
    }
}

impl Lease {
    /// Whether the lease is valid; an expired one is released.
    fn lasts(&self, now: i64) -> bool {
        let lasts = self.life().lasts(now);
        if !lasts {
            self.end();
        }
        lasts
    }

    /// Releases the share. JavaScript may keep the object for a while after that.
    pub fn end(&self) {
        self.held.end();
        *self.life() = Life {
            lease: 0..0,
            taking: None,
            rest: Bytes::new(),
        };
    }

    /// Keeps the answer, finished at `now`, to be read in slices and in time. Returns an answer that is to be sent in
    /// one piece. `draw` returns a random byte.
    pub fn put(&self, answer: Bytes, now: i64, draw: impl FnOnce() -> u8) -> Option<Bytes> {
        let is_small = answer.len() <= FREE
            || answer.len() <= SLICE && !self.are_left && !draw().is_multiple_of(SAMPLED_OF);
        if is_small {
            return Some(answer);
        }
        let seconds = i64::try_from(answer.len().div_ceil(TAKEN_IN_S)).unwrap_or(i64::MAX);
        let most = LEASE_MS.saturating_add(seconds.saturating_mul(1_000));
        let mut life = self.life();
        life.lease = lease(now);
        life.taking = Some(now..now.saturating_add(most));
        life.rest = answer;
        None
    }

    /// The next slice of the answer, requested at `now` (epoch ms); None at its end and after the lease has expired.
    pub fn next(&self, now: i64) -> Option<Bytes> {
        if !self.lasts(now) {
            return None;
        }
        let mut life = self.life();
        life.lease = lease(now);
        let length = life.rest.len().min(SLICE);
        (length > 0).then(|| life.rest.split_to(length))
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock()
    }
}

#[cfg(test)]
mod tests;
