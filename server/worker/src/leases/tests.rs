use crm_core::{
    http::{BODY_LIMIT, Seat},
    ports::store::{TenantId, admission::BATCH_BYTES},
};
use http::Method;

use super::*;

const NOW: i64 = 1_764_000_000_000;

fn from(leases: &Leases, last: u8, now: i64) -> Arc<Lease> {
    leases.enter(Some([192, 0, 2, last].into()), now)
}

/// A request whose answer of `bytes` bytes is finished at `now`; None if there is no room for it.
fn answered(leases: &Leases, last: u8, bytes: usize, now: i64) -> Option<Arc<Lease>> {
    let lease = from(leases, last, now);
    let room = lease.held.work() && lease.held.settle(&Method::GET, bytes);
    room.then(|| {
        assert_eq!(lease.put(Bytes::from(vec![b'x'; bytes]), now, || 0), None);
        lease
    })
}

#[test]
fn a_request_that_nobody_drops_gives_its_room_back_when_its_lease_runs_out() {
    let leases = Leases::default();
    let lost = from(&leases, 1, NOW);
    assert!(lost.held.body(1 << 20) && lost.held.work() && lost.held.read(1 << 20));
    let other = from(&leases, 1, NOW + LEASE_MS - 1);
    assert!(leases.taken().iter().all(|taken| *taken > 0));
    drop(from(&leases, 1, NOW + LEASE_MS));
    assert_eq!(leases.taken(), [0, 0, 0]);
    assert!(!lost.held.read(1 << 20));
    assert!(other.held.work());
    // Also by a clock that went back, but not if by a moment only.
    let kept = from(&leases, 1, NOW);
    assert!(kept.held.work());
    drop(from(&leases, 1, NOW - 5));
    assert!(kept.held.read(1 << 20));
    drop(kept);
    let lost = from(&leases, 1, NOW);
    assert!(lost.held.work());
    drop(from(&leases, 1, NOW - LEASE_MS));
    assert_eq!(leases.taken(), [0, 0, 0]);
}

#[test]
fn an_answer_that_is_being_taken_lasts_and_one_that_is_not_does_not() {
    let leases = Leases::default();
    let [taken, left] = [1, 2].map(|last| answered(&leases, last, 4 * SLICE, NOW).expect("room"));
    let mut bytes = 0;
    for part in 0..4 {
        let now = NOW + part * LEASE_MS / 3;
        drop(from(&leases, 3, now));
        bytes += taken.next(now).map_or(0, |slice| slice.len());
    }
    assert_eq!(bytes, 4 * SLICE);
    let end = NOW + LEASE_MS;
    assert_eq!((taken.next(end), left.next(end)), (None, None));
    taken.end();
    assert_eq!(leases.taken(), [0, 0, 0]);
}

/// 16 answers of `bytes` bytes are finished at `now` and not read; returns those that are sliced.
fn kept_of_16(leases: &Leases, bytes: usize, now: i64) -> Vec<Arc<Lease>> {
    let answers = (0..16).map(|drawn| {
        let lease = from(leases, 1, now);
        assert!(lease.held.settle(&Method::GET, bytes));
        let answer = Bytes::from(vec![b'x'; bytes]);
        (lease.put(answer, now, || drawn), lease)
    });
    let kept = answers.filter(|(piece, _)| piece.is_none());
    kept.map(|(_, lease)| lease).collect()
}

#[test]
fn what_goes_out_in_slices_is_counted_until_it_is_taken() {
    for (bytes, kept) in [
        (0, 0),
        (FREE, 0),
        (FREE + 1, 2),
        (SLICE, 2),
        (SLICE + 1, 16),
        (1 << 17, 16),
    ] {
        let leases = Leases::default();
        let answers = kept_of_16(&leases, bytes, NOW);
        assert_eq!(answers.len(), kept, "{bytes}");
        let counted = kept * bytes.saturating_sub(FREE);
        assert_eq!(leases.taken()[2], counted, "{bytes}");
        // JavaScript may keep an ended lease.
        answers.iter().for_each(|answer| answer.end());
        assert_eq!(leases.taken()[2], 0, "{bytes}");
    }
}

#[test]
fn where_answers_are_left_all_are_counted() {
    let leases = Leases::default();
    let left = kept_of_16(&leases, SLICE, NOW);
    assert!(left.iter().all(|answer| answer.next(NOW).is_some()));
    let later = NOW + LEFT_MS;
    assert_eq!(kept_of_16(&leases, SLICE, later - 1).len(), 2);
    assert_eq!(kept_of_16(&leases, SLICE, later).len(), 16);
    // They have ended once the answers are read, even if something keeps the objects.
    left.iter().for_each(|answer| answer.end());
    assert_eq!(kept_of_16(&leases, SLICE, later).len(), 2);
}

#[test]
fn an_answer_that_is_taken_in_a_trickle_is_let_go() {
    let leases = Leases::default();
    let bytes = 2 << 20;
    let slow = answered(&leases, 1, bytes, NOW).expect("room");
    let most = LEASE_MS + i64::try_from(bytes / TAKEN_IN_S).unwrap() * 1_000;
    let mut now = NOW;
    while now < NOW + most {
        assert!(slow.next(now).is_some_and(|slice| slice.len() == SLICE));
        now += LEASE_MS - 1;
    }
    assert_eq!(slow.next(now), None, "the answer is incomplete");
    assert_eq!(leases.taken(), [0, 0, 0]);
}

#[test]
fn answers_that_nobody_takes_keep_nobody_else_out() {
    let leases = Leases::default();
    let contract = 234_000;
    let mut open = Vec::new();
    for last in [1, 2] {
        while let Some(lease) = answered(&leases, last, contract, NOW) {
            open.push(lease);
        }
    }
    let held: usize = open.len() * contract;
    assert!(held <= 2 * ANSWERS[1] + open.len() * FREE);
    // Another address reads as much as one may, and gets its answer.
    let other = from(&leases, 3, NOW);
    assert!(other.held.work() && other.held.read(BATCH_BYTES) && other.held.read(BATCH_BYTES));
    assert!(other.held.settle(&Method::GET, 2 << 20));
    assert!(answered(&leases, 4, 2 << 20, NOW).is_some());
}

#[test]
fn the_largest_batch_has_room_alone_and_leaves_some_to_others() {
    let tenant = |n| TenantId::parse(&format!("01900000-0000-7000-8000-00000000000{n}"));
    let leases = Leases::default();
    let enter = |n: u8| {
        let lease = from(&leases, n, NOW);
        assert!(lease.held.known(&tenant(n).unwrap()));
        lease
    };
    let large = enter(1);
    assert!(large.held.body(BODY_LIMIT) && large.held.work());
    assert!(large.held.read(BATCH_BYTES) && large.held.read(BATCH_BYTES));
    let second = enter(1);
    assert!(!second.held.read(BATCH_BYTES));
    let other = enter(2);
    assert!(other.held.body(BODY_LIMIT) && other.held.work() && other.held.read(1 << 20));
}
