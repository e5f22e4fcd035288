//! The typed client of the consumer `web`. The application that the office works with, in a browser or beside one. It
//! contains only the operations that the contract has for this consumer.
//!
//! Generated from `spec/openapi.yaml`. Each operation is a method of [`Client`] that returns a builder; `send` sends
//! the request. Every request asks for its version by name, every write carries an idempotency key that its retries
//! reuse, retries are bounded and honour `Retry-After`, headers and errors are typed, lists are streams.
//!
//! ```no_run
//! use crm_client_web::types::ContactFields;
//! use crm_client_web::{AnswerHeaders, Client, Settings};
//! use futures_util::TryStreamExt;
//!
//! # async fn example(token: String) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new(Settings::new("http://127.0.0.1:8080").token(token))?;
//!
//! // A list as a stream: pages are fetched as they are needed.
//! let contacts = client.records_of::<ContactFields>().list().sort("last_name").limit(100).stream();
//! let mut contacts = std::pin::pin!(contacts);
//! while let Some(contact) = contacts.try_next().await? {
//!     println!("{} {:?}", contact.id, contact.fields.last_name);
//! }
//!
//! // Headers are typed.
//! let me = client.me_get().send().await?;
//! println!("{:?} left, request {:?}", me.rate_limit(), me.request_id());
//! # Ok(())
//! # }
//! ```
//!
//! For `https` on the host, enable the feature `rustls` or `native-tls`; in a browser neither is needed.
//!
//! The crate uses version 1 of the API. [`v2`] is the same client for version 2, a preview.

pub use crm_contract::v1::types;
pub use crm_contract::v1::web::*;
pub use crm_runtime::client::layer::*;

/// The client of version 2, a preview: it may still change with any release of this crate. Lists answer
/// `items` and `page`, with cursors in both directions; errors are problem details (RFC 9457).
pub mod v2 {
    pub use crm_contract::v2::types;
    pub use crm_contract::v2::web::*;
    pub use crm_runtime::client::layer::*;
}
