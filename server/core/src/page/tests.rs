//! Paging forward and backward gives the same pages, whatever is deleted and added meanwhile.

use std::convert::Infallible;

use proptest::prelude::*;

use super::*;

fn read(items: &[u32], place: &Place<u32>, size: usize) -> Turned<u32, u32> {
    let after = |position: &u32| items.partition_point(|item| item <= position);
    let before = |position: &u32| items.partition_point(|item| item < position);
    let found = at_hand(items, place, size, after, before);
    let turned = found
        .try_map(|item| Ok::<_, Infallible>(*item))
        .and_then(|found| turn(place, found, |item| Ok(*item)));
    match turned {
        Ok(turned) => turned,
        Err(never) => match never {},
    }
}

proptest! {
    #[test]
    fn the_way_back_leads_over_the_same_pages(count in 0u32..40, size in 1usize..7) {
        let items: Vec<u32> = (0..count).collect();
        let mut pages = vec![read(&items, &Place::Start, size)];
        while let Some(next) = &pages[pages.len() - 1].next {
            let page = read(&items, next, size);
            prop_assert!(!page.items.is_empty());
            pages.push(page);
        }
        let all: Vec<u32> = pages.iter().flat_map(|page| page.items.clone()).collect();
        prop_assert_eq!(&all, &items);
        let mut back = pages.pop().unwrap();
        while let Some(expected) = pages.pop() {
            back = read(&items, back.previous.as_ref().unwrap(), size);
            prop_assert_eq!(&back.items, &expected.items);
            // The next page of the page before is the page that the reader left.
            prop_assert_eq!(back.next.is_some(), expected.next.is_some());
        }
        prop_assert_eq!(back.previous, None);
    }

    #[test]
    fn what_stays_is_met_once_each_way(
        kept in prop::collection::btree_set(0u32..60, 0..30),
        gone in prop::collection::btree_set(0u32..60, 0..30),
        size in 1usize..7,
        at in 0usize..8,
    ) {
        let before: Vec<u32> = kept.union(&gone).copied().collect();
        let after: Vec<u32> = kept.iter().copied().collect();
        let mut page = read(&before, &Place::Start, size);
        for _ in 0..at {
            match &page.next {
                Some(next) => page = read(&before, next, size),
                None => break,
            }
        }
        // Then items are deleted, and the reader goes on in both directions.
        let mut seen: Vec<u32> = page.items.iter().copied().filter(|item| kept.contains(item)).collect();
        let mut place = page.previous.clone();
        while let Some(here) = place {
            let page = read(&after, &here, size);
            seen.splice(0..0, page.items);
            place = page.previous;
        }
        let mut place = page.next;
        while let Some(here) = place {
            let page = read(&after, &here, size);
            seen.extend(page.items);
            place = page.next;
        }
        prop_assert_eq!(seen, after);
    }

    #[test]
    fn a_place_is_read_as_it_was_written(position in any::<u32>(), kind in 0..4) {
        let place = match kind {
            0 => Place::Start,
            1 => Place::After(position),
            2 => Place::Before(position),
            _ => Place::End,
        };
        let json = place.to_json(|position| json!([position]));
        let read = |json: Json| Some(json.get(0)?.as_u64()? as u32);
        prop_assert_eq!(Place::from_json(json, read), Some(place));
    }
}

/// A page of items. The value of an item is its weight in kB.
fn read_heavy(items: &[u32], place: &Place<u32>, size: usize) -> Turned<u32, u32> {
    let after = |position: &u32| items.partition_point(|item| item <= position);
    let before = |position: &u32| items.partition_point(|item| item < position);
    let found = at_hand(items, place, size, after, before)
        .within(|item| usize::try_from(**item).unwrap() << 10);
    let items = found.items.into_iter().copied().collect();
    let found = Found {
        items,
        more: found.more,
    };
    match turn(place, found, |item| Ok::<_, Infallible>(*item)) {
        Ok(turned) => turned,
        Err(never) => match never {},
    }
}

proptest! {
    #[test]
    fn pages_that_end_early_leave_nothing_out_in_either_direction(
        items in prop::collection::btree_set(0u32..1_500, 0..40),
        size in 1usize..12,
    ) {
        let items: Vec<u32> = items.into_iter().collect();
        let bytes = |page: &[u32]| page.iter().map(|item| (*item as usize) << 10).sum::<usize>();
        for start in [Place::Start, Place::End] {
            let mut seen = Vec::new();
            let mut place = Some(start.clone());
            while let Some(here) = place {
                let page = read_heavy(&items, &here, size);
                prop_assert!(page.items.len() <= size);
                let heavy = page.items.iter().filter(|item| **item > 0).count();
                prop_assert!(heavy <= 1 || bytes(&page.items) <= PAGE_BYTES);
                prop_assert!(!page.items.is_empty() || items.is_empty());
                place = if start.is_backwards() {
                    seen.splice(0..0, page.items);
                    page.previous
                } else {
                    seen.extend(page.items);
                    page.next
                };
            }
            prop_assert_eq!(&seen, &items);
        }
    }
}

#[test]
fn an_empty_page_leads_back_into_the_list() {
    let end = read(&[1, 2, 3], &Place::After(9), 2);
    assert_eq!((end.items, end.next), (vec![], None));
    assert_eq!(read(&[1, 2, 3], &end.previous.unwrap(), 2).items, [2, 3]);
    let start = read(&[5, 6, 7], &Place::Before(4), 2);
    assert_eq!((start.items, start.previous), (vec![], None));
    assert_eq!(read(&[5, 6, 7], &start.next.unwrap(), 2).items, [5, 6]);
}

#[test]
fn a_cursor_of_the_first_version_is_a_place_after() {
    let read = |json: Json| Added::from_json(json);
    let place = Place::from_json(json!([7, "a"]), read);
    let added = Added {
        created_at: 7,
        id: "a".into(),
    };
    assert_eq!(place, Some(Place::After(added)));
    for odd in [
        json!({}),
        json!({"after": [7, "a"]}),
        json!({"before": null, "after": null}),
        json!([7]),
        json!(null),
    ] {
        assert_eq!(Place::from_json(odd, read), None);
    }
}
