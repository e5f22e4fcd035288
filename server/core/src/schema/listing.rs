//! Pages of definitions, which are at hand whole.

use crm_contract::codes;
use serde_json::Value as Json;

use crate::{fault::Fault, records::cursor::List, refusal::Refusal, work::Scope};

/// A page of items as `show` makes them: those after the one that the cursor names, by `name`. `parts` says which list it
/// is.
pub fn page<T, S>(
    scope: &Scope,
    parts: &[&str],
    items: &[T],
    name: impl Fn(&T) -> &str,
    show: impl Fn(&T) -> Result<S, Fault>,
    (cursor, limit): (Option<&str>, i64),
) -> Result<(Vec<S>, Option<String>), Refusal<codes::CursorInvalid>> {
    let list = List {
        secret: &scope.state.secret,
        parts,
    };
    let invalid = || {
        Refusal::new(
            codes::CursorInvalid,
            "This cursor was changed or belongs to another list. Begin without one.",
        )
    };
    let limit = usize::try_from(limit).unwrap_or(1).clamp(1, 200);
    let from = match cursor {
        None => 0,
        Some(cursor) => {
            let position = list.open(cursor).map_err(|_| invalid())?;
            let (place, last) = (
                position.get(0).and_then(Json::as_u64),
                position.get(1).and_then(Json::as_str),
            );
            let (Some(place), Some(last)) = (place, last) else {
                return Err(invalid());
            };
            // By name where it still is, else by its place.
            items
                .iter()
                .position(|item| name(item) == last)
                .map_or(usize::try_from(place).unwrap_or(usize::MAX), |at| at + 1)
        }
    };
    let rest = items.get(from..).unwrap_or_default();
    let shown = &rest[..limit.min(rest.len())];
    let next = match shown.last() {
        Some(last) if shown.len() < rest.len() => {
            list.seal(&serde_json::json!([from + shown.len(), name(last)]))
        }
        _ => None,
    };
    let shown = shown.iter().map(show).collect::<Result<_, Fault>>()?;
    Ok((shown, next))
}
