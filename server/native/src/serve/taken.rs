//! An answer while it is sent: it is sent in slices, and its share of the memory is held until the last slice is
//! dropped.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use crm_core::held::{FREE, Held};
use http::Method;
use hyper::body::{Body as _, Frame, SizeHint};

/// The size of a slice in bytes: as much as the connection buffers anyway.
const SLICE: usize = 64 << 10;
/// The bytes that an answer of unknown length counts as: the compressed contract and its page.
const UNKNOWN: u64 = 512 << 10;

/// Makes the answer hold its share until its bytes are taken. None if there is no room and the request changed nothing,
/// so that it can be refused.
pub fn kept(answer: Response, held: Arc<Held>, method: &Method) -> Option<Response> {
    let hint = answer.body().size_hint();
    let bytes = hint.exact().unwrap_or(hint.lower().max(UNKNOWN));
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    if !held.settle(method, bytes) {
        return None;
    }
    if bytes <= FREE {
        return Some(answer);
    }
    Some(answer.map(|body| {
        Body::new(Slices {
            body,
            rest: Bytes::new(),
            held,
        })
    }))
}

struct Slices {
    body: Body,
    rest: Bytes,
    held: Arc<Held>,
}

/// The bytes of an answer. All slices share one memory, so the last slice, which the connection may hold long after the
/// body has ended, keeps all of it.
struct Kept {
    bytes: Bytes,
    _held: Arc<Held>,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl hyper::body::Body for Slices {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => {
                        let _held = self.held.clone();
                        self.rest = Bytes::from_owner(Kept { bytes, _held });
                    }
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                other => return Poll::Ready(other),
            }
        }
        let length = self.rest.len().min(SLICE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        let inner = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(rest));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use crm_core::{held::Hall, shares::Shares};
    use http_body_util::BodyExt;

    use super::*;

    const ANSWER: usize = 1 << 20;

    #[tokio::test]
    async fn the_last_slice_keeps_the_room_of_the_whole_answer() {
        let shares = || Shares::new(4 * ANSWER, ANSWER);
        let hall = Arc::new(Hall::new(shares(), shares(), shares()));
        let from = |last| hall.enter(IpAddr::from([192, 0, 2, last]));
        let answer = Response::new(Body::from(vec![b'x'; ANSWER]));
        let answer = kept(answer, from(1), &Method::GET).expect("room");
        let mut body = answer.into_body();
        let mut last = None;
        let mut taken = 0;
        while let Some(frame) = body.frame().await {
            let bytes = frame.expect("no error").into_data().expect("bytes");
            taken += bytes.len();
            last = Some(bytes);
        }
        // As hyper does when it has written all but the end.
        drop(body);
        assert_eq!(taken, ANSWER);
        let another = from(1);
        assert!(
            !another.settle(&Method::GET, ANSWER),
            "an address has a quarter"
        );
        drop(last);
        assert!(another.settle(&Method::GET, ANSWER));
    }
}
