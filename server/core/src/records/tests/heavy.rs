//! Records of nearly a megabyte: their pages end early, and operations without pages refuse them.

use super::*;
use crate::page::PAGE_BYTES;

/// The length of the longest text, in its widest characters.
const BODY: usize = 400_000;

fn long(character: char) -> String {
    character.to_string().repeat(BODY / character.len_utf8())
}

/// Records whose values take about `BODY` bytes each.
fn heavy(count: usize) -> World {
    let world = World::new();
    for n in 0..count {
        let body = long('\u{1F4A1}');
        world
            .create(
                "thing",
                Some(id(n)),
                json!({"title": format!("heavy {n}"), "body": body}),
            )
            .unwrap();
    }
    world
}

#[test]
fn a_page_of_large_records_ends_early_and_the_next_one_goes_on() {
    let world = heavy(7);
    let (mut seen, mut cursor) = (Vec::new(), None);
    for _ in 0..4 {
        let page = world
            .list(None, Some("-title"), Some("title"), cursor, 5)
            .unwrap();
        assert!(page.items.len() * BODY <= PAGE_BYTES);
        seen.extend(page.items.into_iter().map(|record| record.id));
        cursor = page.page.next;
    }
    assert_eq!(cursor, None);
    seen.reverse();
    assert_eq!(seen, (0..7).map(id).collect::<Vec<_>>());

    let found = world.search("heavy", None, 50);
    assert_eq!(found.items.len(), 2);
    assert!(found.page.next.is_some());
    // One page, one round trip.
    world.store.trips();
    world.list(None, None, None, None, 50).unwrap();
    assert_eq!(world.store.trips(), (1, 0));
}

#[test]
fn a_record_that_exceeds_a_page_by_itself_is_a_page_of_its_own() {
    let world = heavy(2);
    let line = json!({"description": "\u{1F4A1}".repeat(350), "quantity": 1, "unit_price": {"amount": 1, "currency": "GBP"}});
    world
        .update(&id(0), None, json!({"lines": vec![line; 500]}))
        .unwrap();
    let page = world.list(None, Some("id"), None, None, 50).unwrap();
    assert_eq!(page.items.len(), 1);
    let page = world
        .list(None, Some("id"), None, page.page.next, 50)
        .unwrap();
    assert_eq!((page.items.len(), page.page.next), (1, None));
}

#[test]
fn a_history_of_large_changes_ends_early() {
    let world = heavy(1);
    for n in 0..3 {
        let body = long(char::from_u32(0x1F600 + n).unwrap());
        world.update(&id(0), None, json!({"body": body})).unwrap();
    }
    // The newest change takes 800 kB: the new text and the old one.
    assert_eq!(world.history(&id(0)).len(), 1);
}

#[test]
fn a_batch_that_changes_more_than_can_be_written_is_refused_before_it_is_read() {
    let world = heavy(30);
    let operation =
        |n| json!({"op": "update", "type": "thing", "id": id(n), "fields": {"count": 1}});
    let batch = |count| {
        world.batch(
            types::BatchRequestMode::Atomic,
            (0..count).map(operation).collect(),
        )
    };
    let (code, context) = batch(30).unwrap_err();
    assert_eq!(code, "PAYLOAD_TOO_LARGE");
    assert!(context["limit_bytes"].is_number());
    // They are not read either to report a wrong version.
    let stale = |n| json!({"op": "delete", "type": "thing", "id": id(n), "version": 999_999});
    let stale = world.batch(
        types::BatchRequestMode::Atomic,
        (0..30).map(stale).collect(),
    );
    assert_eq!(stale.unwrap_err().0, "PAYLOAD_TOO_LARGE");
    // The refused request changed nothing, and a smaller one succeeds.
    let count = |n| fields(&world.get(&id(n)).unwrap())["count"].clone();
    assert_eq!(count(0), Json::Null);
    batch(5).unwrap();
    assert_eq!(count(0), 1);
}
