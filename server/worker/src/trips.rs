//! Counts the round trips to the stores and their bytes, the main cost of a request on Workers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static TRIPS: AtomicU64 = AtomicU64::new(0);
static SENT: AtomicU64 = AtomicU64::new(0);
static RECEIVED: AtomicU64 = AtomicU64::new(0);

/// Counts one round trip: the sent bytes of SQL and texts, and the received bytes of rows as JSON.
pub fn count(sent: usize, received: usize) {
    TRIPS.fetch_add(1, Relaxed);
    SENT.fetch_add(sent as u64, Relaxed);
    RECEIVED.fetch_add(received as u64, Relaxed);
    tracing::debug!(target: "crm::trips", sent, received, "round trip");
}

/// Round trips, bytes sent and bytes received of this isolate since its start.
#[cfg(feature = "conformance")]
pub fn so_far() -> [u64; 3] {
    [&TRIPS, &SENT, &RECEIVED].map(|counter| counter.load(Relaxed))
}
