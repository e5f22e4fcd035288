//! What of a request's body nobody read. A peer that is still sending when the connection closes does
//! not see the answer, so what is left is taken and thrown away first, within bounds.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use http::header;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};

/// Whoever sends more does not see why it was refused.
const MOST_BYTES: usize = 32 << 20;
const LONGEST: Duration = Duration::from_secs(5);

type Slot = Arc<Mutex<Incoming>>;

/// The body of a request while it is being answered.
pub struct Unread {
    slot: Slot,
    /// The peer waits to be asked for the body (`Expect: 100-continue`).
    waits: bool,
}

/// Lends the request's body to whoever answers it.
pub fn lend(request: Request<Incoming>) -> (Request, Unread) {
    let waits = request.headers().contains_key(header::EXPECT);
    let (head, body) = request.into_parts();
    let slot = Arc::new(Mutex::new(body));
    let lent = Body::new(Lent { slot: slot.clone() });
    (Request::from_parts(head, lent), Unread { slot, waits })
}

impl Unread {
    /// Throws away what was not read.
    pub async fn take(self) {
        let mut rest = Lent { slot: self.slot };
        if self.waits || rest.is_end_stream() {
            return;
        }
        let taking = async {
            let mut taken = 0;
            while let Some(Ok(frame)) = rest.frame().await {
                taken += frame.data_ref().map_or(0, Bytes::len);
                if taken > MOST_BYTES {
                    break;
                }
            }
        };
        // In time or not, the answer goes out now.
        drop(tokio::time::timeout(LONGEST, taking).await);
    }
}

/// A body whose rest is not lost when its reader lets it go.
struct Lent {
    slot: Slot,
}

impl hyper::body::Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut body = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.slot
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.slot
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .size_hint()
    }
}
