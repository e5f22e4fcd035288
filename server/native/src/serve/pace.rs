//! The minimum speed of a peer: one that sends or reads very slowly would hold its share of the memory for hours.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep};

/// A window that was not polled for this long after its end does not count: the server did not wait for the peer.
const STALE: Duration = Duration::from_secs(1);

/// The bytes that a peer has to move in each window of time in which the server waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub window: Duration,
    pub bytes: usize,
}

/// Measures the bytes that a peer moves against a rate.
pub struct Pace {
    rate: Rate,
    /// Made when the server first waits for the peer, which for most peers never happens.
    timer: Option<Pin<Box<Sleep>>>,
    end: Option<Instant>,
    moved: usize,
}

impl Pace {
    pub fn new(rate: Rate) -> Self {
        Self {
            rate,
            timer: None,
            end: None,
            moved: 0,
        }
    }

    pub fn moved(&mut self, bytes: usize) {
        self.moved = self.moved.saturating_add(bytes);
    }

    /// The server waits for the peer. True if the peer was too slow.
    pub fn waits(&mut self, cx: &mut Context<'_>) -> bool {
        loop {
            let now = Instant::now();
            let end = match self.end {
                Some(end) if now < end + STALE => end,
                _ => {
                    self.moved = 0;
                    now + self.rate.window
                }
            };
            self.end = Some(end);
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
            if timer.deadline() != end {
                timer.as_mut().reset(end);
            }
            match timer.as_mut().poll(cx) {
                Poll::Pending => return false,
                Poll::Ready(()) if self.moved < self.rate.bytes => return true,
                Poll::Ready(()) => self.end = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const RATE: Rate = Rate {
        window: Duration::from_secs(10),
        bytes: 100,
    };

    /// The seconds after which a peer that moves `each` bytes a second is too slow; None if it is not within ten
    /// minutes.
    async fn too_slow(each: usize) -> Option<u64> {
        let mut pace = Pace::new(RATE);
        let began = Instant::now();
        for _ in 0..600 {
            let tick = tokio::time::sleep(Duration::from_secs(1));
            let mut tick = std::pin::pin!(tick);
            let slow = poll_fn(|cx| {
                if pace.waits(cx) {
                    return Poll::Ready(true);
                }
                tick.as_mut().poll(cx).map(|()| false)
            });
            if slow.await {
                return Some(began.elapsed().as_secs());
            }
            pace.moved(each);
        }
        None
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_is_too_slow_and_a_steady_flow_is_not() {
        assert_eq!(too_slow(0).await, Some(10));
        assert_eq!(too_slow(1).await, Some(10));
        assert_eq!(too_slow(20).await, None);
    }

    /// A packet that is lost four times in a row arrives after 15 seconds, followed by everything that was sent after
    /// it.
    #[tokio::test(start_paused = true)]
    async fn a_lost_packet_is_no_trickle() {
        let mut pace = Pace::new(crate::serve::Settings::default().send_rate);
        for _ in 0..10 {
            let stall = tokio::time::sleep(Duration::from_secs(15));
            let mut stall = std::pin::pin!(stall);
            let slow = poll_fn(|cx| match pace.waits(cx) {
                true => Poll::Ready(true),
                false => stall.as_mut().poll(cx).map(|()| false),
            });
            assert!(!slow.await);
            pace.moved(30 << 10);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_in_which_nobody_waits_is_not_the_peers() {
        let mut pace = Pace::new(RATE);
        for _ in 0..5 {
            assert!(!poll_fn(|cx| Poll::Ready(pace.waits(cx))).await);
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    }
}
