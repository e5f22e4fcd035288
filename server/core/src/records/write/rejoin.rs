//! Takes records back into the unique indexes that were set apart for their texts (see `records::refold`).

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::state::Record;
use crate::{
    ports::store::Statement,
    schema::{Field, Order, index::Expressions},
};

/// Upper bound of the unique texts that one statement compares for records of one type. SQLite limits the nesting of
/// conditions, and D1 the length of statements. Records with more texts stay apart, and `crm check` names them.
const MOST_TEXTS: usize = 20;

/// The fields to compare for records of one type, and the ids of these records.
#[derive(Default)]
struct Returning<'a> {
    texts: BTreeMap<&'a str, &'a Field>,
    ids: Vec<Json>,
}

/// The statements that follow the writing of the rows. They concern records with a new unique text and restored
/// records, if no other record has one of their texts any more.
pub fn rejoin(updated: &[&Record]) -> Vec<Statement> {
    let mut by_type: BTreeMap<&str, Returning<'_>> = BTreeMap::new();
    for record in updated.iter().filter(|record| record.deleted_at.is_none()) {
        let came_back = record.stored.as_ref().is_some_and(|stored| !stored.is_live);
        let is_new = |name: &String| came_back || record.changed.contains(name);
        if !texts(record).any(|field| is_new(&field.name)) {
            continue;
        }
        let returning = by_type.entry(&record.object_type.name).or_default();
        let filled = texts(record).filter(|field| record.data.get(&field.name).is_some());
        returning
            .texts
            .extend(filled.map(|field| (field.name.as_str(), field)));
        returning.ids.push(record.id.as_str().into());
    }
    by_type.retain(|_, returning| returning.texts.len() <= MOST_TEXTS);
    by_type
        .into_iter()
        .map(|(type_name, returning)| statement(type_name, returning))
        .collect()
}

/// The record's unique text fields, including empty ones.
fn texts<'a>(record: &&'a Record) -> impl Iterator<Item = &'a Field> {
    let fields = record.object_type.fields.values();
    fields
        .map(AsRef::as_ref)
        .filter(|field: &&Field| field.definition.unique && field.kind().order() == Order::Folded)
}

fn statement(type_name: &str, returning: Returning<'_>) -> Statement {
    let own = returning.texts.values().map(|field| {
        let same = [&field.sql.plain, &field.sql.unique].map(|expression| {
            let [other, this] = ["o", "records"].map(|table| Expressions::of(table, expression));
            format!("{other} = {this}")
        });
        format!(
            " AND NOT EXISTS (SELECT 1 FROM records o WHERE o.type = '{type_name}' AND o.deleted_at IS NULL AND (o.apart = 0 OR o.num < records.num) AND {})",
            same.join(" AND ")
        )
    });
    let own: String = own.collect();
    Statement::new(
        format!(
            "UPDATE records SET apart = 0 WHERE apart <> 0 AND id IN (SELECT value FROM json_each(?1)){own}"
        ),
        [Json::Array(returning.ids).to_string().into()],
    )
}
