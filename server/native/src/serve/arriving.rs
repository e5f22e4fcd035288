//! The body of a request while it arrives: its bytes take room as they arrive, it has to arrive fast enough, and the
//! work on the request begins when all of it has arrived. At the end the unread rest is read and discarded, within
//! bounds, because a peer that is still sending when the connection closes does not see the answer.

use std::{
    error::Error,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use crm_core::held::Held;
use http::header;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use parking_lot::Mutex;

use super::pace::{Pace, Rate};

/// The largest body that is read to its end, in bytes. A peer that announces more is answered at once; one that sends
/// more may not see the answer.
const MOST_BYTES: usize = 32 << 20;
const LONGEST: Duration = Duration::from_secs(5);

type Slot = Arc<Mutex<Incoming>>;

/// The outcome of a body, for the code that answers its request.
#[derive(Default)]
struct Fate {
    /// There was no room for the body, or for the work on the request.
    refused: AtomicBool,
    /// The body arrived too slowly.
    slow: AtomicBool,
}

/// The body of a request that is being answered.
pub struct Arriving {
    slot: Slot,
    fate: Arc<Fate>,
    /// The peer waits for a 100 response before it sends the body (`Expect: 100-continue`).
    waits: bool,
}

/// Gives the request a body that returns its rest when it is dropped.
pub fn lend(request: Request<Incoming>, held: Arc<Held>, rate: Rate) -> (Request, Arriving) {
    let waits = request.headers().contains_key(header::EXPECT);
    let (head, body) = request.into_parts();
    let slot = Arc::new(Mutex::new(body));
    let fate = Arc::<Fate>::default();
    let lent = Body::new(Lent {
        rest: Rest { slot: slot.clone() },
        fate: fate.clone(),
        held,
        pace: Pace::new(rate),
    });
    let arriving = Arriving { slot, fate, waits };
    (Request::from_parts(head, lent), arriving)
}

impl Arriving {
    /// There was no room; this overrides the answer of the router.
    pub fn was_refused(&self) -> bool {
        self.fate.refused.load(Relaxed)
    }

    /// The body arrived too slowly; this overrides the answer of the router.
    pub fn was_slow(&self) -> bool {
        self.fate.slow.load(Relaxed)
    }

    /// Reads and discards the unread rest. False if it did not reach the end, so no other request can follow on the
    /// connection.
    pub async fn take_rest(self) -> bool {
        let slow = self.was_slow();
        let mut rest = Rest { slot: self.slot };
        if rest.is_end_stream() {
            return true;
        }
        if self.waits || slow || rest.size_hint().lower() > MOST_BYTES as u64 {
            return false;
        }
        // Read to the end: `is_end_stream` does not tell whether a chunked body is complete.
        let taking = async {
            let mut taken = 0;
            while taken <= MOST_BYTES {
                match rest.frame().await {
                    None => return true,
                    Some(Ok(frame)) => taken += frame.data_ref().map_or(0, Bytes::len),
                    Some(Err(_)) => return false,
                }
            }
            false
        };
        // The answer is sent now, whether or not this was in time.
        tokio::time::timeout(LONGEST, taking).await.unwrap_or(false)
    }
}

/// A body that hands its unread rest back when its reader drops it.
struct Rest {
    slot: Slot,
}

impl Rest {}

impl hyper::body::Body for Rest {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut *self.slot.lock()).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.slot.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.slot.lock().size_hint()
    }
}

struct Lent {
    rest: Rest,
    fate: Arc<Fate>,
    held: Arc<Held>,
    pace: Pace,
}

#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("there is no room for the body now")]
    NoRoom,
    #[error("the body arrived too slowly")]
    Slow,
}

impl hyper::body::Body for Lent {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.rest).poll_frame(cx);
        if polled.is_pending() && self.pace.waits(cx) {
            self.fate.slow.store(true, Relaxed);
            return Poll::Ready(Some(Err(Broken::Slow.into())));
        }
        let frame = ready!(polled);
        let bytes = match &frame {
            Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) | None => 0,
        };
        self.pace.moved(bytes);
        let whole = frame.is_none() || self.rest.is_end_stream();
        if self.held.body(bytes) && (!whole || self.held.work()) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        self.fate.refused.store(true, Relaxed);
        Poll::Ready(Some(Err(Broken::NoRoom.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.rest.size_hint()
    }
}
