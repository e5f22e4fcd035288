//! The directory: the tenants, the tenants of each login address, and the deployment's signing keys. Passwords, API
//! keys and sessions are in the tenant's database, since two databases share no transaction.

use super::Answer;
use super::store::{StoreError, TenantId};

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod sql;

pub use sql::DirectoryDatabase;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantEntry {
    pub id: TenantId,
    pub name: String,
    pub created_at: i64,
}

/// A key that signs access tokens. The newest one signs; every unexpired one verifies.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    pub kid: String,
    /// The Ed25519 seed, 32 bytes.
    pub seed: [u8; 32],
    pub created_at: i64,
    /// When the key expires, in epoch ms: from then on its tokens are refused. None while it is current.
    pub expires_at: Option<i64>,
}

pub trait Directory: Send + Sync + 'static {
    fn tenant<'a>(
        &'a self,
        id: &'a TenantId,
    ) -> Answer<'a, Result<Option<TenantEntry>, StoreError>>;
    fn tenants(&self) -> Answer<'_, Result<Vec<TenantEntry>, StoreError>>;
    /// Makes the tenant's database, migrated, and its entry. Repeating it is harmless.
    fn create_tenant<'a>(&'a self, entry: &'a TenantEntry) -> Answer<'a, Result<(), StoreError>>;
    /// The tenants in which a user has the folded login address, in the order in which they were added.
    fn tenants_of_login<'a>(
        &'a self,
        address: &'a str,
    ) -> Answer<'a, Result<Vec<TenantId>, StoreError>>;
    fn add_login<'a>(
        &'a self,
        address: &'a str,
        tenant: &'a TenantId,
    ) -> Answer<'a, Result<(), StoreError>>;
    fn remove_login<'a>(
        &'a self,
        address: &'a str,
        tenant: &'a TenantId,
    ) -> Answer<'a, Result<(), StoreError>>;
    fn signing_keys(&self) -> Answer<'_, Result<Vec<SigningKey>, StoreError>>;
    fn add_signing_key<'a>(&'a self, key: &'a SigningKey) -> Answer<'a, Result<(), StoreError>>;
    /// Adds the key if none is current: if several processes start at the same time, one of them adds its key.
    fn add_first_signing_key<'a>(
        &'a self,
        key: &'a SigningKey,
    ) -> Answer<'a, Result<(), StoreError>>;
    fn expire_signing_key<'a>(
        &'a self,
        kid: &'a str,
        expires_at: i64,
    ) -> Answer<'a, Result<(), StoreError>>;
}
