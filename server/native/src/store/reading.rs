//! Counts the bytes that are read for a request; gives them back if the read fails.

use std::sync::Arc;

use crm_core::held::Held;

pub struct Reading {
    held: Option<Arc<Held>>,
    /// Bytes for which no room is reserved yet.
    pending: usize,
    taken: usize,
}

/// Room is reserved in steps of this many bytes.
const STEP: usize = 64 << 10;

impl Reading {
    pub fn begin(held: Option<Arc<Held>>) -> Self {
        Self {
            held,
            pending: 0,
            taken: 0,
        }
    }

    /// Adds `bytes`; false if there is no room for them.
    #[must_use]
    pub fn more(&mut self, bytes: usize) -> bool {
        self.pending += bytes;
        self.pending < STEP || self.settle()
    }

    #[must_use]
    fn settle(&mut self) -> bool {
        let Some(held) = &self.held else { return true };
        let room = held.read(self.pending);
        if room {
            self.taken += self.pending;
            self.pending = 0;
        }
        room
    }

    /// Hands the counted bytes over to the request, which holds them from then on.
    #[must_use]
    pub fn keep(mut self) -> bool {
        let room = self.settle();
        if room {
            self.held = None;
        }
        room
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(held) = &self.held {
            held.forget(self.taken);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use crm_core::{held::Hall, shares::Shares};

    use super::*;

    #[test]
    fn what_came_to_nothing_is_given_back() {
        let bytes = || Shares::new(4 << 20, 2 << 20);
        let hall = Arc::new(Hall::new(bytes(), bytes(), bytes()));
        let held = hall.enter(IpAddr::from([192, 0, 2, 1]));
        let mut kept = Reading::begin(Some(held.clone()));
        assert!(kept.more(1 << 19) && kept.keep());
        let mut failing = Reading::begin(Some(held.clone()));
        assert!(failing.more(1 << 18) && !failing.more(1 << 20));
        drop(failing);
        assert!(held.read(1 << 19), "only what was kept counts");
    }
}
