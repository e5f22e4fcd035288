//! The order in which passwords are hashed, as plain data and functions of it. Nobody fills the queue alone: businesses take
//! turns, addresses take turns, and when it is full, the largest holder gives a place to a smaller one. A place that is
//! abandoned without a word runs out by the clock, where the host lets that happen.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    task::Waker,
};

use super::Crowded;
use crate::{auth::address::fold, context, http::address};

/// For whom a password is hashed: the business and the address that are charged for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    pub(super) business: String,
    pub(super) address: String,
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

/// A request that waits for its turn.
pub struct Waiter {
    ticket: u64,
    party: Party,
    waker: Option<Waker>,
    /// In epoch ms.
    asked: i64,
}

/// One whose turn has come, and lasts until the place is given back.
struct Called {
    ticket: u64,
    /// When it was called, or asked last; in epoch ms.
    asked: i64,
}

pub struct Queue {
    at_once: usize,
    most_waiting: usize,
    /// How long a place lasts of which nobody asks anything, in ms; none: until it is given back.
    lease: Option<i64>,
    tickets: u64,
    /// In the order in which they came.
    waiting: Vec<Waiter>,
    called: Vec<Called>,
    /// The businesses and addresses that have somebody waiting. The first has waited longest for a turn.
    businesses: VecDeque<String>,
    addresses: VecDeque<String>,
    /// Whether the next turn goes by address.
    by_address: bool,
}

/// What a place in the queue is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Waiting,
    Called,
    /// It went to somebody else.
    Lost,
}

/// Those that have something to notice.
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

    /// Nobody waits, and nobody is served.
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

    /// The ticket of a newcomer at `now`, in epoch ms.
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

    /// The standing of a place at `now`, in epoch ms. `waker` wakes the request that waits there when its turn comes.
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

    /// Gives a place back. If it was served, the next one is called at `now`, in epoch ms.
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

    /// Gives back the places that ran out.
    fn forget(&mut self, now: i64) -> Woken {
        let Some(lease) = self.lease else {
            return Woken::new();
        };
        // One that asked in the future did so before the clock went back.
        let over = |asked: i64| !(asked..asked.saturating_add(lease)).contains(&now);
        // Those that wait first: no turn goes to one that ran out.
        let waiting = self.waiting.iter().filter(|waiter| over(waiter.asked));
        let mut gone: Vec<u64> = waiting.map(|waiter| waiter.ticket).collect();
        let called = self.called.iter().filter(|called| over(called.asked));
        gone.extend(called.map(|called| called.ticket));
        let woken = gone
            .into_iter()
            .filter_map(|ticket| self.leave(ticket, now));
        woken.collect()
    }

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
