//! The statement of a list page: keyset pagination, never OFFSET. A page begins at a position and is read forwards or
//! backwards. If the page covers more than one range of the index, each range is an arm of a UNION ALL in order, so
//! that every arm is an index scan that stops early. The weakest host bounds the number of arms. If a list has more
//! ranges, those nearest to the position share one arm.

use serde_json::Value as Json;

use super::{
    column::{Column, Envelope},
    filter::{Filter, compile},
    sort::{Key, Sort},
    sql::Sql,
};
use crate::{
    access::visibility::{Of, Visible},
    page::Place,
    ports::store::{Statement, Value, admission::COMPOUND_TERMS},
    schema::{ObjectType, index::Expressions, slots},
};

/// The columns of a record's row, in the order that `row::Row` reads.
pub const COLUMNS: &str = "records.id, records.type, records.version, records.data, records.created_at, records.updated_at, records.created_by, records.updated_by, records.deleted_at";
pub const COLUMN_COUNT: usize = 9;

/// The position of a page: the sort keys and the id of the record at its edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    pub keys: Vec<Json>,
    pub id: String,
}

impl Position {
    pub fn to_json(&self) -> Json {
        let mut list = self.keys.clone();
        list.push(self.id.as_str().into());
        Json::Array(list)
    }

    /// Parses the position of a list with this number of keys.
    pub fn from_json(json: Json, keys: usize) -> Option<Self> {
        let Json::Array(mut list) = json else {
            return None;
        };
        let id = list.pop()?.as_str()?.to_owned();
        let fits = list.len() == keys && list.iter().all(|key| key.is_string() || key.is_number());
        fits.then_some(Self { keys: list, id })
    }

    /// The position of a row. Its sort keys follow the record's columns.
    pub fn of_row(row: &[Value], keys: usize) -> Option<Self> {
        let id = row.first()?.as_str()?.to_owned();
        let keys = row.get(COLUMN_COUNT..COLUMN_COUNT + keys)?;
        let keys = keys.iter().map(|key| match key {
            Value::Text(text) => Some(Json::from(text.as_str())),
            Value::Integer(number) => Some((*number).into()),
            // D1 returns integers that were bound as reals as reals.
            Value::Real(number) => Some((*number as i64).into()),
            Value::Null => None,
        });
        Some(Self {
            keys: keys.collect::<Option<_>>()?,
            id,
        })
    }
}

/// The parameters of a page.
pub struct Page<'a> {
    pub object_type: &'a ObjectType,
    pub filter: Option<&'a Filter>,
    /// The records that the caller sees.
    pub visible: &'a Visible,
    pub sort: &'a Sort,
    pub place: &'a Place<Position>,
    pub include_deleted: bool,
    /// One more than the page shows, to find out whether there is a next page.
    pub limit: usize,
}

/// One range of the list.
struct Arm {
    /// Equality conditions on the first keys, which have the same value in the whole range.
    equal: Vec<String>,
    /// The other conditions of the range.
    rest: Vec<String>,
    /// Whether the next key after `equal` is never empty in the range.
    present: bool,
}

fn sort_of(column: &Column) -> String {
    match column {
        Column::Envelope(_) => column.sort().to_owned(),
        Column::Field(field) => Expressions::of("records", &field.sql.sort),
    }
}

/// The statement of the page. A page that is read backwards comes in reverse order.
pub fn statement(page: &Page<'_>) -> Statement {
    let mut sql = Sql::new("");
    let limit = sql.place(page.limit as i64);
    // All arms have the same filter: its values are bound once, its text is repeated.
    let filter = conditions(&mut sql, page);
    let backwards = page.place.is_backwards();
    let arms = match (page.place.position(), backwards) {
        (None, false) => beginning(page.sort),
        (None, true) => end(page.sort),
        (Some(position), false) => after(&mut sql, page.sort, position),
        (Some(position), true) => before(&mut sql, page.sort, position),
    };
    let arms = fitted(arms);
    let several = arms.len() > 1;
    for (index, arm) in arms.iter().enumerate() {
        if several {
            sql.push(if index > 0 {
                " UNION ALL SELECT * FROM ("
            } else {
                "SELECT * FROM ("
            });
        }
        sql.push("SELECT ").push(COLUMNS);
        for (index, key) in page.sort.keys.iter().enumerate() {
            sql.push(", ")
                .push(&sort_of(&key.column))
                .push(&format!(" AS key_{index}"));
        }
        source(&mut sql, page);
        sql.push(own_index(page));
        // All other arms have a condition on the column already.
        if arm.is_whole()
            && let Some(column) = shared_index(page)
        {
            sql.push(" AND records.").push(column).push(" IS NOT NULL");
        }
        sql.push(&filter);
        for condition in arm.equal.iter().chain(&arm.rest) {
            sql.push(" AND ").push(condition);
        }
        order(&mut sql, page.sort, arm, backwards);
        sql.push(" LIMIT ").push(&limit);
        if several {
            sql.push(")");
        }
    }
    if several {
        sql.push(" LIMIT ").push(&limit);
    }
    sql.statement()
}

/// Counts the records of the whole list.
pub fn count(page: &Page<'_>) -> Statement {
    let mut sql = Sql::new("");
    let filter = conditions(&mut sql, page);
    sql.push("SELECT count(*)");
    source(&mut sql, page);
    // The order does not matter, so the narrowest index over all of them is used.
    if !page.filter.is_some_and(Filter::is_selective) {
        sql.push(BY_ID);
    }
    sql.push(&filter);
    sql.statement()
}

fn source(sql: &mut Sql, page: &Page<'_>) {
    sql.push(" FROM records WHERE records.type = '")
        .push(&page.object_type.name)
        .push("'");
    if !page.include_deleted {
        sql.push(" AND records.deleted_at IS NULL");
    }
}

/// The conditions of the list besides type and deletion.
fn conditions(sql: &mut Sql, page: &Page<'_>) -> String {
    let from = sql.len();
    if let Some(filter) = page.filter {
        sql.push(" AND ");
        compile::filter(sql, filter, page.visible);
    }
    page.visible.restrict(sql, Of::Any, "records");
    sql.take_from(from)
}

/// The condition that selects the index over type and id.
const BY_ID: &str = " AND records.first_version > -1";

/// The condition that selects an index over a column of the record itself (see the migration). It is needed if the list
/// is in that index's order, or if no index of a field provides the list's order.
fn own_index(page: &Page<'_>) -> &'static str {
    if page.filter.is_some_and(Filter::is_selective) {
        return "";
    }
    match page.sort.keys.first().map(|key| &key.column) {
        Some(Column::Envelope(Envelope::CreatedAt)) if !page.include_deleted => {
            " AND records.first_version > -2"
        }
        Some(Column::Envelope(Envelope::UpdatedAt)) if !page.include_deleted => {
            " AND records.first_version > -3"
        }
        Some(Column::Field(field)) if field.is_indexed() && !page.include_deleted => "",
        _ => BY_ID,
    }
}

/// The column of a shared index that is in the list's order. The statement must have a condition on it for the planner
/// to use that index.
fn shared_index<'a>(page: &Page<'a>) -> Option<&'a str> {
    match &page.sort.keys.first()?.column {
        Column::Field(field) if field.slot.is_some_and(slots::is_indexed) => Some(&field.sql.sort),
        _ => None,
    }
}

fn order(sql: &mut Sql, sort: &Sort, arm: &Arm, backwards: bool) {
    sql.push(" ORDER BY ");
    let direction = |descending: bool| if descending != backwards { " DESC" } else { "" };
    for (index, key) in sort.keys.iter().enumerate().skip(arm.equal.len()) {
        let expression = sort_of(&key.column);
        // In descending order empty values would come first. If the arm has any, an extra term sorts them last.
        if !(arm.present && index == arm.equal.len())
            && let Some(last) = empty_range(key)
        {
            sql.push(&format!("{expression} = {last}{}, ", direction(false)));
        }
        sql.push(&expression)
            .push(direction(key.descending))
            .push(", ");
    }
    sql.push("records.id").push(direction(sort.descending));
}

fn bind(sql: &mut Sql, json: &Json) -> String {
    match json {
        Json::String(text) => sql.place(text.as_str()),
        other => sql.place(other.as_i64()),
    }
}

fn is_last(key: &Key, value: &Json) -> bool {
    key.column.last().is_some()
        && match value {
            Json::String(text) => text == crate::schema::index::AFTER_ALL_TEXT,
            other => other.as_i64() == Some(crate::schema::index::AFTER_ALL_NUMBERS),
        }
}

impl Arm {
    fn new(equal: &[String], rest: impl IntoIterator<Item = String>, present: bool) -> Self {
        Self {
            equal: equal.to_vec(),
            rest: rest.into_iter().collect(),
            present,
        }
    }

    /// Two ranges: rows with an empty first key, and all others. None if the empty ones are not a range of their own.
    fn of_first_key(sort: &Sort) -> Option<[Self; 2]> {
        let first = sort.keys.first()?;
        let last = empty_range(first)?;
        let key = sort_of(&first.column);
        Some([
            Self::new(&[format!("{key} = {last}")], [], false),
            Self::new(&[], [format!("{key} < {last}")], true),
        ])
    }

    fn whole() -> Vec<Self> {
        vec![Self::new(&[], [], false)]
    }

    fn is_whole(&self) -> bool {
        self.equal.is_empty() && self.rest.is_empty()
    }

    /// One arm for all of these ranges.
    fn any_of(arms: Vec<Self>) -> Self {
        let shared = |a: &Self, b: &Self| {
            let pairs = a.equal.iter().zip(&b.equal);
            pairs.take_while(|(a, b)| a == b).count()
        };
        let common = arms.windows(2).map(|pair| match pair {
            [a, b] => shared(a, b),
            _ => 0,
        });
        let common = common.min().unwrap_or_default();
        let range = |arm: &Self| {
            let own = arm.equal.get(common..).unwrap_or_default().iter();
            own.chain(&arm.rest)
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(" AND ")
        };
        let ranges: Vec<String> = arms.iter().map(range).collect();
        let equal = arms.first().and_then(|arm| arm.equal.get(..common));
        Self::new(
            equal.unwrap_or_default(),
            [format!("({})", ranges.join(" OR "))],
            false,
        )
    }
}

/// Bounds the number of arms: the first ones become one. These have the most keys equal to the position's, so they hold
/// few records if the first keys are distinctive. The database sorts them by the remaining keys.
fn fitted(mut arms: Vec<Arm>) -> Vec<Arm> {
    if arms.len() <= COMPOUND_TERMS {
        return arms;
    }
    let others = arms.split_off(arms.len() - COMPOUND_TERMS + 1);
    let one = Arm::any_of(arms);
    std::iter::once(one).chain(others).collect()
}

/// The ranges of the list in order.
fn beginning(sort: &Sort) -> Vec<Arm> {
    match Arm::of_first_key(sort) {
        Some([empty, others]) => vec![others, empty],
        None => Arm::whole(),
    }
}

/// The ranges of the list from its end.
fn end(sort: &Sort) -> Vec<Arm> {
    match Arm::of_first_key(sort) {
        Some([empty, others]) => vec![empty, others],
        None => Arm::whole(),
    }
}

/// The ranges of the list after the position, in order: first those equal in all keys but the id, then those equal in
/// all but the last key, and so on. SQLite does not use an index range for a row value over an expression, but does for
/// equalities and one inequality.
fn after(sql: &mut Sql, sort: &Sort, position: &Position) -> Vec<Arm> {
    let mut arms = Vec::with_capacity(2 * sort.keys.len() + 1);
    let mut equal: Vec<String> = Vec::with_capacity(sort.keys.len() + 1);
    for (key, value) in sort.keys.iter().zip(&position.keys) {
        let (expression, place) = (sort_of(&key.column), bind(sql, value));
        if !is_last(key, value) {
            // The arms are reversed at the end, so the last range is pushed first.
            if let Some(last) = empty_range(key) {
                equal.push(format!("{expression} = {last}"));
                arms.push(Arm::new(&equal, [], false));
                equal.pop();
            }
            let sign = if key.descending { "<" } else { ">" };
            let behind = format!("{expression} {sign} {place}");
            arms.push(Arm::new(&equal, [behind], true));
        }
        equal.push(format!("{expression} = {place}"));
    }
    arms.push(of_equals(sql, sort, position, &equal, false));
    arms.reverse();
    arms
}

/// The ranges of the list before the position, the nearest first. Empty values come last, so only an empty value has
/// empty values before it.
fn before(sql: &mut Sql, sort: &Sort, position: &Position) -> Vec<Arm> {
    let mut arms = Vec::with_capacity(sort.keys.len() + 1);
    let mut equal: Vec<String> = Vec::with_capacity(sort.keys.len());
    for (key, value) in sort.keys.iter().zip(&position.keys) {
        let (expression, place) = (sort_of(&key.column), bind(sql, value));
        let nearer = match empty_range(key) {
            None if key.descending => format!("{expression} > {place}"),
            None => format!("{expression} < {place}"),
            Some(last) if is_last(key, value) => format!("{expression} < {last}"),
            Some(last) => format!("{expression} > {place} AND {expression} < {last}"),
        };
        arms.push(Arm::new(&equal, [nearer], true));
        equal.push(format!("{expression} = {place}"));
    }
    arms.push(of_equals(sql, sort, position, &equal, true));
    arms.reverse();
    arms
}

/// The range that is equal in all keys and continues after the position's id, or before it.
fn of_equals(
    sql: &mut Sql,
    sort: &Sort,
    position: &Position,
    equal: &[String],
    backwards: bool,
) -> Arm {
    let sign = if sort.descending != backwards {
        "<"
    } else {
        ">"
    };
    let id = sql.place(position.id.as_str());
    Arm::new(equal, [format!("records.id {sign} {id}")], false)
}

/// In descending order empty values come last and are a range of their own. Returns the value that they equal.
fn empty_range(key: &Key) -> Option<&'static str> {
    if key.descending {
        key.column.last()
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
