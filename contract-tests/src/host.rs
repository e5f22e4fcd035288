//! The interface of a host for the tests: an address, and a few actions that only the operator of the server can do.
//! The suites know nothing else of a host, so the same suites test every host.

mod fresh;
mod native;
mod workerd;

use std::time::Duration;

use futures_util::future::BoxFuture;

pub use native::Native;
pub use workerd::{PARTNER, Workerd};

/// The origin whose pages may call the server: each host is configured with it.
pub const ORIGIN: &str = "https://app.business.example";

/// The email address and password of a user.
#[derive(Clone, Debug)]
pub struct Login {
    pub name: String,
    pub email: String,
    pub password: String,
}

/// Keeps the store of a tenant from writing until it is dropped.
pub type Hold = Box<dyn Send>;

pub trait Host: Send + Sync {
    /// The host's name in `exceptions.yaml`.
    fn name(&self) -> &'static str;

    fn base_url(&self) -> &str;

    /// The header from which the host takes the caller's address, if a proxy on this machine sets it.
    fn address_header(&self) -> &'static str;

    /// Whether the platform before the server resolves `.` and `..` in paths, as browsers do, so that the server never
    /// sees them.
    fn resolves_dots(&self) -> bool {
        false
    }

    /// Makes a tenant with an owner; returns the tenant's id.
    fn create_tenant<'a>(&'a self, name: &'a str, owner: &'a Login) -> BoxFuture<'a, String>;

    /// Makes an access token of a user that expires after `life`, at least one second.
    fn short_token<'a>(
        &'a self,
        tenant: &'a str,
        email: &'a str,
        life: Duration,
    ) -> BoxFuture<'a, String>;

    /// Locks the tenant's store, so that nothing can be written; None if the host cannot.
    fn hold_store<'a>(&'a self, tenant: &'a str) -> BoxFuture<'a, Option<Hold>>;

    /// The end of the server's log.
    fn log(&self) -> String;
}
