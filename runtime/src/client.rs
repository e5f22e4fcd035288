//! The runtime of generated clients: settings and the state made from them, the hooks around every call (version,
//! token, idempotency key, bounded retries), typed headers of answers, streams of pages, and the check that keeps a
//! parameter from changing the path.

mod call;
mod deprecation;
mod failure;
mod form;
mod headers;
mod key;
mod pages;
mod path;
mod platform;
mod problem;
mod query;
mod retry;
mod settings;
mod token;

pub use call::{Api, OperationFacts, after, before, execute};
pub use deprecation::{DeprecatedThing, DeprecatedUse, Deprecation};
pub use failure::{FailureBody, FailureExt, failure, read_as, refusal};
pub use form::{Unwritable, form};
pub use headers::{AnswerHeaders, RateLimit, RateLimitPolicy};
pub use key::idempotency_key;
pub use pages::{Cursor, items, pages};
pub use path::{RefusedSegment, segment};
pub use platform::{BoxFuture, MaybeSend, MaybeSync};
pub use problem::{ErrorExt, ProblemBody};
pub use query::{CommaSeparated, JsonText, OptionalBody};
pub use retry::RetryPolicy;
pub use settings::{Settings, SettingsError, State};
pub use token::{Token, TokenError, TokenProvider};

/// The items of this crate that each consumer's client re-exports, in every version.
pub mod layer {
    pub use super::{
        AnswerHeaders, DeprecatedThing, DeprecatedUse, Deprecation, ErrorExt, ProblemBody,
        RateLimit, RateLimitPolicy, RetryPolicy, Settings, SettingsError, Stream, Token,
        TokenError, TokenProvider,
    };
    pub use crate::{JsonObject, Patch, RecordFields};
}

pub use futures_core::Stream;
pub use progenitor_client::{ByteStream, Error, ResponseValue};

/// The type of an empty body.
pub type Nothing = ();

#[doc(hidden)]
pub use {progenitor_client, reqwest};
