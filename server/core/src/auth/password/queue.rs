//! The order in which passwords are hashed, as plain data with pure functions. Nobody can fill the queue alone:
//! businesses take turns, addresses take turns, and when it is full, the largest holder loses a place to a smaller one.
//! On hosts where requests may be abandoned, an abandoned place expires.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    task::Waker,
};

use super::Crowded;
use crate::{auth::address::fold, context, http::address};

/// The business and the address to which a hash is charged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    pub(super) business: String,
    pub(super) address: String,
}

impl Party {
    /// The party of a known caller.
    pub fn of(cx: &context::Context) -> Self {
        let business = cx.caller.as_ref().map(|caller| caller.tenant.to_string());
        Self {
            business: business.unwrap_or_default(),
            address: address::key(cx.address),
        }
    }

    /// The party of a sign-in. The business is the one that the request names, or else the domain of the login address.
    /// It never depends on stored data: otherwise the waiting time would reveal whether the address is known.
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

/// A request that waits for its turn.
pub struct Waiter {
    ticket: u64,
    party: Party,
    waker: Option<Waker>,
    /// When it asked last, in epoch ms.
    asked: i64,
}

/// A waiter whose turn has come; it is called until its place is released.
struct Called {
    ticket: u64,
    /// When it was called or asked last, in epoch ms.
    asked: i64,
}

pub struct Queue {
    at_once: usize,
    most_waiting: usize,
    /// How long a place lasts without polling, in ms; None: until it is released.
    lease: Option<i64>,
    tickets: u64,
    /// The waiters in order of arrival.
    waiting: Vec<Waiter>,
    called: Vec<Called>,
    /// The businesses and addresses with waiters. The first has waited longest for a turn.
    businesses: VecDeque<String>,
    addresses: VecDeque<String>,
    /// Whether the next turn goes by address.
    by_address: bool,
}

/// The state of a place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Waiting,
    Called,
    /// Another waiter got the place.
    Lost,
}

/// The wakers of waiters whose state changed.
pub type Woken = Vec<Waker>;

impl Queue {
    pub fn new(at_once: usize, most_waiting: usize, lease: Option<i64>) -> Self {
        Self {
            at_once,
            most_waiting,
            lease,
            tickets: 0,
            waiting: Vec::new(),
            called: Vec::new(),
            businesses: VecDeque::new(),
            addresses: VecDeque::new(),
            by_address: false,
        }
    }

    /// Whether nobody waits and nobody is served.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
            && self.called.is_empty()
            && self.businesses.is_empty()
            && self.addresses.is_empty()
    }

    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Adds a waiter at `now` (epoch ms) and returns its ticket.
    pub fn enter(&mut self, party: &Party, now: i64) -> Result<(u64, Woken), Crowded> {
        let mut woken = self.forget(now);
        self.tickets += 1;
        let ticket = self.tickets;
        if self.called.len() < self.at_once {
            self.called.push(Called { ticket, asked: now });
            return Ok((ticket, woken));
        }
        if self.waiting.len() >= self.most_waiting {
            let at = self.gives_way(party).ok_or(Crowded)?;
            woken.extend(self.take(at, false).waker);
        }
        if !self.businesses.contains(&party.business) {
            self.businesses.push_back(party.business.clone());
        }
        if !self.addresses.contains(&party.address) {
            self.addresses.push_back(party.address.clone());
        }
        self.waiting.push(Waiter {
            ticket,
            party: party.clone(),
            waker: None,
            asked: now,
        });
        Ok((ticket, woken))
    }

    /// The state of a place at `now` (epoch ms). `waker` wakes its request when the turn comes.
    pub fn ask(&mut self, ticket: u64, now: i64, waker: Option<&Waker>) -> (Standing, Woken) {
        let woken = self.forget(now);
        if let Some(called) = self
            .called
            .iter_mut()
            .find(|called| called.ticket == ticket)
        {
            called.asked = now;
            return (Standing::Called, woken);
        }
        let mut waiting = self.waiting.iter_mut();
        let Some(waiter) = waiting.find(|waiter| waiter.ticket == ticket) else {
            return (Standing::Lost, woken);
        };
        waiter.asked = now;
        waiter.waker = waker.cloned();
        (Standing::Waiting, woken)
    }

    /// Releases a place. If it was served, the next one is called at `now` (epoch ms).
    pub fn leave(&mut self, ticket: u64, now: i64) -> Option<Waker> {
        let mut waiting = self.waiting.iter();
        if let Some(at) = waiting.position(|waiter| waiter.ticket == ticket) {
            self.take(at, false);
            return None;
        }
        let mut called = self.called.iter();
        let at = called.position(|called| called.ticket == ticket)?;
        self.called.swap_remove(at);
        let next = self.next()?;
        let next = self.take(next, true);
        self.by_address = !self.by_address;
        self.called.push(Called {
            ticket: next.ticket,
            asked: now,
        });
        next.waker
    }

    /// Releases expired places.
    fn forget(&mut self, now: i64) -> Woken {
        let Some(lease) = self.lease else {
            return Woken::new();
        };
        // A time in the future was set before the clock went back.
        let over = |asked: i64| !(asked..asked.saturating_add(lease)).contains(&now);
        // Waiters first, so that no turn goes to an expired one.
        let waiting = self.waiting.iter().filter(|waiter| over(waiter.asked));
        let mut gone: Vec<u64> = waiting.map(|waiter| waiter.ticket).collect();
        let called = self.called.iter().filter(|called| over(called.asked));
        gone.extend(called.map(|called| called.ticket));
        let woken = gone
            .into_iter()
            .filter_map(|ticket| self.leave(ticket, now));
        woken.collect()
    }

    /// The index of the waiter whose turn it is. Turns go by business and by address alternately: somebody who has many
    /// addresses, or names many businesses, gets every second turn at most.
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

    /// Removes a waiter from the line. The party that had the turn goes to the end of the ring.
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

    /// The waiter that loses its place to a newcomer when the line is full: one of the address with the most places, or
    /// else of the business with the most, if that has at least two more than the newcomer's own. Among these, the
    /// latest waiter of the largest holder.
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

/// Updates a key in a ring: it keeps its place, moves to the end, or is removed if it has no waiters left.
fn turn(ring: &mut VecDeque<String>, key: &String, left: bool, served: bool) {
    if left && !served {
        return;
    }
    ring.retain(|of| of != key);
    if left {
        ring.push_back(key.clone());
    }
}
