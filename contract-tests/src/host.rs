//! What a host of the server is to the tests: an address, and a few things that only the one who runs
//! the server can do. The suites know nothing else of it, so the same suites prove every host.

mod fresh;
mod native;
mod workerd;

use std::time::Duration;

use futures_util::future::BoxFuture;

pub use native::Native;
pub use workerd::{PARTNER, Workerd};

/// The origin whose pages may call the server: each host is configured with it.
pub const ORIGIN: &str = "https://app.business.example";

/// A person's way in.
#[derive(Clone, Debug)]
pub struct Login {
    pub name: String,
    pub email: String,
    pub password: String,
}

/// Keeps the store of a tenant from writing until it is dropped.
pub type Hold = Box<dyn Send>;

pub trait Host: Send + Sync {
    /// As it stands in `exceptions.yaml`.
    fn name(&self) -> &'static str;

    fn base_url(&self) -> &str;

    /// The header in which the host believes a proxy on this machine the address of a caller.
    fn address_header(&self) -> &'static str;

    /// Whether what stands before the server resolves `.` and `..` in paths, as browsers do: the server then never sees them.
    fn resolves_dots(&self) -> bool {
        false
    }

    /// Makes a tenant with an owner; answers the tenant's id.
    fn create_tenant<'a>(&'a self, name: &'a str, owner: &'a Login) -> BoxFuture<'a, String>;

    /// An access token of a user that expires after `life`, at least a second.
    fn short_token<'a>(
        &'a self,
        tenant: &'a str,
        email: &'a str,
        life: Duration,
    ) -> BoxFuture<'a, String>;

    /// Holds the tenant's store, so that nothing can be written; none if the host cannot.
    fn hold_store<'a>(&'a self, tenant: &'a str) -> BoxFuture<'a, Option<Hold>>;

    /// The end of the server's log.
    fn log(&self) -> String;
}
