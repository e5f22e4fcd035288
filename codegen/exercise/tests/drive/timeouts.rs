//! Time limits of calls: the settings have one for all, a call may have its own, and a stream of events may continue as
//! long as it is not silent.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use crm_codegen_exercise::v1::web::Client;
use crm_runtime::client::{RetryPolicy, Settings};
use futures_util::{TryStreamExt, stream};

const PIECES: usize = 4;
/// The pause between two pieces of an answer.
const PAUSE: Duration = Duration::from_millis(400);
const SHORT: Duration = Duration::from_millis(200);
/// A time limit below the sum of all pauses.
const MIDDLE: Duration = Duration::from_millis(1_000);

/// A server that pauses between the pieces of an answer.
async fn slow() -> String {
    let pieces = || async {
        Body::from_stream(stream::unfold(0, |sent| async move {
            if sent == PIECES {
                return None;
            }
            if sent > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            Some((
                Ok::<_, Infallible>(Bytes::from_static(b"data: 1\n\n")),
                sent + 1,
            ))
        }))
    };
    let router = Router::new()
        .route("/stream", get(pieces))
        .route("/text", get(pieces));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

async fn client(settings: impl FnOnce(Settings) -> Settings) -> Client {
    let plain = Settings::new(slow().await).retry(RetryPolicy::none());
    Client::new(settings(plain)).unwrap()
}

/// The number of pieces that arrived, and whether the stream was complete.
macro_rules! pieces {
    ($call:expr) => {
        match $call.send().await {
            Ok(answer) => {
                let (mut bytes, mut body) = (0, answer.into_inner_stream());
                loop {
                    match body.try_next().await {
                        Ok(Some(piece)) => bytes += piece.len(),
                        Ok(None) => break (bytes / 9, true),
                        Err(_) => break (bytes / 9, false),
                    }
                }
            }
            Err(_) => (0, false),
        }
    };
}

#[tokio::test]
async fn a_stream_outlives_the_limit_of_calls() {
    let client = client(|settings| settings.timeout(MIDDLE)).await;
    assert_eq!(pieces!(client.bodies_stream()), (PIECES, true));
    assert!(
        !pieces!(client.bodies_text()).1,
        "other calls have the limit"
    );
}

#[tokio::test]
async fn a_silent_stream_ends() {
    let client = client(|settings| settings.idle_timeout(SHORT)).await;
    assert_eq!(pieces!(client.bodies_stream()), (1, false));
    assert_eq!(
        pieces!(client.bodies_text()),
        (PIECES, true),
        "for streams alone"
    );
}

#[tokio::test]
async fn a_call_has_its_own_limit() {
    let client = client(|settings| settings.timeout(MIDDLE)).await;
    assert_eq!(pieces!(client.bodies_text().timeout(None)), (PIECES, true));
    assert_eq!(
        pieces!(client.bodies_text().timeout(Duration::from_secs(30))),
        (PIECES, true)
    );
    assert_eq!(pieces!(client.bodies_stream().timeout(SHORT)), (1, false));
}
