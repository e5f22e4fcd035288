//! The body of a request while it arrives: its bytes take room as they arrive, and the work on the request begins when
//! all of it has arrived.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use axum::{BoxError, body::Body};
use bytes::Bytes;
use crm_core::held::Held;
use futures_util::{StreamExt, stream};
use http::Request;

/// The outcome of a body.
#[derive(Clone, Default)]
pub struct Fate(Arc<AtomicBool>);

#[derive(Debug, thiserror::Error)]
#[error("there is no room for the body now")]
struct NoRoom;

impl Fate {
    /// The body was refused for lack of memory; this decides the answer.
    pub fn was_refused(&self) -> bool {
        self.0.load(Relaxed)
    }

    fn admit(&self, room: bool, bytes: Bytes) -> Result<Bytes, BoxError> {
        if room {
            return Ok(bytes);
        }
        self.0.store(true, Relaxed);
        Err(NoRoom.into())
    }
}

/// The request with a counted body.
pub fn counted(request: Request<Body>, held: Arc<Held>) -> (Request<Body>, Fate) {
    let fate = Fate::default();
    let (each, end) = ((held.clone(), fate.clone()), (held, fate.clone()));
    let (head, body) = request.into_parts();
    let arriving = body.into_data_stream().map(move |bytes| {
        let (held, fate) = &each;
        let bytes = bytes?;
        fate.admit(held.body(bytes.len()), bytes)
    });
    let whole = stream::once(async move {
        let (held, fate) = end;
        fate.admit(held.work(), Bytes::new())
    });
    let body = Body::from_stream(arriving.chain(whole));
    (Request::from_parts(head, body), fate)
}
