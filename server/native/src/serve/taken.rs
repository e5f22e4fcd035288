//! An answer on its way to its peer: it goes out in slices, so that what is held for it is held until the peer has taken
//! all but the last of them.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::Method;
use hyper::body::{Body as _, Frame, SizeHint};

use crate::held::{FREE, Held};

/// As much as the connection buffers anyway.
const SLICE: usize = 64 << 10;
/// An answer whose length nobody knows counts as this: the contract and its page, packed.
const UNKNOWN: u64 = 512 << 10;

/// The answer, which holds its bytes until they are taken; None if there is no room for it and nothing was done for it that
/// would be done twice.
pub fn kept(answer: Response, held: Arc<Held>, method: &Method) -> Option<Response> {
    let hint = answer.body().size_hint();
    let bytes = hint.exact().unwrap_or(hint.lower().max(UNKNOWN));
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    if !method.is_safe() {
        held.answer_anyway(bytes);
    } else if !held.answer(bytes) {
        return None;
    }
    if bytes <= FREE {
        return Some(answer);
    }
    Some(answer.map(|body| {
        Body::new(Slices {
            body,
            rest: Bytes::new(),
            _held: held,
        })
    }))
}

struct Slices {
    body: Body,
    rest: Bytes,
    _held: Arc<Held>,
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
                    Ok(data) => self.rest = data,
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
