//! What a host that serves many from one memory wants to know of a request early: whose it is.

use std::sync::Arc;

use crate::ports::store::TenantId;

/// What a request holds of what a host shares out. A host leaves a [`Seated`] in the request's extensions.
pub trait Seat: Send + Sync {
    /// The request is one of this business. False: others of it hold all that the business may have.
    fn known(&self, tenant: &TenantId) -> bool;
}

#[derive(Clone)]
pub struct Seated(pub Arc<dyn Seat>);
