//! The HTTP server: accepts connections, hands their requests to the core's router, and stops without breaking off what
//! runs. HTTP/1.1; TLS and HTTP/2 are the business of what stands before it.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::Request};
use crm_core::http::Peer;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};

mod admission;
mod explained;
mod guarded;
mod packed;
mod patience;
mod unread;

use admission::Admission;
use explained::Explained;
use guarded::{answer, busy};
use packed::Routers;
use patience::Patient;

/// Bounds of the server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Connections at one time; more wait to be accepted.
    pub connections: usize,
    /// For the head of a request, and between two requests.
    pub head_time: Duration,
    /// How long a peer may take nothing of an answer.
    pub write_time: Duration,
    /// For what still runs when the server is told to stop.
    pub drain_time: Duration,
    /// Requests at work at one time, and the bytes of their bodies, small ones apart: one more is answered 503 at once.
    pub requests: usize,
    pub body_bytes: usize,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    pub headers: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 4_096,
            head_time: Duration::from_secs(15),
            write_time: Duration::from_secs(30),
            drain_time: Duration::from_secs(20),
            requests: 256,
            body_bytes: 16 << 20,
            // The longest filter that the contract allows, percent-encoded, and what stands beside it.
            head_bytes: 64 << 10,
            headers: 64,
        }
    }
}

/// Serves until `stop` is done: then nothing new is accepted, and what runs is finished, as far as it is in time.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: Settings,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let connections = Arc::new(Semaphore::new(settings.connections));
    let settings = Arc::new(settings);
    let routers = Routers::new(router);
    let admission = Admission::new(settings.requests, settings.body_bytes);
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
                // Out of descriptors, most likely: some come back as connections end.
                tracing::warn!(%error, "no connection accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (routers, settings, stopped) = (routers.clone(), settings.clone(), stopped.clone());
        let admission = admission.clone();
        tokio::spawn(async move {
            let _permit = permit;
            connection(stream, peer, routers, admission, &settings, stopped).await;
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

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    routers: Routers,
    admission: Admission,
    settings: &Settings,
    mut stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let (mut request, unread) = unread::lend(request);
        request.extensions_mut().insert(Peer(peer.ip()));
        let admitted = admission
            .admit(&request)
            .map(|room| (room, routers.of(request.uri().path())));
        async move {
            let answer = match admitted {
                Some((_room, router)) => answer(router, request).await,
                None => Ok(busy(&request)),
            };
            unread.take().await;
            answer
        }
    });
    let stream = Explained::new(Patient::new(stream, settings.write_time));
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
        // Peers that leave, or send what is no HTTP: theirs, and daily.
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
