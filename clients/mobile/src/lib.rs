//! The typed client of the consumer `mobile`. The app that technicians carry. It contains only the operations that the
//! contract has for this consumer.
//!
//! Generated from `spec/openapi.yaml`. Each operation is a method of [`Client`] that returns a builder; `send` sends
//! the request. Every request asks for its version by name, every write carries an idempotency key that its retries
//! reuse, retries are bounded and honour `Retry-After`, headers and errors are typed, lists are streams.
//!
//! ```no_run
//! use crm_client_mobile::types::{JobFields, RecordCreate};
//! use crm_client_mobile::{Client, ErrorExt, Settings, Token};
//!
//! # async fn example(stored: String) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new(
//!     Settings::new("http://127.0.0.1:8080")
//!         .user_agent("field-app/2.1")
//!         .token(Token::provider(move |rejected| {
//!             // Renew the token when one was rejected; here there is only the stored one.
//!             let token = rejected.is_none().then(|| stored.clone());
//!             async move { Ok(token) }
//!         })),
//! )?;
//!
//! // Typed records: requests and answers have the fields of a job.
//! let jobs = client.records_of::<JobFields>();
//! let draft = JobFields { title: Some("Kitchen tap drips".into()), ..JobFields::default() };
//! let job = jobs.create().body(RecordCreate { id: None, fields: draft }).send().await?;
//!
//! // A call may be sent twice and takes effect once: the client gives each write a key.
//! match jobs.get().id(job.id.clone()).send().await {
//!     Ok(job) => println!("{:?}", job.fields.title),
//!     Err(error) if error.is_code("NOT_FOUND") => println!("somebody deleted it"),
//!     Err(error) => return Err(error.into()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! For `https` on the host, enable the feature `rustls` or `native-tls`; in a browser neither is needed.
//!
//! The crate uses version 1 of the API. [`v2`] is the same client for version 2, a preview.

pub use crm_contract::v1::mobile::*;
pub use crm_contract::v1::types;
pub use crm_runtime::client::layer::*;

/// The client of version 2, a preview: it may still change with any release of this crate. Lists answer
/// `items` and `page`, with cursors in both directions; errors are problem details (RFC 9457).
pub mod v2 {
    pub use crm_contract::v2::mobile::*;
    pub use crm_contract::v2::types;
    pub use crm_runtime::client::layer::*;
}
