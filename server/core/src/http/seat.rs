//! Tells a host early to which business a request belongs, so that it can share its memory fairly.

use std::sync::Arc;

use crate::ports::store::TenantId;

/// The share of a host's resources that a request holds. A host adds a [`Seated`] to the request's extensions.
pub trait Seat: Send + Sync {
    /// The request belongs to this business. False if other requests of the business hold its whole part.
    fn known(&self, tenant: &TenantId) -> bool;
}

#[derive(Clone)]
pub struct Seated(pub Arc<dyn Seat>);
