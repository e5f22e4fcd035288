//! Pages of users, keys and other things that are listed in the order in which they were added.

use crm_contract::codes;
use serde_json::json;

use crate::{records::cursor::List, refusal::Refusal};

/// A request for a page of a list.
pub struct Asked<'a> {
    /// Of the tenant: signs its cursors.
    pub secret: &'a str,
    pub list: &'a str,
    pub cursor: Option<&'a str>,
}

/// The position behind which a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub created_at: i64,
    pub id: String,
}

impl Asked<'_> {
    fn list<T>(&self, with: impl FnOnce(List<'_>) -> T) -> T {
        with(List {
            secret: self.secret,
            parts: &[self.list],
        })
    }

    /// None: the first page.
    pub fn position(&self) -> Result<Option<Position>, Refusal<codes::CursorInvalid>> {
        let Some(cursor) = self.cursor else {
            return Ok(None);
        };
        let invalid = || Refusal::new(codes::CursorInvalid, "The cursor is not one of this list.");
        let value = self.list(|list| list.open(cursor)).map_err(|_| invalid())?;
        let (created_at, id) = serde_json::from_value(value).map_err(|_| invalid())?;
        Ok(Some(Position { created_at, id }))
    }

    /// The cursor of what comes behind.
    pub fn next(&self, position: &Position) -> Option<String> {
        self.list(|list| list.seal(&json!([position.created_at, position.id])))
    }
}

/// The bound of a page, which the contract has checked.
pub fn size(limit: i64) -> usize {
    usize::try_from(limit).unwrap_or(1).clamp(1, 200)
}

/// A page of at most `size` items, of which one more was read to know whether there is a next page.
pub fn cut<T>(
    mut items: Vec<T>,
    size: usize,
    position: impl Fn(&T) -> Position,
    asked: &Asked<'_>,
) -> (Vec<T>, Option<String>) {
    let more = items.len() > size;
    items.truncate(size);
    let next = items
        .last()
        .filter(|_| more)
        .map(position)
        .and_then(|position| asked.next(&position));
    (items, next)
}
