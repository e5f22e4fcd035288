//! The queue for hashing passwords. It is bounded, and nobody fills it alone: businesses take turns, addresses take turns,
//! and when it is full, the largest holder gives a place to a smaller one.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::Crowded;
use crate::{auth::address::fold, context, http::address};

/// For whom a password is hashed: the business and the address that are charged for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    business: String,
    address: String,
}

impl Party {
    /// Of a caller who is known.
    pub fn of(cx: &context::Context) -> Self {
        let business = cx.caller.as_ref().map(|caller| caller.tenant.to_string());
        Self {
            business: business.unwrap_or_default(),
            address: address::key(cx.address),
        }
    }

    /// Of somebody who signs in. The business is what the request says of it, the domain of the login address unless one is
    /// named, and never what is found out: else the time that a sign-in waits would tell whether the address is known.
    pub fn signing_in(login: &str, tenant: Option<&str>, from: Option<IpAddr>) -> Self {
        let domain = || {
            fold(login)
                .rsplit('@')
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            business: tenant.map_or_else(domain, str::to_owned),
            address: address::key(from),
        }
    }
}

/// One who waits.
struct Waiter {
    ticket: u64,
    party: Party,
    waker: Option<Waker>,
}

/// The state of the line: plain data, so that the rules are functions of it.
#[derive(Default)]
struct State {
    tickets: u64,
    serving: usize,
    /// In the order in which they came.
    waiting: Vec<Waiter>,
    /// Those whose turn has come and who have not noticed yet; they count as served.
    called: Vec<u64>,
    /// The businesses and addresses that have somebody waiting. The first has waited longest for a turn.
    businesses: VecDeque<String>,
    addresses: VecDeque<String>,
    /// Whether the next turn goes by address.
    by_address: bool,
}

impl State {
    /// The place in the line of the one whose turn it is. Turns go by business and by address alternately: somebody who
    /// has many addresses, or names many businesses, gets every second turn at most.
    fn next(&self) -> Option<usize> {
        let rank = |ring: &VecDeque<String>, key: &String| ring.iter().position(|of| of == key);
        let by = |waiter: &Waiter| {
            let business = rank(&self.businesses, &waiter.party.business);
            let address = rank(&self.addresses, &waiter.party.address);
            if self.by_address {
                (address, business, waiter.ticket)
            } else {
                (business, address, waiter.ticket)
            }
        };
        let all = self.waiting.iter().enumerate();
        all.min_by_key(|(_, waiter)| by(waiter)).map(|(at, _)| at)
    }

    /// Takes a waiter out of the line. Whose turn it was goes to the end of the ring.
    fn take(&mut self, at: usize, served: bool) -> Waiter {
        let gone = self.waiting.remove(at);
        let left = |of: fn(&Party) -> &String| {
            let key = of(&gone.party);
            self.waiting.iter().any(|waiter| of(&waiter.party) == key)
        };
        let (business, address) = (left(|party| &party.business), left(|party| &party.address));
        turn(&mut self.businesses, &gone.party.business, business, served);
        turn(&mut self.addresses, &gone.party.address, address, served);
        gone
    }

    /// Whose place a newcomer gets when the line is full: one of the address that holds most of it, or else of the business
    /// that does, if that is at least two more than the newcomer's own hold. Among those, the latest of the one who holds
    /// most.
    fn gives_way(&self, to: &Party) -> Option<usize> {
        let addresses = self.held(|party| &party.address);
        let businesses = self.held(|party| &party.business);
        let most = |held: &HashMap<&String, usize>, own: &String| {
            let own = held.get(own).copied().unwrap_or_default();
            held.values().copied().max().filter(|most| *most >= own + 2)
        };
        let size = |waiter: &Waiter| {
            let address = addresses.get(&waiter.party.address).copied();
            let business = businesses.get(&waiter.party.business).copied();
            (
                address.unwrap_or_default(),
                business.unwrap_or_default(),
                waiter.ticket,
            )
        };
        let all = self
            .waiting
            .iter()
            .enumerate()
            .map(|(at, waiter)| (at, size(waiter)));
        if let Some(most) = most(&addresses, &to.address) {
            let of = all.filter(|(_, (address, ..))| *address == most);
            of.max_by_key(|(_, (_, business, ticket))| (*business, *ticket))
                .map(|(at, _)| at)
        } else {
            let most = most(&businesses, &to.business)?;
            let of = all.filter(|(_, (_, business, _))| *business == most);
            of.max_by_key(|(_, (address, _, ticket))| (*address, *ticket))
                .map(|(at, _)| at)
        }
    }

    fn held(&self, of: fn(&Party) -> &String) -> HashMap<&String, usize> {
        let mut held: HashMap<&String, usize> = HashMap::new();
        for waiter in &self.waiting {
            *held.entry(of(&waiter.party)).or_default() += 1;
        }
        held
    }
}

/// Keeps a key's place in a ring, gives it the last one, or none where nobody of it waits any more.
fn turn(ring: &mut VecDeque<String>, key: &String, left: bool, served: bool) {
    if left && !served {
        return;
    }
    ring.retain(|of| of != key);
    if left {
        ring.push_back(key.clone());
    }
}

pub struct Line {
    state: Mutex<State>,
    at_once: usize,
    most_waiting: usize,
}

impl Line {
    pub fn new(at_once: usize, most_waiting: usize) -> Self {
        Self {
            state: Mutex::default(),
            at_once,
            most_waiting,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place in the line: wait for it to become the turn.
    pub fn enter(self: &Arc<Self>, party: &Party) -> Result<Place, Crowded> {
        let mut state = self.state();
        state.tickets += 1;
        let ticket = state.tickets;
        if state.serving < self.at_once {
            state.serving += 1;
            state.called.push(ticket);
            return Ok(self.place(ticket));
        }
        let mut woken = None;
        if state.waiting.len() >= self.most_waiting {
            let at = state.gives_way(party).ok_or(Crowded)?;
            let gone = state.take(at, false);
            woken = gone.waker;
        }
        if !state.businesses.contains(&party.business) {
            state.businesses.push_back(party.business.clone());
        }
        if !state.addresses.contains(&party.address) {
            state.addresses.push_back(party.address.clone());
        }
        state.waiting.push(Waiter {
            ticket,
            party: party.clone(),
            waker: None,
        });
        drop(state);
        if let Some(waker) = woken {
            waker.wake();
        }
        Ok(self.place(ticket))
    }

    fn place(self: &Arc<Self>, ticket: u64) -> Place {
        Place {
            line: self.clone(),
            ticket,
        }
    }
}

/// A place in the line, and from its turn on the right to be served; given back when dropped.
pub struct Place {
    line: Arc<Line>,
    ticket: u64,
}

impl Place {
    /// Ready when it is the turn, or when the place was lost to somebody else.
    pub async fn turn(&self) -> Result<(), Crowded> {
        Turn(self).await
    }
}

struct Turn<'p>(&'p Place);

impl Future for Turn<'_> {
    type Output = Result<(), Crowded>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Place { line, ticket } = self.0;
        let mut state = line.state();
        if state.called.contains(ticket) {
            return Poll::Ready(Ok(()));
        }
        let waiter = state
            .waiting
            .iter_mut()
            .find(|waiter| waiter.ticket == *ticket);
        match waiter {
            Some(waiter) => {
                waiter.waker = Some(cx.waker().clone());
                Poll::Pending
            }
            None => Poll::Ready(Err(Crowded)),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.line.state();
        let ticket = self.ticket;
        let waiting = state
            .waiting
            .iter()
            .position(|waiter| waiter.ticket == ticket);
        if let Some(at) = waiting {
            state.take(at, false);
            return;
        }
        let Some(at) = state.called.iter().position(|called| *called == ticket) else {
            return;
        };
        state.called.swap_remove(at);
        let next = match state.next() {
            Some(next) => state.take(next, true),
            None => {
                state.serving -= 1;
                return;
            }
        };
        state.by_address = !state.by_address;
        state.called.push(next.ticket);
        drop(state);
        if let Some(waker) = next.waker {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn party(business: &str, address: &str) -> Party {
        Party {
            business: business.to_owned(),
            address: address.to_owned(),
        }
    }

    /// Serves all who wait, one at a time; in which order, by their place among `places`.
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
        let line = Arc::new(Line::new(1, 64));
        let mut parties = vec![party("a", "1"); 40];
        parties.push(party("b", "1"));
        parties.push(party("b", "1"));
        let order = order(enter(&line, &parties));
        assert_eq!(order.len(), 42);
        let place = |name| order.iter().position(|of| *of == name).unwrap();
        assert!(place(40) <= 2 && place(41) <= 4, "{order:?}");
    }

    #[test]
    fn one_address_that_names_many_businesses_gets_every_second_turn() {
        let line = Arc::new(Line::new(1, 64));
        let mut parties: Vec<_> = (0..40).map(|n| party(&n.to_string(), "1")).collect();
        parties.push(party("b", "2"));
        let order = order(enter(&line, &parties));
        assert!(order[..5].contains(&40), "{order:?}");
    }

    #[test]
    fn one_business_of_many_addresses_gets_every_second_turn() {
        let line = Arc::new(Line::new(1, 64));
        let mut parties: Vec<_> = (0..40).map(|n| party("a", &n.to_string())).collect();
        parties.push(party("b", "b"));
        let order = order(enter(&line, &parties));
        assert!(order[..5].contains(&40), "{order:?}");
    }

    #[test]
    fn a_full_line_gives_a_place_to_those_who_hold_less() {
        let line = Arc::new(Line::new(1, 8));
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
        assert_eq!(line.state().waiting.len(), 8);
        drop(all);
        assert_eq!(other.turn().now_or_never(), Some(Ok(())));
        drop(other);
        assert_eq!(third.turn().now_or_never(), Some(Ok(())));
        drop(third);
        let state = line.state();
        assert_eq!(
            (state.serving, state.waiting.len(), state.called.len()),
            (0, 0, 0)
        );
        assert_eq!((state.businesses.len(), state.addresses.len()), (0, 0));
    }

    #[test]
    fn what_a_sign_in_is_charged_to_follows_from_what_it_says() {
        let of = |login, tenant| Party::signing_in(login, tenant, None).business;
        assert_eq!(of(" Dana@Alder.example ", None), "alder.example");
        assert_eq!(of("dana@alder.example", Some("019b")), "019b");
        assert_eq!(of("", None), "");
    }
}
