//! A resource that all requests share, such as bytes of memory. It bounds the total, and the part of one address and of
//! one business, so that none of them can exhaust it.

use std::net::IpAddr;

use foldhash::HashMap;
use parking_lot::Mutex;

use crate::{http::address::line, ports::store::TenantId};

/// An address or a business. What its requests take is charged to it, up to its part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Charged {
    Address(IpAddr),
    Tenant(TenantId),
}

impl Charged {
    /// The party for an address: all addresses of the same line.
    pub fn at(address: IpAddr) -> Self {
        Self::Address(line(address))
    }
}

#[derive(Debug)]
pub struct Shares {
    most: usize,
    of_one: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of: HashMap<Charged, usize>,
}

impl Taken {
    fn add(&mut self, parties: &[Charged], amount: usize) {
        self.all = self.all.saturating_add(amount);
        for party in parties {
            let of = self.of.entry(party.clone()).or_default();
            *of = of.saturating_add(amount);
        }
    }
}

impl Shares {
    /// `most` is the bound of the total, `of_one` that of one party.
    pub fn new(most: usize, of_one: usize) -> Self {
        Self {
            most,
            of_one,
            taken: Mutex::default(),
        }
    }

    /// Whether the total or one of these parties exceeds its bound: see [`take_anyway`](Self::take_anyway).
    pub fn is_overdrawn(&self, parties: &[Charged]) -> bool {
        let taken = self.taken.lock();
        let of = |party| taken.of.get(party).is_some_and(|had| *had > self.of_one);
        taken.all > self.most || parties.iter().any(of)
    }

    /// Takes an amount for these parties, if all bounds allow it.
    pub fn take(&self, parties: &[Charged], amount: usize) -> bool {
        if amount == 0 {
            return true;
        }
        let mut taken = self.taken.lock();
        let fits = |had: usize, most: usize| had.saturating_add(amount) <= most;
        let room = fits(taken.all, self.most)
            && parties
                .iter()
                .all(|party| fits(taken.of.get(party).copied().unwrap_or(0), self.of_one));
        if room {
            taken.add(parties, amount);
        }
        room
    }

    /// Takes an amount regardless of the bounds. Later requests have less.
    pub fn take_anyway(&self, parties: &[Charged], amount: usize) {
        if amount == 0 {
            return;
        }
        self.taken.lock().add(parties, amount);
    }

    /// Charges an amount that is taken already to one more party, if its bound allows it.
    pub fn join(&self, party: &Charged, amount: usize) -> bool {
        let mut taken = self.taken.lock();
        match taken.of.get_mut(party) {
            Some(had) if had.saturating_add(amount) <= self.of_one => *had += amount,
            None if amount <= self.of_one => {
                if amount > 0 {
                    taken.of.insert(party.clone(), amount);
                }
            }
            _ => return false,
        }
        true
    }

    /// Undoes [`join`](Self::join).
    pub fn leave(&self, party: &Charged, amount: usize) {
        Self::less(&mut self.taken.lock(), party, amount);
    }

    /// Gives back an amount that these parties took.
    pub fn give(&self, parties: &[Charged], amount: usize) {
        if amount == 0 {
            return;
        }
        let mut taken = self.taken.lock();
        taken.all = taken.all.saturating_sub(amount);
        for party in parties {
            Self::less(&mut taken, party, amount);
        }
    }

    pub fn taken_in_all(&self) -> usize {
        self.taken.lock().all
    }

    fn less(taken: &mut Taken, party: &Charged, amount: usize) {
        if let Some(had) = taken.of.get_mut(party) {
            *had = had.saturating_sub(amount);
            if *had == 0 {
                taken.of.remove(party);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> Charged {
        Charged::at(text.parse().unwrap())
    }

    #[test]
    fn a_network_of_64_bits_is_one_party() {
        assert_eq!(address("2001:db8::1"), address("2001:db8:0:0:ffff::9"));
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
    }

    #[test]
    fn one_party_leaves_the_rest_to_others() {
        let shares = Shares::new(10, 4);
        let (one, other) = ([address("192.0.2.1")], [address("192.0.2.2")]);
        assert!(shares.take(&one, 4) && !shares.take(&one, 1));
        assert!(shares.take(&other, 4) && shares.take(&[], 2));
        assert!(!shares.take(&[address("192.0.2.3")], 1), "all is taken");
        shares.give(&one, 1);
        assert!(shares.take(&one, 1));
    }

    #[test]
    fn what_is_taken_anyway_is_in_the_way_of_all_once_it_is_too_much_in_all() {
        let shares = Shares::new(10, 4);
        let (one, other) = ([address("192.0.2.1")], [address("192.0.2.2")]);
        shares.take_anyway(&one, 6);
        assert!(shares.is_overdrawn(&one) && !shares.is_overdrawn(&other));
        shares.take_anyway(&one, 6);
        assert!(shares.is_overdrawn(&other));
        shares.give(&one, 12);
        assert!(!shares.is_overdrawn(&one) && !shares.is_overdrawn(&other));
    }

    proptest! {
        #[test]
        fn what_was_given_back_is_there_again(
            asks in prop::collection::vec((0u8..4, 0u8..3, 0usize..9), 0..60),
        ) {
            let shares = Shares::new(20, 8);
            let mut had = Vec::new();
            for (from, tenant, amount) in asks {
                let tenant = format!("01900000-0000-7000-8000-00000000000{tenant}");
                let parties = vec![
                    address(&format!("192.0.2.{from}")),
                    Charged::Tenant(TenantId::parse(&tenant).unwrap()),
                ];
                let before: usize = had.iter().map(|(_, amount)| amount).sum();
                if shares.take(&parties, amount) {
                    prop_assert!(before + amount <= 20);
                    for party in &parties {
                        let of: usize = had
                            .iter()
                            .filter(|(parties, _): &&(Vec<Charged>, usize)| parties.contains(party))
                            .map(|(_, amount)| amount)
                            .sum();
                        prop_assert!(of + amount <= 8);
                    }
                    had.push((parties, amount));
                }
            }
            for (parties, amount) in had {
                shares.give(&parties, amount);
            }
            prop_assert!(shares.take(&[], 20));
            prop_assert!(shares.taken.lock().of.is_empty());
        }
    }
}
