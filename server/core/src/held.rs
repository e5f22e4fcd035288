//! The shared resources that one request holds: a slot while it is processed, the bytes of its body as they arrive, and
//! the bytes of its reads and its answer until the peer has received them. A request is refused if it needs more than
//! is left, or more than one address or one business may have. It does not wait: a waiting request would keep its
//! memory, so two could wait for each other for ever, and waiting requests would need bounds of their own. Each host
//! has a [`Hall`] of its own size.

use std::{cell::RefCell, future::poll_fn, net::IpAddr, pin::pin, sync::Arc};

use http::Method;
use parking_lot::{Mutex, MutexGuard};

use crate::{
    http::Seat,
    ports::store::TenantId,
    shares::{Charged, Shares},
};

/// Bytes of the body and bytes of the answer that each request may have without taking a share. This much for every
/// connection is safe.
pub const FREE: usize = 16 << 10;

std::thread_local! {
    static CURRENT: RefCell<Option<Arc<Held>>> = const { RefCell::new(None) };
}

/// The resources that all requests share.
#[derive(Debug)]
pub struct Hall {
    slots: Shares,
    bodies: Shares,
    answers: Shares,
    /// A separate share for finished answers, on hosts that have one. Otherwise they count to `answers`.
    finished: Option<Shares>,
}

#[derive(Debug)]
pub struct Held {
    hall: Arc<Hall>,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    parties: Vec<Charged>,
    slot: bool,
    /// Bytes received. The first `FREE` of them take no share.
    body: usize,
    answer: usize,
    /// Bytes taken from the share of finished answers.
    finished: usize,
    /// The request was given up and can take nothing more.
    over: bool,
}

fn counted(bytes: usize) -> usize {
    bytes.saturating_sub(FREE)
}

fn take(shares: &Shares, parties: &[Charged], amount: usize, anyway: bool) -> bool {
    let room = shares.take(parties, amount);
    if !room && anyway {
        shares.take_anyway(parties, amount);
    }
    room || anyway
}

impl Hall {
    /// Slots count requests; bodies and answers count bytes.
    pub fn new(slots: Shares, bodies: Shares, answers: Shares) -> Self {
        Self {
            slots,
            bodies,
            answers,
            finished: None,
        }
    }

    /// Gives finished answers a share of their own, so that slow receivers leave room for reads.
    #[must_use]
    pub fn with_finished(self, finished: Shares) -> Self {
        Self {
            finished: Some(finished),
            ..self
        }
    }

    /// The slots, bytes of bodies and bytes of answers in use.
    pub fn taken(&self) -> [usize; 3] {
        let [slots, bodies, answers] =
            [&self.slots, &self.bodies, &self.answers].map(Shares::taken_in_all);
        let finished = self.finished.as_ref().map_or(0, Shares::taken_in_all);
        [slots, bodies, answers + finished]
    }

    /// Whether finished answers exceed the bound of one of these parties or the total. This is possible because the
    /// answer to a write is always given.
    fn is_overdrawn(&self, parties: &[Charged]) -> bool {
        let finished = self.finished.as_ref();
        finished.is_some_and(|finished| finished.is_overdrawn(parties))
    }

    /// A new request from this address.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Arc<Held> {
        let parties = vec![Charged::at(address)];
        Arc::new(Held {
            hall: self.clone(),
            taken: Mutex::new(Taken {
                parties,
                ..Taken::default()
            }),
        })
    }
}

/// The request that the running code answers. None on the command line.
pub fn current() -> Option<Arc<Held>> {
    CURRENT.with_borrow(Clone::clone)
}

/// The answer bytes that the current request held at some moment.
pub struct Mark {
    held: Option<Arc<Held>>,
    answer: usize,
}

/// Marks what the current request holds now. A caller that may have to read again marks before its first read.
pub fn mark() -> Mark {
    let held = current();
    let answer = held.as_ref().map_or(0, |held| held.taken().answer);
    Mark { held, answer }
}

impl Mark {
    /// Gives back what was taken since the mark. The rows read since then must be dropped.
    pub fn give_back(&self) {
        if let Some(held) = &self.held {
            let mut taken = held.taken();
            let answer = taken.answer.min(self.answer);
            held.set_answer(&mut taken, answer);
        }
    }
}

/// Restores the previous [`current`] when dropped.
struct Before(Option<Arc<Held>>);

impl Drop for Before {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

async fn with<T>(held: Option<Arc<Held>>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|cx| {
        let _before = Before(CURRENT.replace(held.clone()));
        work.as_mut().poll(cx)
    })
    .await
}

/// Runs work with bounds of its own. Its reads do not count to the current request.
pub async fn apart<T>(work: impl Future<Output = T>) -> T {
    with(None, work).await
}

impl Held {
    /// Answers a request with this as [`current`].
    pub async fn during<T>(self: &Arc<Self>, answer: impl Future<Output = T>) -> T {
        with(Some(self.clone()), answer).await
    }

    /// Takes a slot for a request whose body is complete, and room for an answer twice as long as the body. The room is
    /// taken before the work, because the answer to a completed write can no longer be refused.
    #[must_use]
    pub fn work(&self) -> bool {
        let mut taken = self.taken();
        if taken.slot || taken.over {
            return taken.slot;
        }
        let answer = taken.answer.saturating_add(taken.body.saturating_mul(2));
        let slots = &self.hall.slots;
        taken.slot = slots.take(&taken.parties, 1);
        if taken.slot && !self.set_answer(&mut taken, answer) {
            slots.give(&taken.parties, 1);
            taken.slot = false;
        }
        taken.slot
    }

    /// Takes room for more bytes of the body.
    #[must_use]
    pub fn body(&self, bytes: usize) -> bool {
        let mut taken = self.taken();
        let sum = taken.body.saturating_add(bytes);
        let more = counted(sum) - counted(taken.body);
        let room = !taken.over && self.hall.bodies.take(&taken.parties, more);
        if room {
            taken.body = sum;
        }
        room
    }

    /// Takes room for bytes that were read, and for printing them.
    #[must_use]
    pub fn read(&self, bytes: usize) -> bool {
        let mut taken = self.taken();
        let sum = taken.answer.saturating_add(bytes.saturating_mul(2));
        self.set_answer(&mut taken, sum)
    }

    /// Gives back the room for bytes that were read and dropped without an answer.
    pub fn forget(&self, bytes: usize) {
        let mut taken = self.taken();
        let sum = taken.answer.saturating_sub(bytes.saturating_mul(2));
        self.set_answer(&mut taken, sum);
    }

    /// Ends the work. Only the answer of this many bytes is left. False if there is no room for it. The answer to a
    /// write is always given, even without room. Then the next request of its parties has less room and is refused
    /// before any work.
    #[must_use]
    pub fn settle(&self, method: &Method, bytes: usize) -> bool {
        let mut taken = self.taken();
        self.end_work(&mut taken);
        let anyway = !method.is_safe();
        if taken.over {
            return anyway;
        }
        match &self.hall.finished {
            Some(finished) => {
                self.set_answer(&mut taken, 0);
                let room = take(finished, &taken.parties, counted(bytes), anyway);
                taken.finished = if room { counted(bytes) } else { 0 };
                room
            }
            None if self.set_answer(&mut taken, bytes) => true,
            None => {
                let more = counted(bytes) - counted(taken.answer);
                let room = take(&self.hall.answers, &taken.parties, more, anyway);
                if room {
                    taken.answer = bytes;
                }
                room
            }
        }
    }

    /// Gives everything back. The request is given up and can take nothing more.
    pub fn end(&self) {
        let mut taken = self.taken();
        self.end_work(&mut taken);
        self.set_answer(&mut taken, 0);
        taken.over = true;
    }

    fn set_answer(&self, taken: &mut Taken, bytes: usize) -> bool {
        let hall = &self.hall;
        let (had, wanted) = (counted(taken.answer), counted(bytes));
        let more = wanted.saturating_sub(had);
        if more > 0
            && (taken.over
                || hall.is_overdrawn(&taken.parties)
                || !hall.answers.take(&taken.parties, more))
        {
            return false;
        }
        hall.answers
            .give(&taken.parties, had.saturating_sub(wanted));
        taken.answer = bytes;
        true
    }

    fn end_work(&self, taken: &mut Taken) {
        let hall = &self.hall;
        hall.slots.give(&taken.parties, taken.slot.into());
        hall.bodies.give(&taken.parties, counted(taken.body));
        if let Some(finished) = &hall.finished {
            finished.give(&taken.parties, taken.finished);
        }
        (taken.slot, taken.body, taken.finished) = (false, 0, 0);
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock()
    }
}

impl Seat for Held {
    fn known(&self, tenant: &TenantId) -> bool {
        let mut taken = self.taken();
        let party = Charged::Tenant(tenant.clone());
        if taken.parties.contains(&party) {
            return true;
        }
        let hall = &self.hall;
        let slots = usize::from(taken.slot);
        if !hall.slots.join(&party, slots) {
            return false;
        }
        if !hall.bodies.join(&party, counted(taken.body)) {
            // Only the business's share is given back: the address still has its own.
            hall.slots.leave(&party, slots);
            return false;
        }
        // Little was read to find the caller.
        if !hall.answers.join(&party, counted(taken.answer)) {
            hall.slots.leave(&party, slots);
            hall.bodies.leave(&party, counted(taken.body));
            return false;
        }
        taken.parties.push(party);
        true
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(n: u8) -> TenantId {
        TenantId::parse(&format!("01900000-0000-7000-8000-00000000000{n}")).unwrap()
    }

    fn hall(slots: usize, bodies: usize, answers: usize) -> Arc<Hall> {
        Arc::new(Hall::new(
            Shares::new(slots, slots / 2),
            Shares::new(bodies, bodies / 4),
            Shares::new(answers, answers / 4),
        ))
    }

    fn from(hall: &Arc<Hall>, last: u8) -> Arc<Held> {
        hall.enter(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn the_current_request_is_the_one_whose_future_runs() {
        use futures_util::{FutureExt, future::pending};
        let hall = hall(8, 0, 0);
        let (one, other) = (from(&hall, 1), from(&hall, 2));
        let is_current = |held: &Arc<Held>| current().is_some_and(|now| Arc::ptr_eq(&now, held));
        let mut first = Box::pin(one.during(async {
            assert!(is_current(&one));
            pending::<()>().await;
        }));
        assert!((&mut first).now_or_never().is_none());
        assert!(current().is_none());
        let nested = other.during(async {
            assert!(is_current(&other));
            one.during(async { assert!(is_current(&one)) }).await;
            assert!(is_current(&other));
        });
        assert!(nested.now_or_never().is_some());
        drop(first);
        assert!(current().is_none());
    }

    #[test]
    fn a_request_that_is_given_up_holds_nothing_and_gets_nothing() {
        let hall = hall(8, 8 << 20, 8 << 20);
        let lost = from(&hall, 1);
        assert!(lost.body(1 << 20) && lost.work());
        lost.end();
        assert!(!lost.body(FREE + 1) && !lost.work() && !lost.read(FREE));
        assert!(lost.settle(&Method::POST, 1 << 20));
        let other = from(&hall, 1);
        assert!(other.body(2 << 20) && other.settle(&Method::GET, 2 << 20));
        drop(lost);
        let more = from(&hall, 1);
        assert!(!more.settle(&Method::GET, 1 << 20), "it is given back once");
    }

    #[test]
    fn one_address_or_business_leaves_slots_to_others() {
        let hall = hall(8, 0, 0);
        let held: Vec<_> = (0..5).map(|_| from(&hall, 1)).collect();
        let working = held.iter().filter(|held| held.work()).count();
        assert_eq!(working, 4);
        // Many addresses with the token of one business.
        let others: Vec<_> = (2..7).map(|last| from(&hall, last)).collect();
        let known = |held: &&Arc<Held>| held.known(&tenant(1)) && held.work();
        assert_eq!(others.iter().filter(known).count(), 4);
        drop(held);
        let other = from(&hall, 9);
        assert!(other.known(&tenant(2)) && other.work());
    }

    #[test]
    fn a_body_counts_as_it_arrives() {
        let hall = hall(8, 8 << 20, 8 << 20);
        // 100 requests with small bodies take no share.
        let waiting: Vec<_> = (0..100).map(|_| from(&hall, 1)).collect();
        assert!(waiting.iter().all(|held| held.body(1)));
        let (one, two, three) = (from(&hall, 1), from(&hall, 1), from(&hall, 1));
        assert!(one.body(1 << 20) && two.body(1 << 20));
        assert!(!three.body(1 << 20), "a quarter is one address's");
        assert!(from(&hall, 2).body(1 << 20));
        assert!(one.settle(&Method::GET, 0) && three.body(1 << 20));
    }

    #[test]
    fn the_answer_to_a_write_is_given_and_the_next_one_is_refused_before_its_work() {
        let hall = hall(8, 4 << 20, 4 << 20);
        let first = from(&hall, 1);
        assert!(first.body(FREE) && first.work());
        assert!(first.settle(&Method::POST, 3 << 20));
        let second = from(&hall, 1);
        assert!(second.body(FREE) && !second.work());
        let other = from(&hall, 2);
        assert!(other.body(FREE) && other.work());
        drop((first, second));
        let third = from(&hall, 1);
        assert!(third.body(FREE) && third.work());
    }

    #[test]
    fn what_was_read_counts_until_the_answer_is_gone() {
        let hall = hall(8, 0, 8 << 20);
        let first = from(&hall, 1);
        assert!(first.read(1 << 20));
        // Two megabytes, as rows and as printed text.
        let second = from(&hall, 1);
        assert!(!second.read(1 << 19));
        assert!(first.settle(&Method::GET, 1 << 20) && second.read(1 << 19));
        drop(first);
        second.forget(1 << 19);
        assert!(second.read(1 << 20));
    }

    #[test]
    fn answers_that_are_done_have_a_share_of_their_own() {
        let shares = |all| Shares::new(all, all / 4);
        let answers = Shares::new(8 << 20, 8 << 20);
        let hall = Hall::new(shares(8), shares(0), answers).with_finished(shares(4 << 20));
        let hall = Arc::new(hall);
        let done = |last, method| {
            let held = from(&hall, last);
            (held.read(1 << 20) && held.settle(&method, 1 << 20)).then_some(held)
        };
        let one = done(1, Method::GET).expect("room");
        assert!(done(1, Method::GET).is_none(), "a quarter is one address's");
        // Finished answers do not reduce the room for reads, not even that of their own address.
        assert!(from(&hall, 1).read(4 << 20) && from(&hall, 2).read(4 << 20));
        // The answer to a write is given anyway, but only one at a time.
        let write = done(1, Method::POST).expect("a write is told");
        assert!(done(1, Method::POST).is_none());
        let others: Vec<_> = (2..4).map(|last| done(last, Method::GET)).collect();
        assert!(others.iter().all(Option::is_some));
        drop((one, write, others));
        assert_eq!(hall.taken(), [0, 0, 0]);
    }
}
