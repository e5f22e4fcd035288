//! Pages of lists that are in memory: definitions, roles.

use crm_contract::{codes, latest::types};
use serde::Serialize;
use serde_json::json;

use super::{Place, at_hand, size, table::Asked, turn};
use crate::{fault::Fault, refusal::Refusal, work::Scope};

/// The index after an item, and the item's name.
type Position = (usize, String);

/// A page of `items` as `show` makes them. A cursor names the item at which the page begins or ends, by `name`. `parts`
/// identify the list.
pub fn of_items<T, S: Serialize>(
    scope: &Scope,
    parts: &[&str],
    items: &[T],
    name: impl Fn(&T) -> &str,
    show: impl Fn(&T) -> Result<S, Fault>,
    asked: Asked<'_>,
) -> Result<(Vec<S>, types::Page), Refusal<codes::CursorInvalid>> {
    let list = scope.list(parts);
    let place: Place<Position> =
        list.place(asked.cursor, |json| serde_json::from_value(json).ok())?;
    let numbered: Vec<(usize, &T)> = items.iter().enumerate().collect();
    // The item is found by its name. If it is gone, its old index is used.
    let index = |last: &str| items.iter().position(|item| name(item) == last);
    let after = |(behind, last): &Position| index(last).map_or(*behind, |index| index + 1);
    let before = |(behind, last): &Position| index(last).unwrap_or(behind.saturating_sub(1));
    let size = size(asked.limit);
    let found = at_hand(&numbered, &place, size, after, before);
    let found = found.try_map(|(index, item)| Ok::<_, Fault>((*index, *item, show(item)?)))?;
    let found = found.within(|(_, _, shown)| printed(shown));
    let position =
        |(index, item, _): &(usize, &T, S)| Ok::<_, Fault>((index + 1, name(item).to_owned()));
    let turned = turn(&place, found, position)?;
    let total = asked.total.then_some(items.len() as i64);
    let links = list.links(&turned, |(behind, name)| json!([behind, name]), total);
    let shown = turned.items.into_iter().map(|(_, _, shown)| shown);
    Ok((shown.collect(), links))
}

/// The size of an item in an answer, in bytes.
fn printed(shown: &impl Serialize) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, shown) {
        Ok(()) => count.0,
        // An item that cannot be serialized is reported when the answer is.
        Err(_) => usize::MAX,
    }
}
