//! Waiting for a turn to hash a password. On most hosts a waiter is woken when its turn comes. On a host where one
//! request must not wake another, each waiter polls by its own timer.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Poll, Waker, ready},
};

use parking_lot::Mutex;

use super::{
    Crowded,
    queue::{Party, Queue, Standing, Woken},
};
use crate::ports::Clock;

/// The polling interval of a waiter in ms.
const ASKS_MS: u64 = 20;
/// How long a polling waiter keeps its place after it asked, in ms. It is longer than the time of all hashes that are
/// computed before the waiter can ask again.
const LEASE_MS: i64 = 5_000;

pub struct Line {
    queue: Mutex<Queue>,
    clock: Arc<dyn Clock>,
    wakes: bool,
}

impl Line {
    /// `wakes`: one request may wake another.
    pub fn new(at_once: usize, most_waiting: usize, clock: Arc<dyn Clock>, wakes: bool) -> Self {
        let lease = (!wakes).then_some(LEASE_MS);
        Self {
            queue: Mutex::new(Queue::new(at_once, most_waiting, lease)),
            clock,
            wakes,
        }
    }

    /// Takes a place in the line; then wait for its turn.
    pub fn enter(self: &Arc<Self>, party: &Party) -> Result<Place, Crowded> {
        let entered = self.queue.lock().enter(party, self.clock.now());
        let (ticket, woken) = entered?;
        wake(woken);
        Ok(Place {
            line: self.clone(),
            ticket,
        })
    }

    fn ask(&self, ticket: u64, waker: &Waker) -> Standing {
        let waker = self.wakes.then_some(waker);
        let asked = self.queue.lock().ask(ticket, self.clock.now(), waker);
        let (standing, woken) = asked;
        wake(woken);
        standing
    }
}

/// Wakes waiters after the queue is unlocked.
fn wake(woken: Woken) {
    woken.into_iter().for_each(Waker::wake);
}

/// A place in the line, and from its turn on the right to be served. Dropping it releases the place.
pub struct Place {
    line: Arc<Line>,
    ticket: u64,
}

impl Place {
    /// Completes when it is the turn, or when the place was lost to another waiter.
    pub async fn turn(&self) -> Result<(), Crowded> {
        let line = &self.line;
        let mut timer = None;
        poll_fn(|cx| {
            loop {
                match line.ask(self.ticket, cx.waker()) {
                    Standing::Called => return Poll::Ready(Ok(())),
                    Standing::Lost => return Poll::Ready(Err(Crowded)),
                    Standing::Waiting if line.wakes => return Poll::Pending,
                    Standing::Waiting => {}
                }
                let again = timer.get_or_insert_with(|| line.clock.sleep(ASKS_MS));
                ready!(again.as_mut().poll(cx));
                timer = None;
            }
        })
        .await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let now = self.line.clock.now();
        let next = self.line.queue.lock().leave(self.ticket, now);
        if let Some(waker) = next {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed},
        task::{Context, Wake},
    };

    use futures_util::FutureExt;

    use super::*;
    use crate::ports::Answer;

    const NOW: i64 = 1_764_000_000_000;

    /// A clock that a test sets by hand. A sleep on it never ends.
    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now(&self) -> i64 {
            self.0.load(Relaxed)
        }

        fn sleep(&self, _: u64) -> Answer<'_, ()> {
            Box::pin(std::future::pending())
        }
    }

    /// A line whose waiters are woken, and one whose waiters poll.
    fn lines(at_once: usize, waiting: usize) -> [Arc<Line>; 2] {
        [true, false].map(|wakes| {
            let clock = Arc::new(Hand(NOW.into()));
            Arc::new(Line::new(at_once, waiting, clock, wakes))
        })
    }

    fn party(business: &str, address: &str) -> Party {
        Party {
            business: business.to_owned(),
            address: address.to_owned(),
        }
    }

    /// Serves all waiters one at a time; returns their order by index in `places`.
    fn order(mut places: Vec<(usize, Place)>) -> Vec<usize> {
        let mut order = Vec::new();
        while !places.is_empty() {
            let ready = places
                .iter()
                .position(|(_, place)| place.turn().now_or_never() == Some(Ok(())));
            let (name, _served) = places.remove(ready.expect("somebody's turn"));
            order.push(name);
        }
        order
    }

    fn enter(line: &Arc<Line>, parties: &[Party]) -> Vec<(usize, Place)> {
        let places = parties.iter().enumerate();
        places
            .map(|(name, party)| (name, line.enter(party).unwrap()))
            .collect()
    }

    #[test]
    fn one_business_waits_for_no_more_than_a_turn_of_each_other() {
        for line in lines(1, 64) {
            let mut parties = vec![party("a", "1"); 40];
            parties.push(party("b", "1"));
            parties.push(party("b", "1"));
            let order = order(enter(&line, &parties));
            assert_eq!(order.len(), 42);
            let place = |name| order.iter().position(|of| *of == name).unwrap();
            assert!(place(40) <= 2 && place(41) <= 4, "{order:?}");
        }
    }

    #[test]
    fn one_address_that_names_many_businesses_gets_every_second_turn() {
        for line in lines(1, 64) {
            let mut parties: Vec<_> = (0..40).map(|n| party(&n.to_string(), "1")).collect();
            parties.push(party("b", "2"));
            let order = order(enter(&line, &parties));
            assert!(order[..5].contains(&40), "{order:?}");
        }
    }

    #[test]
    fn one_business_of_many_addresses_gets_every_second_turn() {
        for line in lines(1, 64) {
            let mut parties: Vec<_> = (0..40).map(|n| party("a", &n.to_string())).collect();
            parties.push(party("b", "b"));
            let order = order(enter(&line, &parties));
            assert!(order[..5].contains(&40), "{order:?}");
        }
    }

    #[test]
    fn a_full_line_gives_a_place_to_those_who_hold_less() {
        for line in lines(1, 8) {
            let attackers = [party("a", "1"), party("a", "2")];
            let all: Vec<_> = (0..9)
                .map(|n| line.enter(&attackers[n % 2]).unwrap())
                .collect();
            assert!(line.enter(&attackers[0]).is_err(), "they hold all of it");
            // Another business, from an address of theirs and from its own.
            let other = line.enter(&party("b", "1")).unwrap();
            let third = line.enter(&party("c", "3")).unwrap();
            let lost = all
                .iter()
                .filter(|place| place.turn().now_or_never() == Some(Err(Crowded)));
            assert_eq!(lost.count(), 2);
            assert_eq!(other.turn().now_or_never(), None);
            assert_eq!(third.turn().now_or_never(), None);
            assert_eq!(line.queue.lock().waiting(), 8);
            drop(all);
            assert_eq!(other.turn().now_or_never(), Some(Ok(())));
            drop(other);
            assert_eq!(third.turn().now_or_never(), Some(Ok(())));
            drop(third);
            assert!(line.queue.lock().is_empty());
        }
    }

    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn where_one_request_must_not_wake_another_none_does() {
        for line in lines(1, 1) {
            let bell = Arc::new(Bell(AtomicUsize::new(0)));
            let waker = Waker::from(bell.clone());
            let first = line.enter(&party("a", "1")).unwrap();
            let second = line.enter(&party("b", "2")).unwrap();
            let mut turn = Box::pin(second.turn());
            assert!(
                turn.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
            drop(first);
            assert_eq!(bell.0.load(Relaxed), usize::from(line.wakes));
            assert_eq!(second.turn().now_or_never(), Some(Ok(())));
        }
    }

    #[test]
    fn a_place_that_is_abandoned_without_a_word_runs_out_where_nobody_is_woken() {
        for by in [LEASE_MS, -1] {
            let clock = Arc::new(Hand(NOW.into()));
            let line = Arc::new(Line::new(1, 8, clock.clone(), false));
            let enter = |name| line.enter(&party(name, name)).unwrap();
            let (served, next, last) = (enter("a"), enter("b"), enter("c"));
            clock.0.store(NOW + by - by.signum(), Relaxed);
            if by > 0 {
                assert_eq!(last.turn().now_or_never(), None, "it waits behind two");
            }
            clock.0.store(NOW + by, Relaxed);
            let new = line.enter(&party("d", "d")).unwrap();
            let turn = |place: &Place| place.turn().now_or_never();
            let abandoned = [Some(Err(Crowded)), Some(Err(Crowded))];
            assert_eq!([turn(&served), turn(&next)], abandoned);
            let left = if by > 0 { last } else { new };
            assert_eq!(turn(&left), Some(Ok(())));
            drop((served, next));
            assert_eq!(turn(&left), Some(Ok(())), "it was theirs no more");
        }
    }

    #[test]
    fn what_a_sign_in_is_charged_to_follows_from_what_it_says() {
        let of = |login, tenant| Party::signing_in(login, tenant, None).business;
        assert_eq!(of(" Dana@Alder.example ", None), "alder.example");
        assert_eq!(of("dana@alder.example", Some("019b")), "019b");
        assert_eq!(of("", None), "");
    }
}
