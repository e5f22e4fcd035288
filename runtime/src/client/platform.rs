//! The differences between a browser and other platforms: whether futures move between threads, and how a client waits.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A boxed future; `Send` on platforms with threads.
#[cfg(not(target_arch = "wasm32"))]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
/// A boxed future; `Send` on platforms with threads.
#[cfg(target_arch = "wasm32")]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// `Send` on platforms with threads.
#[cfg(not(target_arch = "wasm32"))]
pub trait MaybeSend: Send {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Send + ?Sized> MaybeSend for T {}
/// `Send` on platforms with threads.
#[cfg(target_arch = "wasm32")]
pub trait MaybeSend {}
#[cfg(target_arch = "wasm32")]
impl<T: ?Sized> MaybeSend for T {}

/// `Sync` on platforms with threads.
#[cfg(not(target_arch = "wasm32"))]
pub trait MaybeSync: Sync {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Sync + ?Sized> MaybeSync for T {}
/// `Sync` on platforms with threads.
#[cfg(target_arch = "wasm32")]
pub trait MaybeSync {}
#[cfg(target_arch = "wasm32")]
impl<T: ?Sized> MaybeSync for T {}

/// Waits without a particular runtime: a timer thread on the host, `setTimeout` in a browser.
pub(super) async fn sleep(duration: Duration) {
    futures_timer::Delay::new(duration).await;
}

/// Whether the request never reached a server, so that a repeat cannot take effect twice.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn never_connected(error: &reqwest::Error) -> bool {
    error.is_connect()
}

/// A browser does not tell, so this is always false.
#[cfg(target_arch = "wasm32")]
pub(super) fn never_connected(_: &reqwest::Error) -> bool {
    false
}
