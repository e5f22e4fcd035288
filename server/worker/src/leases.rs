//! What all requests of this isolate share, of the 128 MB that it has. A request whose caller left may never be polled again
//! and so never be dropped. So each holds what it holds by a lease, which runs out by the clock unless something happens.

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
/// As much of an answer as is given to the platform at once.
const SLICE: usize = 64 << 10;
/// Bytes of an answer that a caller has to take in each second: as many as the native host demands.
const TAKEN_IN_S: usize = 8 << 10;

/// An answer of one slice goes out in one piece, which costs less, but nobody sees when it is taken. So one of so many, drawn
/// at random, is sliced as a sample. Once an answer has waited for so long, callers leave answers unread: then all are sliced
/// and counted.
const SAMPLED_OF: u8 = 8;
const LEFT_MS: i64 = 250;

/// Requests at work, bytes of bodies, and bytes of what D1 answers and is sent; and the part of one address or business.
/// What D1 answers and is sent is counted twice ([`Held::read`]). The largest batch, which reads 8 MiB and writes 8 MiB, has
/// room alone, and leaves room to others. Passwords take 40 MB beside it.
const SLOTS: [usize; 2] = [256, 128];
const BODIES: [usize; 2] = [8 << 20, 3 << 20];
const READ: [usize; 2] = [40 << 20, 36 << 20];
/// Bytes of answers that are there whole: nobody keeps others from reading by not taking theirs.
const ANSWERS: [usize; 2] = [16 << 20, 4 << 20];

pub struct Leases {
    hall: Arc<Hall>,
    all: Mutex<Vec<Weak<Lease>>>,
}

/// What one request holds.
pub struct Lease {
    pub held: Arc<Held>,
    /// Answers were left unread when the request came.
    are_left: bool,
    life: Mutex<Life>,
}

/// Times are in epoch ms.
struct Life {
    /// From the last sign of life on.
    lease: Range<i64>,
    /// In which all of the answer has to be taken.
    taking: Option<Range<i64>>,
    /// Bytes of the answer that the platform has not taken yet.
    rest: Bytes,
}

impl Life {
    /// One that begins much later than now is of before the clock went back. A little is nothing: each request has a clock
    /// of its own, which stands still while it computes.
    fn lasts(&self, now: i64) -> bool {
        let holds = |time: &Range<i64>| {
            now < time.end && now > time.start.saturating_sub(LEASE_MS) && !time.is_empty()
        };
        holds(&self.lease) && self.taking.as_ref().is_none_or(holds)
    }

    /// Whether the caller has not taken a slice for a while.
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
    /// A request that comes at `now`, in epoch ms. All whose address is not known are charged together. What has run out is
    /// given back.
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

    /// Slots, bytes of bodies and bytes of answers that are taken.
    #[cfg(any(test, feature = "conformance"))]
    pub fn taken(&self) -> [usize; 3] {
        self.hall.taken()
    }
}

impl Lease {
    /// Whether it has not run out; if it has, what it held is given back.
    fn lasts(&self, now: i64) -> bool {
        let lasts = self.life().lasts(now);
        if !lasts {
            self.end();
        }
        lasts
    }

    /// Gives back what it holds. JavaScript may have it for a while after that.
    pub fn end(&self) {
        self.held.end();
        *self.life() = Life {
            lease: 0..0,
            taking: None,
            rest: Bytes::new(),
        };
    }

    /// Keeps the answer, which is there at `now`, to be taken in slices and in time. One that goes out in one piece is given
    /// back. `draw` gives a random byte.
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

    /// The next slice of the answer, asked for at `now`, in epoch ms; none at its end and where the lease has run out.
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
