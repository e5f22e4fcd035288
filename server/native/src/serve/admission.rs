//! How many requests are at work at one time, and how much of their bodies is held: no more than are answered in time, and
//! than memory holds. Who finds no room is told so at once.

use std::sync::Arc;

use axum::extract::Request;
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bodies up to here are not counted: as many of them as there are connections are no danger.
const SMALL: u64 = 16 << 10;
/// One that does not say how long it is, or says more, counts as this: more of it is not read.
const LARGEST: u64 = crm_core::http::BODY_LIMIT as u64;
const UNIT: u64 = 1 << 10;

#[derive(Clone)]
pub struct Admission {
    requests: Arc<Semaphore>,
    units: Arc<Semaphore>,
}

/// Room that is held until the request is answered.
pub struct Room {
    _request: OwnedSemaphorePermit,
    _units: Option<OwnedSemaphorePermit>,
}

impl Admission {
    pub fn new(requests: usize, bytes: usize) -> Self {
        // One body always has room.
        let units = u64::try_from(bytes).unwrap_or(u64::MAX).max(LARGEST) / UNIT;
        let units = usize::try_from(units).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            requests: Arc::new(Semaphore::new(requests)),
            units: Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS))),
        }
    }

    /// Room for the request and its body; none if there is too little now.
    pub fn admit(&self, request: &Request) -> Option<Room> {
        let one = self.requests.clone().try_acquire_owned().ok()?;
        let bytes = request.body().size_hint().upper().unwrap_or(LARGEST);
        if bytes <= SMALL {
            return Some(Room {
                _request: one,
                _units: None,
            });
        }
        let units = u32::try_from(bytes.min(LARGEST).div_ceil(UNIT)).unwrap_or(u32::MAX);
        let units = self.units.clone().try_acquire_many_owned(units).ok()?;
        Some(Room {
            _request: one,
            _units: Some(units),
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, Bytes};
    use futures_util::stream;

    use super::*;

    fn of(bytes: usize) -> Request {
        Request::new(Body::from(vec![b'x'; bytes]))
    }

    #[test]
    fn large_bodies_share_the_room_and_small_ones_need_none() {
        let admission = Admission::new(10, 2 << 20);
        let first = admission.admit(&of(700 << 10));
        assert!(first.is_some());
        // Nothing tells how long it is.
        let endless = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"x"))]);
        let endless = Request::new(Body::from_stream(endless));
        let second = admission.admit(&endless);
        assert!(second.is_some());
        assert!(admission.admit(&of(500 << 10)).is_none());
        assert!(admission.admit(&of(100 << 10)).is_some());
        assert!(admission.admit(&of(10 << 10)).is_some());
        drop(second);
        assert!(admission.admit(&of(500 << 10)).is_some());
    }

    #[test]
    fn so_many_requests_are_at_work_and_no_more() {
        let admission = Admission::new(2, 1 << 20);
        let (first, second) = (admission.admit(&of(0)), admission.admit(&of(0)));
        assert!(first.is_some() && second.is_some() && admission.admit(&of(0)).is_none());
        drop(first);
        assert!(admission.admit(&of(0)).is_some());
    }

    #[test]
    fn one_body_always_has_room() {
        assert!(Admission::new(1, 0).admit(&of(100 << 20)).is_some());
    }
}
