//! Who relies on a place of the contract, or on the thing to which it belongs.

use super::{Consumer, Contract, Pin, version_of};
use crate::source::Node;

/// The pins that a change at this place touches: those on it or on something within it, else those on the smallest
/// enclosing thing that can be pinned. None if the contract has no such place.
pub fn relying(contract: &Node, consumers: &[Consumer], pointer: &str) -> Option<Vec<Pin>> {
    contract.at(pointer)?;
    let index = Index::of(contract, consumers);
    let mut pins = index.within(pointer);
    if pins.is_empty() {
        pins = index.around(pointer);
    }
    pins.sort();
    pins.dedup();
    Some(pins)
}

/// The pins by the places of a contract that describe them.
pub(crate) struct Index {
    places: Vec<(String, usize)>,
    pub(crate) pins: Vec<Pin>,
}

impl Index {
    pub(crate) fn of(contract: &Node, consumers: &[Consumer]) -> Index {
        let version = version_of(contract);
        let there = Contract::new(contract);
        let mut index = Index {
            places: Vec::new(),
            pins: Vec::new(),
        };
        for pin in consumers.iter().flat_map(|consumer| consumer.pins(version)) {
            if let Some(found) = there.find(&pin) {
                let number = index.pins.len();
                index.pins.push(pin);
                let places = found.places.into_iter();
                index.places.extend(places.map(|place| (place, number)));
            }
        }
        index.places.sort();
        index
    }

    fn at(&self, pointer: &str) -> impl Iterator<Item = &Pin> {
        let start = self
            .places
            .partition_point(|(place, _)| place.as_str() < pointer);
        let rest = self.places.get(start..).unwrap_or_default();
        rest.iter()
            .take_while(move |(place, _)| place == pointer)
            .filter_map(|(_, number)| self.pins.get(*number))
    }

    fn within(&self, pointer: &str) -> Vec<Pin> {
        let inside = |place: &str| {
            place
                .strip_prefix(pointer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.places
            .iter()
            .filter(|(place, _)| inside(place))
            .filter_map(|(_, number)| self.pins.get(*number).cloned())
            .collect()
    }

    /// The pins on the smallest thing to which this place belongs. An unpinned property or parameter is a thing too, so
    /// the pins on its owner do not count.
    pub(crate) fn around(&self, pointer: &str) -> Vec<Pin> {
        let mut here = pointer;
        loop {
            let pins: Vec<Pin> = self.at(here).cloned().collect();
            if !pins.is_empty() {
                return pins;
            }
            let Some((owner, _)) = here.rsplit_once('/') else {
                return Vec::new();
            };
            if is_list_of_things(owner) {
                return Vec::new();
            }
            here = owner;
        }
    }
}

/// Whether the children of this place can be pinned individually.
fn is_list_of_things(pointer: &str) -> bool {
    let (owner, key) = pointer.rsplit_once('/').unwrap_or_default();
    matches!(key, "properties" | "parameters" | "x-error-codes") && !owner.ends_with("/properties")
}
