//! The traits that a host implements. Ports are trait objects with boxed futures: the core is compiled once and not
//! once per host, and one allocation per call is negligible beside the call itself.

use std::{future::Future, pin::Pin};

pub mod blobs;
pub mod cache;
pub mod clock;
pub mod compute;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod directory;
pub mod documents;
pub mod limiter;
pub mod random;
pub mod store;

pub use blobs::Blobs;
pub use cache::Cache;
pub use clock::Clock;
pub use compute::Compute;
pub use directory::Directory;
pub use documents::Documents;
pub use limiter::Limiter;
pub use random::Random;
pub use store::TenantStore;

/// What a port's method returns.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// All ports of a host.
#[derive(Clone)]
pub struct Ports {
    pub store: std::sync::Arc<dyn TenantStore>,
    pub directory: std::sync::Arc<dyn Directory>,
    pub documents: std::sync::Arc<dyn Documents>,
    pub limiter: std::sync::Arc<dyn Limiter>,
    pub clock: std::sync::Arc<dyn Clock>,
    pub random: std::sync::Arc<dyn Random>,
}
