//! The HTTP server: accepts connections, hands their requests to the core's router, and stops without aborting running
//! requests. It speaks HTTP/1.1; a proxy before it provides TLS and HTTP/2.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{Router, extract::Request};
use crm_core::{
    held::Hall,
    http::{BODY_LIMIT, Peer, Seated, caller_address, cors::Origins, is_trusted},
    shares::{Charged, Shares},
};
use http::{HeaderValue, header};
use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};

mod arriving;
mod explained;
mod guarded;
mod heard;
mod host;
mod pace;
mod packed;
mod patience;
mod taken;

use explained::Explained;
use guarded::{Seen, answer, busy, too_slow};
pub use pace::Rate;
use packed::Routers;
use patience::Patient;
use taken::kept;

/// Bounds of the server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The most connections at one time; further ones wait to be accepted.
    pub connections: usize,
    /// The most connections of one address (for IPv6, of one /64 network); a further one is closed at once.
    pub connections_of_one: usize,
    /// Trusted proxies: callers behind one are told apart by `X-Forwarded-For`.
    pub trusted_proxies: Vec<IpNet>,
    /// The longest time for the head of a request, and between two requests.
    pub head_time: Duration,
    /// How fast a peer has to read an answer and to send a body while the server waits for it.
    pub take_rate: Rate,
    pub send_rate: Rate,
    /// The longest time for requests that run when the server is told to stop.
    pub drain_time: Duration,
    /// The bounds of requests at work, of the bytes of their bodies, and of the bytes of rows read and of answers that
    /// are not taken yet (small bodies and answers do not count). A request beyond a bound is answered 503 at once. One
    /// address or business gets half of the slots and a quarter of the bytes.
    pub requests: usize,
    pub body_bytes: usize,
    pub answer_bytes: usize,
    /// The longest head of a request, in bytes.
    pub head_bytes: usize,
    pub headers: usize,
    /// Origins whose pages may also read answers that do not come from the router.
    pub origins: Origins,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 4_096,
            connections_of_one: 256,
            trusted_proxies: Vec::new(),
            head_time: Duration::from_secs(15),
            // 8 KiB and 1 KiB a second: slower than the slowest mobile connection. A packet that is lost several times
            // causes a silence of ten seconds or more.
            take_rate: Rate {
                window: Duration::from_secs(30),
                bytes: 240 << 10,
            },
            send_rate: Rate {
                window: Duration::from_secs(20),
                bytes: 20 << 10,
            },
            drain_time: Duration::from_secs(20),
            requests: 256,
            body_bytes: 16 << 20,
            answer_bytes: 128 << 20,
            // Room for the longest filter that the contract allows, percent-encoded, and for the rest of the head.
            head_bytes: 64 << 10,
            headers: 64,
            origins: Origins::default(),
        }
    }
}

/// Serves until `stop` completes. Then it accepts no new connections and finishes running requests within `drain_time`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: Settings,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let connections = Arc::new(Semaphore::new(settings.connections));
    let settings = Arc::new(settings);
    let routers = Routers::new(router);
    let hall = Arc::new(hall(&settings));
    let addresses = Arc::new(Shares::new(usize::MAX, settings.connections_of_one));
    let (stopping, stopped) = watch::channel(false);
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = async {
            let permit = connections.clone().acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = &mut stop => break,
            next = next => next,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_the_peers(&error) => continue,
            Err(error) => {
                // Probably out of file descriptors; some become free when connections end.
                tracing::warn!(%error, "no connection accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(place) = Place::take(&addresses, peer.ip(), &settings.trusted_proxies) else {
            tracing::debug!(%peer, "too many connections from one address");
            continue;
        };
        let (routers, settings, stopped) = (routers.clone(), settings.clone(), stopped.clone());
        let hall = hall.clone();
        tokio::spawn(async move {
            let _places = (permit, place);
            connection(stream, peer, routers, hall, settings, stopped).await;
        });
    }
    drop(listener);
    drop(stopped);
    stopping.send_replace(true);
    if tokio::time::timeout(settings.drain_time, stopping.closed())
        .await
        .is_err()
    {
        let open = stopping.receiver_count();
        tracing::warn!(
            open,
            "connections were cut: their requests took too long to finish"
        );
    }
    Ok(())
}

/// There is always room for one body, whatever the settings are.
fn hall(settings: &Settings) -> Hall {
    let bodies = settings.body_bytes.max(BODY_LIMIT);
    Hall::new(
        Shares::new(settings.requests, settings.requests.div_ceil(2)),
        Shares::new(bodies, (bodies / 4).max(BODY_LIMIT)),
        Shares::new(settings.answer_bytes, settings.answer_bytes / 4),
    )
}

/// The place of one connection among those that its address may have.
struct Place {
    addresses: Arc<Shares>,
    party: Option<Charged>,
}

impl Place {
    fn take(addresses: &Arc<Shares>, peer: IpAddr, proxies: &[IpNet]) -> Option<Self> {
        let party = (!is_trusted(peer, proxies)).then(|| Charged::at(peer));
        addresses.take(party.as_slice(), 1).then(|| Self {
            addresses: addresses.clone(),
            party,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.addresses.give(self.party.as_slice(), 1);
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    routers: Routers,
    hall: Arc<Hall>,
    settings: Arc<Settings>,
    mut stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let (send_rate, take_rate) = (settings.send_rate, settings.take_rate);
    let (bounds, origins) = (settings.clone(), settings.origins.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        let proxies = &settings.trusted_proxies;
        let address = caller_address(Some(peer.ip()), request.headers(), proxies);
        let held = hall.enter(address.unwrap_or(peer.ip()));
        let seen = Seen::of(&request);
        let origin = request.headers().get(header::ORIGIN).cloned();
        let origins = origins.clone();
        let no_host = host::refused(&request);
        // Work on a request with a body begins when the body has arrived.
        let refused = request.body().is_end_stream() && !held.work();
        let (mut request, arriving) = arriving::lend(request, held.clone(), send_rate);
        let extensions = request.extensions_mut();
        extensions.insert(Peer(peer.ip()));
        extensions.insert(Seated(held.clone()));
        let router = (!refused).then(|| routers.of(&seen.path));
        async move {
            let answered = match (no_host, router) {
                (Some(refusal), _) => Some(refusal),
                (None, Some(router)) => Some(held.during(answer(router, request, &seen)).await?),
                (None, None) => None,
            };
            let answered = match arriving.was_slow() {
                true => Some(too_slow(&seen)),
                false => answered.filter(|_| !arriving.was_refused()),
            };
            let answered = answered.and_then(|answer| kept(answer, held, &seen.method));
            let whole = arriving.take_rest().await;
            let mut answered = answered.unwrap_or_else(|| busy(&seen));
            if !whole {
                let close = HeaderValue::from_static("close");
                answered.headers_mut().insert(header::CONNECTION, close);
            }
            origins.let_read(origin.as_ref(), answered.headers_mut());
            Ok::<_, std::convert::Infallible>(answered)
        }
    });
    let settings = bounds;
    let stream = Patient::new(stream, take_rate);
    let stream = Explained::new(stream, settings.origins.clone());
    let stream = TokioIo::new(stream);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.head_time)
        .max_buf_size(settings.head_bytes)
        .max_headers(settings.headers)
        .serve_connection(stream, service);
    let mut served = std::pin::pin!(served);
    let told = async { drop(stopped.wait_for(|stopped| *stopped).await) };
    let ended = tokio::select! {
        ended = &mut served => ended,
        () = told => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        // Peers that leave or send invalid HTTP: not an error of the server, and frequent.
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

fn is_the_peers(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}
