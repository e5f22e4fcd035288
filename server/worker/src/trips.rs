//! Counts the round trips to the stores, and their bytes: on Workers they are what a request costs.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static TRIPS: AtomicU64 = AtomicU64::new(0);
static SENT: AtomicU64 = AtomicU64::new(0);
static RECEIVED: AtomicU64 = AtomicU64::new(0);

/// One round trip: the bytes of SQL and texts there, of rows as JSON back.
pub fn count(sent: usize, received: usize) {
    TRIPS.fetch_add(1, Relaxed);
    SENT.fetch_add(sent as u64, Relaxed);
    RECEIVED.fetch_add(received as u64, Relaxed);
    tracing::debug!(target: "crm::trips", sent, received, "round trip");
}

/// Of this isolate since its start: round trips, bytes sent, bytes received.
#[cfg(feature = "conformance")]
pub fn so_far() -> [u64; 3] {
    [&TRIPS, &SENT, &RECEIVED].map(|counter| counter.load(Relaxed))
}
