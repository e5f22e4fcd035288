//! Checks each record against the definitions of its type: the targets of its relations, automatic numbers, search
//! words and sort keys.

use std::collections::{BTreeMap, BTreeSet};

use crm_core::{
    fold,
    ports::store::Value,
    records::row,
    schema::{Kind, ObjectType, Schema, index, slots, words},
};
use rusqlite::{CachedStatement, Connection, OptionalExtension};
use serde_json::{Map, Value as Json};

use super::{
    Findings,
    finding::{APART, RESTORE},
    tenant::{numbers, text, value_of},
};

const REWRITE: &str =
    "Change a searched field of the record and change it back (PATCH /records/{type}/{id})";

/// Returns the number of records.
pub fn check(
    connection: &Connection,
    schema: &Schema,
    findings: &mut Findings,
) -> rusqlite::Result<u64> {
    let columns = (0..slots::ALL)
        .map(slots::column)
        .collect::<Vec<_>>()
        .join(", ");
    let mut records = connection.prepare(&format!(
        "SELECT num, id, type, data, keys, {columns} FROM records ORDER BY num"
    ))?;
    let mut records = records.query([])?;
    let mut words = Words::new(connection)?;
    let mut words_of = words.of_records()?;
    let mut target = connection.prepare_cached("SELECT type FROM records WHERE id = ?1")?;
    let mut user = connection.prepare_cached("SELECT 'user' FROM users WHERE id = ?1")?;
    let mut most: BTreeMap<String, i64> = BTreeMap::new();
    // During a refold some keys and words are old and some new, and both are right.
    let folding: i64 = connection.query_row("SELECT folding FROM meta", [], |row| row.get(0))?;
    let is_folded = folding == fold::REVISION;
    apart(connection, schema, findings)?;
    let mut count = 0;
    while let Some(record) = records.next()? {
        count += 1;
        let (num, id, name): (i64, String, String) =
            (record.get(0)?, text(record, 1)?, text(record, 2)?);
        let found = words_of.of(num)?;
        // The type was deleted; nothing reads its records.
        let Some(object_type) = schema.get(&name) else {
            continue;
        };
        let data: Option<Map<String, Json>> = serde_json::from_str(&text(record, 3)?).ok();
        let keys: Option<Map<String, Json>> = serde_json::from_str(&text(record, 4)?).ok();
        let (Some(data), Some(keys)) = (data, keys) else {
            findings.add(
                "record",
                format!("the values of {id} are not readable"),
                RESTORE,
            );
            continue;
        };
        for (field, wanted, whose) in relations(object_type, &data) {
            let statement = if whose == "user" {
                &mut user
            } else {
                &mut target
            };
            if lookup(statement, wanted)?.is_none_or(|kind| kind != whose) {
                findings.add(
                    "relation",
                    format!("{field} of the {name} {id} is {wanted}, which is no {whose}"),
                    "Clear the field, or name another (PATCH /records/{type}/{id})",
                );
            }
        }
        for field in object_type.fields.values() {
            if field.definition.kind == Kind::AutoNumber
                && let Some(number) = data.get(&field.name).and_then(Json::as_i64)
            {
                let counter = format!("auto.{name}.{}", field.name);
                let highest = most.entry(counter).or_insert(number);
                *highest = number.max(*highest);
            }
        }
        if !is_folded {
            continue;
        }
        let wanted: Map<String, Json> =
            serde_json::from_str(&row::keys(object_type, &data)).unwrap_or_default();
        if wanted.iter().any(|(name, key)| keys.get(name) != Some(key)) {
            findings.add(
                "keys",
                format!("the {name} {id} sorts as something else"),
                REWRITE,
            );
        }
        for (slot, wanted) in slots::values(object_type, &data).iter().enumerate() {
            if !is_equal(&value_of(record.get_ref(5 + slot)?), wanted) {
                let fill = slots::fill(object_type).unwrap_or_default();
                let what = format!("the {name} {id} is listed in another's place (column {slot})");
                findings.add_sql("keys", what, "Lists by this field are wrong", fill);
            }
        }
        if let Some(word) = words::search_words(object_type, &data)
            .into_iter()
            .find(|word| !found.contains(word))
        {
            findings.add(
                "word",
                format!("the {name} {id} is not found by `{word}`"),
                REWRITE,
            );
        }
    }
    let counters = numbers(connection)?;
    for (counter, highest) in most {
        let given = counters.get(&counter).copied().unwrap_or(0);
        if given < highest {
            findings.add_sql(
                "counter",
                format!("{counter} stands at {given}, and {highest} was given already"),
                "The next number would be given twice",
                format!(
                    "INSERT OR REPLACE INTO counters (name, value) VALUES ('{counter}', {highest})"
                ),
            );
        }
    }
    Ok(count)
}

/// Records whose unique texts became equal to those of others in a refold: `crm_core::records::refold`.
fn apart(
    connection: &Connection,
    schema: &Schema,
    findings: &mut Findings,
) -> rusqlite::Result<()> {
    let sql = "SELECT id, type, num, data FROM records WHERE apart <> 0 AND deleted_at IS NULL ORDER BY num";
    let mut statement = connection.prepare(sql)?;
    let mut records = statement.query([])?;
    while let Some(record) = records.next()? {
        let (id, name, num): (String, String, i64) =
            (text(record, 0)?, text(record, 1)?, record.get(2)?);
        let data: Option<Map<String, Json>> = serde_json::from_str(&text(record, 3)?).ok();
        let (Some(object_type), Some(data)) = (schema.get(&name), data) else {
            continue;
        };
        let mut is_alone = true;
        for field in object_type.fields.values() {
            let is_text = matches!(field.kind(), Kind::Text | Kind::Email | Kind::Url);
            let Some(value) = data.get(&field.name).and_then(Json::as_str) else {
                continue;
            };
            if !field.definition.unique || !is_text {
                continue;
            }
            let Some(unique) = index::unique_text(value) else {
                is_alone = false;
                continue;
            };
            let other = format!(
                "SELECT id FROM records WHERE type = ?1 AND deleted_at IS NULL AND num <> ?2 AND {} = ?3 AND {} = ?4",
                field.sql.plain, field.sql.unique
            );
            let folded = index::sort_text(value);
            let other: Option<String> = connection
                .prepare_cached(&other)?
                .query_row((&name, num, folded, unique), |row| row.get(0))
                .optional()?;
            if let Some(other) = other {
                is_alone = false;
                findings.add(
                    APART,
                    format!(
                        "{} of the {name} {id} is that of {other} since case is folded in full",
                        field.name
                    ),
                    "Change it in one of them (PATCH /records/{type}/{id})",
                );
            }
        }
        if is_alone {
            findings.add_sql(
                APART,
                format!(
                    "the {name} {id} is still set apart, although no other record has its unique texts"
                ),
                "Two at once might take one of them",
                format!("UPDATE records SET apart = 0 WHERE num = {num}"),
            );
        }
    }
    Ok(())
}

/// The field, the id, and the type of the target; `user` for a person.
fn relations<'a>(
    object_type: &'a ObjectType,
    data: &'a Map<String, Json>,
) -> Vec<(&'a str, &'a str, &'a str)> {
    let mut found = Vec::new();
    for field in object_type.fields.values() {
        let whose = match field.definition.kind {
            Kind::Relation | Kind::RelationList => field.definition.target.as_deref(),
            Kind::User => Some("user"),
            _ => None,
        };
        let (Some(whose), Some(value)) = (whose, data.get(&field.name)) else {
            continue;
        };
        let ids = value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice);
        found.extend(
            ids.iter()
                .filter_map(Json::as_str)
                .map(|id| (&*field.name, id, whose)),
        );
    }
    found
}

/// SQL does not distinguish 2 from 2.0.
fn is_equal(stored: &Value, wanted: &Value) -> bool {
    match (stored, wanted) {
        (Value::Integer(integer), Value::Real(real))
        | (Value::Real(real), Value::Integer(integer)) => *integer as f64 == *real,
        (stored, wanted) => stored == wanted,
    }
}

fn lookup(statement: &mut CachedStatement<'_>, id: &str) -> rusqlite::Result<Option<String>> {
    statement.query_row([id], |row| row.get(0)).optional()
}

/// The search words, ordered by record, so that one pass is enough.
struct Words<'a>(rusqlite::Statement<'a>);

struct WordsOf<'a> {
    rows: rusqlite::Rows<'a>,
    next: Option<(i64, String)>,
}

impl<'a> Words<'a> {
    fn new(connection: &'a Connection) -> rusqlite::Result<Self> {
        let sql = "SELECT record, word FROM words ORDER BY record";
        Ok(Self(connection.prepare(sql)?))
    }

    fn of_records(&mut self) -> rusqlite::Result<WordsOf<'_>> {
        let mut words = WordsOf {
            rows: self.0.query([])?,
            next: None,
        };
        words.step()?;
        Ok(words)
    }
}

impl WordsOf<'_> {
    fn step(&mut self) -> rusqlite::Result<()> {
        self.next = match self.rows.next()? {
            Some(row) => Some((row.get(0)?, text(row, 1)?)),
            None => None,
        };
        Ok(())
    }

    /// The words of record `num`, which has to be higher than in the last call.
    fn of(&mut self, num: i64) -> rusqlite::Result<BTreeSet<String>> {
        let mut words = BTreeSet::new();
        while let Some((of, word)) = self.next.take_if(|(of, _)| *of <= num) {
            if of == num {
                words.insert(word);
            }
            self.step()?;
        }
        Ok(words)
    }
}
