//! `GET /search`: the statement that finds records by words.

use serde_json::Value as Json;

use super::{filter::compile::after_prefix, list, sql::Sql};
use crate::{
    access::visibility::{Of, Visible},
    fold::words,
    page::Place,
    ports::store::Statement,
};

/// Upper bound of the words of one search. Further words are ignored.
const MOST_WORDS: usize = 16;

/// The records that have all words of `text`, the most recently changed first, or from the end of the list if read
/// backwards. The position is a version. None if `text` has no words.
pub fn statement(
    text: &str,
    visible: &Visible,
    types: Option<&[&str]>,
    place: &Place<i64>,
    limit: usize,
) -> Option<Statement> {
    let mut wanted = words(text);
    wanted.truncate(MOST_WORDS);
    let prefix = wanted.pop()?;
    let mut sql = Sql::new("SELECT ");
    sql.push(list::COLUMNS)
        .push(" FROM records WHERE records.deleted_at IS NULL");
    for word in wanted {
        sql.push(" AND records.num IN (SELECT record FROM words WHERE word = ")
            .bind(word)
            .push(")");
    }
    // The last word may be a prefix.
    sql.push(" AND records.num IN (SELECT record FROM words WHERE word >= ")
        .bind(prefix.as_str());
    if let Some(end) = after_prefix(&prefix) {
        sql.push(" AND word < ").bind(end);
    }
    sql.push(")");
    visible.restrict(&mut sql, Of::Any, "records");
    if let Some(types) = types {
        let types: Vec<Json> = types.iter().map(|name| (*name).into()).collect();
        sql.push(" AND records.type IN ").bind_list(&types);
    }
    let (sign, direction) = place.descending();
    if let Some(position) = place.position() {
        sql.push(" AND records.version ")
            .push(sign)
            .push(" ")
            .bind(*position);
    }
    sql.push(" ORDER BY records.version")
        .push(direction)
        .push(" LIMIT ")
        .bind(limit as i64);
    Some(sql.statement())
}
