//! The source of a client's access token: a fixed one, or a provider that can renew it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::platform::{BoxFuture, MaybeSend, MaybeSync};

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no access token: {0}")]
pub struct TokenError(pub String);

/// Provides access tokens. [`Token::provider`] makes one of a closure `Fn(Option<String>) -> impl Future<Output =
/// Result<Option<String>, TokenError>>`.
pub trait TokenProvider: MaybeSend + MaybeSync {
    /// The token to send; `None` sends none. `rejected` is the token that the server has just refused: renew it. Many
    /// calls may be refused at once, so a provider whose current token differs from the rejected one returns the
    /// current one and renews nothing.
    fn token<'a>(
        &'a self,
        rejected: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<String>, TokenError>>;
}

/// The token of a client.
#[derive(Clone, Default)]
pub enum Token {
    /// No token: only public operations.
    #[default]
    None,
    /// Always the same token.
    Fixed(Arc<str>),
    /// A provider, called before each call, and again when the server refuses a token.
    Provider(Arc<dyn TokenProvider>),
}

impl Token {
    /// Always the same token.
    pub fn fixed(token: impl Into<Arc<str>>) -> Self {
        Token::Fixed(token.into())
    }

    /// A closure that returns the token; its argument is the refused token, if there is one.
    pub fn provider<F, Fut>(provider: F) -> Self
    where
        F: Fn(Option<String>) -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future<Output = Result<Option<String>, TokenError>> + MaybeSend + 'static,
    {
        Token::Provider(Arc::new(Closure(provider)))
    }

    /// The token for a call, or the next one after `rejected`.
    pub(super) async fn get(&self, rejected: Option<&str>) -> Result<Option<String>, TokenError> {
        match self {
            Token::None => Ok(None),
            Token::Fixed(token) => Ok(Some(token.to_string())),
            Token::Provider(provider) => provider.token(rejected).await,
        }
    }
}

/// Shows the kind of the token, never the token.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Token::None => "None",
            Token::Fixed(_) => "Fixed(..)",
            Token::Provider(_) => "Provider(..)",
        })
    }
}

impl From<&str> for Token {
    fn from(token: &str) -> Self {
        Token::fixed(token)
    }
}

impl From<String> for Token {
    fn from(token: String) -> Self {
        Token::fixed(token)
    }
}

struct Closure<F>(F);

impl<F, Fut> TokenProvider for Closure<F>
where
    F: Fn(Option<String>) -> Fut + MaybeSend + MaybeSync,
    Fut: Future<Output = Result<Option<String>, TokenError>> + MaybeSend + 'static,
{
    fn token<'a>(
        &'a self,
        rejected: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<String>, TokenError>> {
        Box::pin((self.0)(rejected.map(str::to_owned)))
    }
}
