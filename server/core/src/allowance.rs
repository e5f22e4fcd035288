//! What one request may ask for while values and definitions are judged. All of its records share one allowance.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::ports::store::TenantId;

/// The work that one request can ask of patterns, in steps of some 10 ns. So judging holds the serving thread for some 40 ms
/// in one request. [`MOST_STATES`] bounds compiling.
pub const MOST_EFFORT: u64 = 1 << 22;
/// The states of the patterns that one request can have compiled, and what reading their texts comes to. All patterns that
/// a tenant can have are less, so only a request that needs more programs at once than are kept is ever refused.
pub const MOST_STATES: u64 = 1 << 19;
/// The bytes of failures that one request is told. Beside them, each operation that failed is told one.
pub const MOST_TOLD: u64 = 1 << 18;

/// What is left of what one request may ask for. Clones share it.
#[derive(Clone, Debug)]
pub struct Allowance {
    work: Arc<Work>,
    told: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Work {
    /// Whose programs are kept for the next request. None: they are not kept.
    tenant: Option<TenantId>,
    effort: AtomicU64,
    states: AtomicU64,
}

/// Of a request that judges a few values, such as the defaults of definitions.
impl Default for Allowance {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Allowance {
    pub fn of(tenant: &TenantId) -> Self {
        Self::new(Some(tenant.clone()))
    }

    fn new(tenant: Option<TenantId>) -> Self {
        Self {
            work: Arc::new(Work {
                tenant,
                effort: AtomicU64::new(MOST_EFFORT),
                states: AtomicU64::new(MOST_STATES),
            }),
            told: Arc::new(AtomicU64::new(MOST_TOLD)),
        }
    }

    /// For another try of the same request: it works with what is left, and tells what this one has left to tell.
    pub fn again(&self) -> Self {
        Self {
            work: self.work.clone(),
            told: Arc::new(AtomicU64::new(self.told.load(Ordering::Relaxed))),
        }
    }

    pub(crate) fn tenant(&self) -> Option<&TenantId> {
        self.work.tenant.as_ref()
    }

    /// Whether a text can still be judged, which takes so much work.
    pub(crate) fn judges(&self, work: u64) -> bool {
        spend(&self.work.effort, work)
    }

    /// Whether a program of so many states can still be compiled.
    pub(crate) fn compiles(&self, states: u64) -> bool {
        spend(&self.work.states, states)
    }

    /// Whether a failure of so many bytes can still be told.
    pub(crate) fn tells(&self, bytes: u64) -> bool {
        spend(&self.told, bytes)
    }
}

/// Whether there was as much left, which is then spent.
fn spend(left: &AtomicU64, wanted: u64) -> bool {
    let less = |left: u64| left.checked_sub(wanted);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        .is_ok()
}
