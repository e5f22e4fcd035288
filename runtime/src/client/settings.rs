//! The settings of a client, and the state made from them, which all its calls share.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::deprecation::DeprecatedUse;
use super::platform::{MaybeSend, MaybeSync};
use super::retry::RetryPolicy;
use super::token::Token;

#[cfg(not(target_arch = "wasm32"))]
type OnDeprecated = Arc<dyn Fn(&DeprecatedUse) + Send + Sync>;
#[cfg(target_arch = "wasm32")]
type OnDeprecated = Arc<dyn Fn(&DeprecatedUse)>;

/// The settings of a client.
///
/// ```
/// use crm_runtime::client::{RetryPolicy, Settings};
///
/// let settings = Settings::new("https://crm.example.com")
///     .token("an access token")
///     .retry(RetryPolicy { retries: 5, ..RetryPolicy::default() })
///     .user_agent("field-app/2.1");
/// ```
#[derive(Clone)]
pub struct Settings {
    base_url: String,
    token: Token,
    retry: RetryPolicy,
    user_agent: Option<String>,
    timeout: Duration,
    connect_timeout: Duration,
    idle_timeout: Duration,
    on_deprecated: Option<OnDeprecated>,
    http: Option<reqwest::Client>,
}

impl Settings {
    /// `base_url`: scheme, host, port if it is not the scheme's default, and the path of the API, if it has one.
    pub fn new(base_url: impl Into<String>) -> Self {
        Settings {
            base_url: base_url.into(),
            token: Token::None,
            retry: RetryPolicy::default(),
            user_agent: None,
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            on_deprecated: None,
            http: None,
        }
    }

    /// The access token, or its provider.
    pub fn token(mut self, token: impl Into<Token>) -> Self {
        self.token = token.into();
        self
    }

    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The `User-Agent` of the client. Browsers set their own.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// The time limit of one attempt, including its answer; by default 30 s. A call's own `timeout` overrides it.
    /// Streams of events have no such limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The time limit for connecting; by default 10 s. Browsers use their own.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The longest silence of a stream of events; by default 60 s. In a browser there is no limit.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// A callback for each answer that announces a removal: of the operation, of parameters and properties that the
    /// call sent, or of properties in the answer.
    pub fn on_deprecated(
        mut self,
        callback: impl Fn(&DeprecatedUse) + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.on_deprecated = Some(Arc::new(callback));
        self
    }

    /// An HTTP client to use instead of one made from these settings, for own proxies, certificates or connection
    /// pools. Its own timeouts for connecting and between reads and its user agent apply.
    pub fn http(mut self, client: reqwest::Client) -> Self {
        self.http = Some(client);
        self
    }
}

/// Never shows a token.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("base_url", &self.base_url)
            .field("token", &self.token)
            .field("retry", &self.retry)
            .field("user_agent", &self.user_agent)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Why a client cannot be made from its settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("`{url}` is not a base URL: {reason}")]
    BaseUrl { url: String, reason: String },
    #[error(
        "`{0}` needs TLS, which this build does not have: enable the feature `rustls` or `native-tls`"
    )]
    NoTls(String),
    #[error("`{0}` is not valid in a User-Agent header")]
    UserAgent(String),
    #[error("the HTTP client cannot be built: {0}")]
    Http(#[from] reqwest::Error),
}

/// The state that all calls of a generated client share.
#[derive(Clone, Debug)]
pub struct State(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: Settings,
    /// Made for the first stream.
    for_streams: OnceLock<reqwest::Client>,
}

impl State {
    /// The base URL without a slash at its end, the HTTP client, and the state.
    #[cfg_attr(
        target_arch = "wasm32",
        allow(clippy::arc_with_non_send_sync, reason = "a browser has one thread")
    )]
    pub fn new(settings: Settings) -> Result<(String, reqwest::Client, State), SettingsError> {
        let base_url = base_url(&settings.base_url)?;
        if let Some(name) = &settings.user_agent
            && http::HeaderValue::from_str(name).is_err()
        {
            return Err(SettingsError::UserAgent(name.clone()));
        }
        let client = match &settings.http {
            Some(client) => client.clone(),
            None => build(&settings, None)?,
        };
        let for_streams = OnceLock::new();
        let shared = Shared {
            settings,
            for_streams,
        };
        Ok((base_url, client, State(Arc::new(shared))))
    }

    pub(super) fn token(&self) -> &Token {
        &self.0.settings.token
    }

    pub(super) fn retry(&self) -> &RetryPolicy {
        &self.0.settings.retry
    }

    pub(super) fn timeout(&self) -> Duration {
        self.0.settings.timeout
    }

    /// The HTTP client for streams: it ends a stream that is silent for too long, and has no limit for the whole
    /// stream. A client from the settings is used unchanged.
    pub(super) fn for_streams<'a>(
        &'a self,
        plain: &'a reqwest::Client,
    ) -> reqwest::Result<&'a reqwest::Client> {
        let Shared {
            settings,
            for_streams,
        } = &*self.0;
        if settings.http.is_some() {
            return Ok(plain);
        }
        if let Some(client) = for_streams.get() {
            return Ok(client);
        }
        let client = build(settings, Some(settings.idle_timeout))?;
        Ok(for_streams.get_or_init(|| client))
    }

    pub(super) fn deprecated(&self, used: impl FnOnce() -> Option<DeprecatedUse>) {
        if let Some(callback) = &self.0.settings.on_deprecated
            && let Some(used) = used()
        {
            callback(&used);
        }
    }
}

fn base_url(text: &str) -> Result<String, SettingsError> {
    let wrong = |reason: String| SettingsError::BaseUrl {
        url: text.to_owned(),
        reason,
    };
    let url = url::Url::parse(text).map_err(|error| wrong(error.to_string()))?;
    match url.scheme() {
        "http" => {}
        "https"
            if cfg!(any(
                target_arch = "wasm32",
                feature = "rustls",
                feature = "native-tls"
            )) => {}
        "https" => return Err(SettingsError::NoTls(text.to_owned())),
        other => return Err(wrong(format!("`{other}` is neither http nor https"))),
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it must end with its path".to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("credentials do not belong into a URL".to_owned()));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(not(target_arch = "wasm32"))]
fn build(settings: &Settings, idle: Option<Duration>) -> reqwest::Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder().connect_timeout(settings.connect_timeout);
    if let Some(idle) = idle {
        builder = builder.read_timeout(idle);
    }
    if let Some(name) = &settings.user_agent {
        builder = builder.user_agent(name);
    }
    builder.build()
}

#[cfg(target_arch = "wasm32")]
fn build(_: &Settings, _: Option<Duration>) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder().build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_scheme_host_and_path() {
        assert_eq!(
            base_url("http://127.0.0.1:8080/").unwrap(),
            "http://127.0.0.1:8080"
        );
        assert_eq!(
            base_url("http://host/api/crm/").unwrap(),
            "http://host/api/crm"
        );
        for wrong in [
            "",
            "host",
            "/records",
            "ftp://host",
            "http://host/?a=b",
            "http://host/#x",
            "http://me:secret@host",
        ] {
            assert!(
                matches!(base_url(wrong), Err(SettingsError::BaseUrl { .. })),
                "{wrong}"
            );
        }
    }

    #[test]
    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    fn tls_that_is_not_there_is_told_early() {
        assert!(matches!(
            base_url("https://host"),
            Err(SettingsError::NoTls(_))
        ));
    }

    #[test]
    fn a_token_never_shows() {
        let settings = Settings::new("http://host").token("secret-token");
        assert!(!format!("{settings:?}").contains("secret-token"));
    }
}
