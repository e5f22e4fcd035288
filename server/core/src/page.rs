//! Pagination: where a page lies, in which direction its rows are read, and which pages come before and after it. Every
//! list follows these rules, whatever its order and source.

use crm_contract::{codes, latest::types};
use serde_json::{Value as Json, json};

use crate::{
    cursor::List,
    ports::store::{
        Bound, Rows, Statement, Value,
        bound::{Past, take_end},
    },
    refusal::Refusal,
};

mod items;
mod table;

pub use items::of_items;
pub use table::{Asked, Listed, of_table};

/// The place of a page in its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place<P> {
    /// The first page.
    Start,
    /// The items after the position.
    After(P),
    /// The last items before the position.
    Before(P),
    /// The last page.
    End,
}

impl<P> Place<P> {
    /// Whether the rows are read from the end towards the beginning.
    pub fn is_backwards(&self) -> bool {
        matches!(self, Self::Before(_) | Self::End)
    }

    /// How SQL reads a list that ascends by its columns: the comparison with a position, and the direction of the
    /// order.
    pub fn ascending(&self) -> (&'static str, &'static str) {
        match self.is_backwards() {
            true => ("<", " DESC"),
            false => (">", ""),
        }
    }

    /// The same for a descending list.
    pub fn descending(&self) -> (&'static str, &'static str) {
        match self.is_backwards() {
            true => (">", ""),
            false => ("<", " DESC"),
        }
    }

    pub fn position(&self) -> Option<&P> {
        match self {
            Self::After(position) | Self::Before(position) => Some(position),
            Self::Start | Self::End => None,
        }
    }

    /// The JSON in a cursor. The JSON of a position must not be an object.
    fn to_json(&self, write: impl Fn(&P) -> Json) -> Json {
        match self {
            Self::Start => json!({"after": null}),
            Self::After(position) => write(position),
            Self::Before(position) => json!({"before": write(position)}),
            Self::End => json!({"before": null}),
        }
    }

    fn from_json(json: Json, read: impl Fn(Json) -> Option<P>) -> Option<Self> {
        let Json::Object(mut place) = json else {
            return read(json).map(Self::After);
        };
        match (place.remove("after"), place.remove("before")) {
            (Some(Json::Null), None) => Some(Self::Start),
            (None, Some(Json::Null)) => Some(Self::End),
            (None, Some(position)) => read(position).map(Self::Before),
            _ => None,
        }
    }
}

/// A page in the order of its list.
#[derive(Debug, PartialEq, Eq)]
pub struct Turned<T, P> {
    pub items: Vec<T>,
    /// None if nothing comes after the page.
    pub next: Option<Place<P>>,
    /// None if nothing comes before the page.
    pub previous: Option<Place<P>>,
}

/// Upper bound of the values in one page, in bytes. A page ends early, with a cursor, where its next item would exceed
/// it. A page always has at least one item. A Worker has 128 MB and holds several copies of a page, and several pages.
pub const PAGE_BYTES: usize = 1 << 20;

/// The bound of a page's statement. `columns` are those with large texts.
pub const fn bound(columns: &'static [&'static str]) -> Bound {
    Bound {
        bytes: PAGE_BYTES,
        columns,
        past: Past::Ends,
    }
}

/// The items of a page in the order in which they were read, and whether more follow in that direction.
#[derive(Debug, PartialEq, Eq)]
pub struct Found<T> {
    pub items: Vec<T>,
    pub more: bool,
}

impl<T> Found<T> {
    /// Takes `size` items. One item beyond them shows that more follow.
    pub fn of(mut items: Vec<T>, size: usize) -> Self {
        let more = items.len() > size;
        items.truncate(size);
        Self { items, more }
    }

    pub fn try_map<U, E>(self, read: impl FnMut(T) -> Result<U, E>) -> Result<Found<U>, E> {
        let items = self.items.into_iter().map(read);
        Ok(Found {
            items: items.collect::<Result<_, _>>()?,
            more: self.more,
        })
    }

    /// Ends the page where the sum of the items' weights exceeds [`PAGE_BYTES`].
    pub fn within(mut self, weight: impl FnMut(&T) -> usize) -> Self {
        let mut so_far: usize = 0;
        let fits = self.items.iter().map(weight).take_while(|weight| {
            let first = so_far == 0;
            so_far = so_far.saturating_add(*weight);
            first || so_far <= PAGE_BYTES
        });
        let fits = fits.count();
        self.more |= fits < self.items.len();
        self.items.truncate(fits);
        self
    }
}

impl Found<Vec<Value>> {
    /// Makes a page of the rows of a statement, which may have stopped at its bound.
    pub fn of_rows(mut rows: Rows, size: usize) -> Self {
        let ended = take_end(&mut rows);
        let found = Self::of(rows, size);
        Self {
            more: found.more || ended,
            ..found
        }
    }
}

/// Makes a page of the items found. If the caller gave a position, the list has items on the other side of it: a page
/// before the position has a next page, and a page after it has a previous page.
pub fn turn<T, P, E>(
    place: &Place<P>,
    found: Found<T>,
    position: impl Fn(&T) -> Result<P, E>,
) -> Result<Turned<T, P>, E> {
    let Found {
        items: mut rows,
        more,
    } = found;
    if place.is_backwards() {
        rows.reverse();
    }
    let (before, after) = match place {
        Place::Start => (false, more),
        Place::After(_) => (true, more),
        Place::Before(_) => (more, true),
        Place::End => (more, false),
    };
    // If all items of the page were deleted meanwhile, the page is at the beginning or the end of the list.
    let previous = match rows.first() {
        Some(first) => Place::Before(position(first)?),
        None => Place::End,
    };
    let next = match rows.last() {
        Some(last) => Place::After(position(last)?),
        None => Place::Start,
    };
    Ok(Turned {
        items: rows,
        next: after.then_some(next),
        previous: before.then_some(previous),
    })
}

impl List<'_> {
    /// The place that a cursor of this list stands for. Without a cursor it is the first page.
    pub fn place<P>(
        &self,
        cursor: Option<&str>,
        read: impl Fn(Json) -> Option<P>,
    ) -> Result<Place<P>, Refusal<codes::CursorInvalid>> {
        let Some(cursor) = cursor else {
            return Ok(Place::Start);
        };
        let json = self.open(cursor).ok();
        json.and_then(|json| Place::from_json(json, read))
            .ok_or_else(|| {
                Refusal::new(
                    codes::CursorInvalid,
                    "This cursor was changed or belongs to another list. Repeat the list's own parameters with it, or begin without one.",
                )
            })
    }

    /// The property `page` of the answer: cursors and total.
    pub fn links<T, P>(
        &self,
        turned: &Turned<T, P>,
        write: impl Fn(&P) -> Json,
        total: Option<i64>,
    ) -> types::Page {
        let cursor = |place: &Option<Place<P>>| {
            let place = place.as_ref()?;
            self.seal(&place.to_json(&write))
        };
        types::Page {
            next: cursor(&turned.next),
            previous: cursor(&turned.previous),
            total,
        }
    }
}

/// A position in the order of creation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Added {
    pub created_at: i64,
    pub id: String,
}

impl Added {
    pub fn new(created_at: i64, id: &str) -> Self {
        Self {
            created_at,
            id: id.to_owned(),
        }
    }

    pub fn to_json(&self) -> Json {
        json!([self.created_at, self.id])
    }

    pub fn from_json(json: Json) -> Option<Self> {
        let (created_at, id) = serde_json::from_value(json).ok()?;
        Some(Self { created_at, id })
    }
}

/// The statement that reads a page of a table in the order of creation.
pub fn added(select: &str, place: &Place<Added>, size: usize) -> Statement {
    let (sign, direction) = place.ascending();
    let mut values = vec![Value::Integer(size as i64 + 1)];
    let mut after = String::new();
    if let Some(position) = place.position() {
        after = format!(" WHERE (created_at, id) {sign} (?2, ?3)");
        values.extend([position.created_at.into(), position.id.as_str().into()]);
    }
    Statement::new(
        format!("{select}{after} ORDER BY created_at{direction}, id{direction} LIMIT ?1"),
        values,
    )
}

/// A page of a list that is in memory, in the direction of the place. `after` and `before` give the number of items up
/// to a position: `after` counts the item at the position, `before` does not.
pub fn at_hand<'t, T, P>(
    items: &'t [T],
    place: &Place<P>,
    size: usize,
    after: impl Fn(&P) -> usize,
    before: impl Fn(&P) -> usize,
) -> Found<&'t T> {
    let from = |index: usize| items.get(index..).unwrap_or_default().iter();
    let until = |index: usize| items.get(..index).unwrap_or(items).iter().rev();
    let items = match place {
        Place::Start => from(0).take(size + 1).collect(),
        Place::After(position) => from(after(position)).take(size + 1).collect(),
        Place::Before(position) => until(before(position)).take(size + 1).collect(),
        Place::End => until(items.len()).take(size + 1).collect(),
    };
    Found::of(items, size)
}

/// The page size. The contract's checks have bounded it already.
pub fn size(limit: i64) -> usize {
    usize::try_from(limit).unwrap_or(1).clamp(1, 200)
}

#[cfg(test)]
mod tests;
