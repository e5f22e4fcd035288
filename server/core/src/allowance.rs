//! The bounds of one request for checking values and definitions. All of its records share one allowance.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::ports::store::TenantId;

/// Upper bound of the pattern matching in one request, in steps of about 10 ns: it occupies the serving thread for
/// about 40 ms. [`MOST_STATES`] bounds compiling.
pub const MOST_EFFORT: u64 = 1 << 22;
/// Upper bound of the pattern states that one request compiles, including the cost of parsing. All patterns of a tenant
/// need less, so a request is refused only if it needs more programs at once than are kept.
pub const MOST_STATES: u64 = 1 << 19;
/// Upper bound of the failures in the answer to one request, in bytes. In addition, each failed operation lists its
/// first failure.
pub const MOST_TOLD: u64 = 1 << 18;

/// The rest of one request's allowance. Clones share it.
#[derive(Clone, Debug)]
pub struct Allowance {
    work: Arc<Work>,
    told: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Work {
    /// The tenant whose compiled programs are kept for the next request. With None they are not kept.
    tenant: Option<TenantId>,
    effort: AtomicU64,
    states: AtomicU64,
}

/// For a request that checks a few values, such as the defaults of definitions.
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

    /// For another try of the same request. It shares the remaining work, and may list as many failures as this one
    /// still may.
    pub fn again(&self) -> Self {
        Self {
            work: self.work.clone(),
            told: Arc::new(AtomicU64::new(self.told.load(Ordering::Relaxed))),
        }
    }

    pub(crate) fn tenant(&self) -> Option<&TenantId> {
        self.work.tenant.as_ref()
    }

    /// Spends the work to match a text. False if not enough is left.
    pub(crate) fn judges(&self, work: u64) -> bool {
        spend(&self.work.effort, work)
    }

    /// Spends the states to compile a program. False if not enough are left.
    pub(crate) fn compiles(&self, states: u64) -> bool {
        spend(&self.work.states, states)
    }

    /// Spends the bytes to list a failure. False if not enough are left.
    pub(crate) fn tells(&self, bytes: u64) -> bool {
        spend(&self.told, bytes)
    }
}

/// Spends an amount. False, and nothing is spent, if less is left.
fn spend(left: &AtomicU64, wanted: u64) -> bool {
    let less = |left: u64| left.checked_sub(wanted);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        .is_ok()
}
