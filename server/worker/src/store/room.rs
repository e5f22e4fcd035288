//! Room for the bytes sent to and from D1, out of the isolate's share. All rows of an answer come at once, so room is
//! reserved before the read.

use std::sync::Arc;

use crm_core::{
    held::{self, Held},
    ports::store::{Statement, StoreError},
};

/// The bytes that a read with a bound reserves at first: it nearly always needs less, and a read that needs more tries
/// again.
const USUAL: usize = 1 << 20;
/// `USUAL` is reserved only while this much more stays free.
const SPARE: usize = 8 << 20;
/// Reserved when memory is short. Most reads need less.
const LITTLE: usize = 32 << 10;

/// Reserved bytes; dropping it releases them.
pub struct Room {
    held: Option<Arc<Held>>,
    taken: usize,
}

impl Room {
    /// No bytes yet, for the current request.
    pub fn of_request() -> Self {
        Self {
            held: held::current(),
            taken: 0,
        }
    }

    /// Changes the reservation to `bytes`.
    pub fn set(&mut self, bytes: usize) -> Result<(), StoreError> {
        if let Some(held) = &self.held {
            if bytes > self.taken && !held.read(bytes - self.taken) {
                return Err(StoreError::Busy("too many bytes are being answered".into()));
            }
            held.forget(self.taken.saturating_sub(bytes));
        }
        self.taken = bytes;
        Ok(())
    }

    /// Reserves room for the rows of a first try; returns how many bytes a statement with a bound may then return.
    pub fn first(&mut self, statements: &[Statement]) -> Result<usize, StoreError> {
        let usual = most(statements, USUAL);
        let first = match self.set(usual.saturating_add(SPARE)) {
            Ok(()) => USUAL,
            Err(_) => LITTLE,
        };
        self.set(most(statements, first))?;
        Ok(first)
    }

    /// Reserves room for everything that the statements may return.
    pub fn whole(&mut self, statements: &[Statement]) -> Result<(), StoreError> {
        self.set(most(statements, usize::MAX))
    }

    /// Hands the reservation to the request, which holds it until its answer is sent.
    pub fn keep(mut self) {
        self.held = None;
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Some(held) = &self.held {
            held.forget(self.taken);
        }
    }
}

/// The most bytes that the statements with a bound may return, at most `each` bytes per statement.
fn most(statements: &[Statement], each: usize) -> usize {
    let bounds = statements.iter().filter_map(|statement| statement.bound);
    bounds.map(|bound| bound.bytes.min(each)).sum()
}

#[cfg(test)]
mod tests {
    use crm_core::{
        page,
        ports::store::{Bound, admission::BATCH_BYTES, bound::Past},
    };

    use super::*;
    use crate::leases::Leases;

    fn room(held: &Arc<Held>) -> Room {
        Room {
            held: Some(held.clone()),
            taken: 0,
        }
    }

    fn read(bound: Bound) -> [Statement; 1] {
        [Statement::new("SELECT 1", []).bounded(bound)]
    }

    #[test]
    fn a_hundred_small_reads_of_one_business_have_room_at_once() {
        let leases = Leases::default();
        let list = read(page::bound(&["data"]));
        let hundred: Vec<_> = (0..100).map(|_| leases.enter(None, 0)).collect();
        let mut rooms: Vec<Room> = hundred.iter().map(|lease| room(&lease.held)).collect();
        let firsts = rooms.iter_mut().map(|room| room.first(&list));
        let firsts: Result<Vec<usize>, StoreError> = firsts.collect();
        let firsts = firsts.expect("room");
        assert_eq!((firsts[0], firsts[99]), (USUAL, LITTLE));
        // And some of the reads turn out to be large.
        assert!(rooms[99].whole(&list).is_ok());
        drop(rooms);
        assert_eq!(leases.taken(), [0, 0, 0]);
    }

    #[test]
    fn what_a_read_takes_is_what_it_turns_out_to_be_and_goes_with_the_request() {
        let leases = Leases::default();
        let lease = leases.enter(None, 0);
        let written = read(Bound {
            bytes: BATCH_BYTES,
            columns: &["data"],
            past: Past::Refused,
        });
        let mut room = room(&lease.held);
        assert_eq!(room.first(&written), Ok(USUAL));
        assert_eq!(room.whole(&written), Ok(()));
        let whole = leases.taken()[2];
        assert!(room.set(1_000_000).is_ok());
        assert!(leases.taken()[2] < whole / 4);
        room.keep();
        assert!(leases.taken()[2] > 1_000_000);
        drop(lease);
        assert_eq!(leases.taken(), [0, 0, 0]);
    }
}
