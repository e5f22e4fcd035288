//! Pages of definitions, which are at hand whole.

use crm_contract::{codes, latest::types};
use serde_json::json;

use crate::{
    fault::Fault,
    page::{self, Place, at_hand, turn},
    refusal::Refusal,
    work::Scope,
};

/// The place behind an item, and its name.
type Position = (usize, String);

/// How a page of definitions is asked for.
pub struct Asked<'a> {
    pub cursor: Option<&'a str>,
    pub limit: i64,
    pub total: bool,
}

/// A page of items as `show` makes them: those from the one on that the cursor names, or before it, by `name`. `parts`
/// says which list it is.
pub fn page<T, S>(
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
    // By name where it still is, else by its place.
    let index = |last: &str| items.iter().position(|item| name(item) == last);
    let after = |(behind, last): &Position| index(last).map_or(*behind, |index| index + 1);
    let before = |(behind, last): &Position| index(last).unwrap_or(behind.saturating_sub(1));
    let size = page::size(asked.limit);
    let rows = at_hand(&numbered, &place, size, after, before);
    let position =
        |(index, item): &&(usize, &T)| Ok::<_, Fault>((index + 1, name(item).to_owned()));
    let turned = turn(&place, rows, size, position)?;
    let total = asked.total.then_some(items.len() as i64);
    let links = list.links(&turned, |(behind, name)| json!([behind, name]), total);
    let shown = turned.items.iter().map(|(_, item)| show(item));
    Ok((shown.collect::<Result<_, Fault>>()?, links))
}
