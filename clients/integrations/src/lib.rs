//! The typed client of the consumer `integrations`. What other systems use, with an API key. It contains only the
//! operations that the contract has for this consumer.
//!
//! Generated from `spec/openapi.yaml`. Each operation is a method of [`Client`] that returns a builder; `send` sends
//! the request. Every request asks for its version by name, every write carries an idempotency key that its retries
//! reuse, retries are bounded and honour `Retry-After`, headers and errors are typed, lists are streams.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use crm_client_integrations::types::{ApiKeyGrant, TokenRequest};
//! use crm_client_integrations::{Client, RetryPolicy, Settings};
//!
//! # async fn example(api_key: String) -> Result<(), Box<dyn std::error::Error>> {
//! // An API key is exchanged for an access token.
//! let nobody = Client::new(Settings::new("http://127.0.0.1:8080"))?;
//! let grant = TokenRequest::ApiKeyGrant(ApiKeyGrant { api_key, ..ApiKeyGrant::default() });
//! let token = nobody.auth_token().body(grant).send().await?.into_inner();
//!
//! // A nightly job can wait longer.
//! let patient = RetryPolicy { retries: 10, total: Duration::from_secs(600), ..RetryPolicy::default() };
//! let client = Client::new(
//!     Settings::new("http://127.0.0.1:8080")
//!         .token(token.access_token)
//!         .retry(patient)
//!         .on_deprecated(|used| eprintln!("{} goes: {:?}", used.operation, used.notice.things)),
//! )?;
//! let contacts = client.records_list().type_("contact").limit(200).send().await?;
//! println!("{} contacts", contacts.items.len());
//! # Ok(())
//! # }
//! ```
//!
//! For `https` on the host, enable the feature `rustls` or `native-tls`; in a browser neither is needed.
//!
//! The crate uses version 1 of the API. [`v2`] is the same client for version 2, a preview.

pub use crm_contract::v1::integrations::*;
pub use crm_contract::v1::types;
pub use crm_runtime::client::layer::*;

/// The client of version 2, a preview: it may still change with any release of this crate. Lists answer
/// `items` and `page`, with cursors in both directions; errors are problem details (RFC 9457).
pub mod v2 {
    pub use crm_contract::v2::integrations::*;
    pub use crm_contract::v2::types;
    pub use crm_runtime::client::layer::*;
}
