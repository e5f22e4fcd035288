//! Makes statements of a decision: one per table for any number of records, as long as their rows fit into one
//! parameter. Several rows are passed as JSON; a single row is bound directly.

use std::collections::{BTreeSet, HashMap};

use crm_runtime::JsonObject;
use serde_json::Value as Json;

use super::{
    decide::Batch,
    keys::Key,
    rejoin::rejoin,
    state::{Change, Number, Record, Stored, Version},
};
use crate::{
    access::visibility::Visible,
    context::Context,
    ports::store::{Statement, Value},
    records::{row, sql::ROWS},
    schema::{Field, slots, words},
    work::{Counter, Decision, Guard, MakeAnswer, Scope},
};

/// The decision that commits the batch. `answer` makes the answer from the commit's numbers.
pub fn decision<R>(
    cx: &Context,
    scope: &Scope,
    batch: Batch,
    answer: MakeAnswer<R>,
) -> Decision<R> {
    let touched: Vec<&Record> = {
        let mut touched: Vec<&Record> = batch
            .records
            .values()
            .filter(|record| matches!(record.version, Version::Issued(_)))
            .collect();
        touched.sort_by_key(|record| match record.version {
            Version::Issued(offset) | Version::Known(offset) => offset,
        });
        touched
    };
    let stored = touched
        .iter()
        .filter_map(|record| Some((record.id.as_str(), record.stored.as_ref()?.version)));
    let fresh = batch.fresh.iter().map(|id| (id.as_str(), 0));
    let alive: BTreeSet<&str> = batch.alive.iter().map(String::as_str).collect();
    let guard = Guard::new()
        .records(stored.chain(fresh))
        .join(Visible::to(scope).guard(alive));
    let (created, updated): (Vec<&Record>, Vec<&Record>) =
        touched.iter().partition(|record| record.stored.is_none());
    let actor = scope.caller.principal.actor();
    let mut statements = Vec::with_capacity(6);
    let leaving = leaving(&touched);
    statements.extend(leave(&leaving));
    statements.extend(insert(&created, &batch.counters, cx.now, &actor));
    statements.extend(update(&updated, !leaving.is_empty(), cx.now, &actor));
    statements.extend(rejoin(&updated));
    if created.len() > 1 && batch.changes.len() == created.len() {
        // If there are as many changes as new records, each change is a creation, and the log takes its values from the
        // rows.
        statements.push(log_created(created.len(), cx.now, &actor));
    } else {
        statements.extend(log(&batch.changes, &batch.counters, cx.now, &actor));
    }
    words(&touched, &mut statements);
    let versions = u32::try_from(batch.versions).unwrap_or(u32::MAX);
    Decision::records(versions, batch.counters, statements, answer).under(guard)
}

/// The records whose stored unique values go to other records in this commit.
fn leaving<'a>(touched: &[&'a Record]) -> BTreeSet<&'a str> {
    let unique = |record: &'a Record| {
        let fields = record.object_type.fields.values();
        fields.filter(|field| field.definition.unique)
    };
    let place = |record: &'a Record, field: &'a Field, data: &JsonObject| {
        let key = Key::of(field, data.get(&field.name)?)?;
        Some((record.object_type.name.as_str(), field.name.as_str(), key))
    };
    let mut given_up = HashMap::new();
    for &record in touched {
        let Some(stored) = record.stored.as_ref().filter(|stored| stored.is_live) else {
            continue;
        };
        let gives_up =
            |field: &Field| record.deleted_at.is_some() || record.changed.contains(&field.name);
        for field in unique(record).filter(|field| gives_up(field)) {
            if let Some(place) = place(record, field, &stored.data) {
                given_up.insert(place, record.id.as_str());
            }
        }
    }
    if given_up.is_empty() {
        return BTreeSet::new();
    }
    let mut leaving = BTreeSet::new();
    for &record in touched.iter().filter(|record| record.deleted_at.is_none()) {
        for field in unique(record) {
            let before = place(record, field, &record.data).and_then(|place| given_up.get(&place));
            leaving.extend(before.filter(|before| **before != record.id));
        }
    }
    leaving
}

/// Takes the records out of the unique indexes, so that the rows can be written one by one in any order. The indexes do
/// not hold deleted records, so `deleted_at` is set for the moment; the statement that writes the rows sets it right.
fn leave(records: &BTreeSet<&str>) -> Option<Statement> {
    let ids: Vec<Json> = records.iter().map(|id| Json::from(*id)).collect();
    (!ids.is_empty()).then(|| {
        Statement::new(
            "UPDATE records SET deleted_at = 0 WHERE id IN (SELECT value FROM json_each(?1))",
            [Json::Array(ids).to_string().into()],
        )
    })
}

/// Rows as the source of a statement: a single row is bound directly, several are passed as JSON.
struct Source {
    params: Vec<Value>,
    single: bool,
}

/// Upper bound of the texts in one source, in bytes. JSON may double them, and a parameter has at most 2 MB.
const SOURCE_BYTES: usize = 900_000;

impl Source {
    /// Divides the rows into as many sources as needed.
    fn split(rows: impl Iterator<Item = Vec<Value>>) -> Vec<Self> {
        let (mut sources, mut some, mut size) = (Vec::new(), Vec::new(), 0);
        for row in rows {
            let more: usize = row.iter().filter_map(Value::as_str).map(str::len).sum();
            if size + more > SOURCE_BYTES && !some.is_empty() {
                sources.push(Self::new(std::mem::take(&mut some)));
                size = 0;
            }
            size += more;
            some.push(row);
        }
        if !some.is_empty() {
            sources.push(Self::new(some));
        }
        sources
    }

    fn new(mut rows: Vec<Vec<Value>>) -> Self {
        if rows.len() == 1 {
            return Self {
                params: rows.pop().unwrap_or_default(),
                single: true,
            };
        }
        let bytes = |row: &Vec<Value>| -> usize {
            let texts = row.iter().map(|value| value.as_str().map_or(0, str::len));
            texts.sum::<usize>() * 5 / 4 + 16 * row.len()
        };
        let mut text = Vec::with_capacity(rows.iter().map(bytes).sum());
        for (index, row) in rows.iter().enumerate() {
            text.push(if index > 0 { b',' } else { b'[' });
            for (index, value) in row.iter().enumerate() {
                text.push(if index > 0 { b',' } else { b'[' });
                // Writing to memory does not fail.
                let _ = match value {
                    Value::Null => serde_json::to_writer(&mut text, &()),
                    Value::Integer(number) => serde_json::to_writer(&mut text, number),
                    Value::Real(number) => serde_json::to_writer(&mut text, number),
                    Value::Text(value) => serde_json::to_writer(&mut text, value),
                };
            }
            text.push(b']');
        }
        text.push(b']');
        Self {
            params: vec![String::from_utf8(text).unwrap_or_default().into()],
            single: false,
        }
    }

    fn column(&self, index: usize) -> String {
        if self.single {
            format!("?{}", index + 1)
        } else {
            format!("(j.value ->> {index})")
        }
    }

    /// Binds one more value that all rows share.
    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.params.push(value.into());
        format!("?{}", self.params.len())
    }

    /// Inserts `values`, in which `{base}` stands for the commit's first sequence number. A single row is inserted with
    /// VALUES: for a SELECT, which might insert several rows, SQLite would keep a copy of every changed page.
    fn insert(self, into: &str, values: &str) -> Statement {
        let sql = if self.single {
            let values = values.replace("{base}", "(SELECT base FROM meta)");
            format!("INSERT INTO {into} VALUES ({values})")
        } else {
            let values = values.replace("{base}", "m.base");
            format!("INSERT INTO {into} SELECT {values} FROM meta m, {ROWS}")
        };
        Statement::new(sql, self.params)
    }
}

/// A record's numbers as JSON: by field, the counter's name and the offset to add to its value after the commit.
fn numbers(numbers: &[Number], counters: &[Counter]) -> Value {
    if numbers.is_empty() {
        return Value::Null;
    }
    let given: JsonObject = numbers
        .iter()
        .filter_map(|(field, place, index)| {
            let counter = counters.get(*place)?;
            let number = i64::from(*index) + 1 - i64::from(counter.count);
            Some((field.clone(), serde_json::json!([counter.name, number])))
        })
        .collect();
    Json::Object(given).to_string().into()
}

/// `data` with the numbers of the commit.
fn with_numbers(data: &str, numbers: &str) -> String {
    format!(
        "CASE WHEN {numbers} IS NULL THEN {data} ELSE json_patch({data}, (SELECT json_group_object(n.key, \
         (SELECT c.value FROM counters c WHERE c.name = n.value ->> 0) + (n.value ->> 1)) FROM json_each({numbers}) n)) END"
    )
}

fn offset(version: Version) -> i64 {
    match version {
        Version::Issued(offset) | Version::Known(offset) => offset,
    }
}

fn text(data: &JsonObject) -> String {
    // A map of JSON values always serializes.
    serde_json::to_string(data).unwrap_or_default()
}

fn insert(records: &[&Record], counters: &[Counter], now: i64, actor: &str) -> Vec<Statement> {
    let numbered = records.iter().any(|record| !record.numbers.is_empty());
    let mut slotted = 0;
    let mut rows: Vec<Vec<Value>> = Vec::with_capacity(records.len());
    let mut slots: Vec<Vec<Value>> = Vec::with_capacity(records.len());
    for record in records {
        rows.push(vec![
            record.id.as_str().into(),
            record.object_type.name.as_str().into(),
            record.data.text().into(),
            row::keys(&record.object_type, &record.data).into(),
            offset(record.version).into(),
            record.content_hash.as_str().into(),
            record.deleted_at.into(),
            record.first.into(),
        ]);
        let values = slots::values(&record.object_type, &record.data);
        slotted = slotted.max(values.len());
        slots.push(values);
    }
    for (row, mut values) in rows.iter_mut().zip(slots) {
        values.resize(slotted, Value::Null);
        row.append(&mut values);
    }
    if numbered {
        for (row, record) in rows.iter_mut().zip(records) {
            row.push(numbers(&record.numbers, counters));
        }
    }
    let statement = |mut source: Source| {
        let [
            id,
            object_type,
            data,
            keys,
            version,
            hash,
            deleted_at,
            first,
        ] = [0, 1, 2, 3, 4, 5, 6, 7].map(|index| source.column(index));
        let (mut columns, mut values) = (String::new(), String::new());
        for slot in 0..slotted {
            columns.push_str(&format!(", key_{slot}"));
            values.push_str(&format!(", {}", source.column(8 + slot)));
        }
        let data = if numbered {
            with_numbers(&data, &source.column(8 + slotted))
        } else {
            data
        };
        let (now, actor) = (source.bind(now), source.bind(actor));
        source.insert(
            &format!(
                "records (id, type, version, data, keys, first_version, content_hash, created_at, updated_at, created_by, updated_by, deleted_at{columns})"
            ),
            &format!(
                "{id}, {object_type}, {{base}} + {version}, {data}, {keys}, {{base}} + {first}, {hash}, {now}, {now}, {actor}, {actor}, {deleted_at}{values}"
            ),
        )
    };
    Source::split(rows.into_iter())
        .into_iter()
        .map(statement)
        .collect()
}

/// Sets only columns that changed in any of the records, because SQLite writes every index over a column that is set.
/// `left` means that some of the records are out of the unique indexes, see [`leave`].
fn update(records: &[&Record], left: bool, now: i64, actor: &str) -> Vec<Statement> {
    let fields = |record: &&Record| {
        let object_type = record.object_type.clone();
        let changed = record.changed.clone();
        changed
            .into_iter()
            .filter_map(move |name| object_type.field(&name).cloned())
    };
    let valued = records.iter().any(|record| !record.changed.is_empty());
    let keyed = records
        .iter()
        .flat_map(fields)
        .any(|field| row::has_key(&field));
    let slotted: BTreeSet<u8> = records
        .iter()
        .flat_map(fields)
        .filter_map(|field| field.slot)
        .collect();
    let ended = left || records.iter().any(|record| record.ended);
    let rows = records.iter().map(|record| {
        let mut row = vec![record.id.as_str().into(), offset(record.version).into()];
        if valued {
            row.push(record.data.text().into());
            row.push(changed(&record.changed));
        }
        if keyed {
            row.push(row::changed_keys(&record.object_type, &record.data, &record.changed).into());
        }
        if ended {
            row.push(record.deleted_at.into());
        }
        if !slotted.is_empty() {
            let values = slots::values(&record.object_type, &record.data);
            let of = |slot: &u8| values.get(usize::from(*slot)).cloned();
            row.extend(slotted.iter().map(|slot| of(slot).unwrap_or(Value::Null)));
        }
        row
    });
    let statement = |mut source: Source| {
        let version = format!("(SELECT base FROM meta) + {}", source.column(1));
        let mut set = format!("version = {version}");
        let mut next = 2;
        let mut column = |source: &Source| {
            next += 1;
            source.column(next - 1)
        };
        if valued {
            let (data, changed) = (column(&source), column(&source));
            set.push_str(&format!(
                ", data = {data}, field_versions = json_patch(field_versions, \
             (SELECT json_group_object(f.value, {version}) FROM json_each({changed}) f))"
            ));
        }
        if keyed {
            set.push_str(&format!(", keys = json_patch(keys, {})", column(&source)));
        }
        if ended {
            set.push_str(&format!(", deleted_at = {}", column(&source)));
        }
        for slot in &slotted {
            set.push_str(&format!(", {} = {}", slots::column(*slot), column(&source)));
        }
        let (now, actor) = (source.bind(now), source.bind(actor));
        let from = if source.single {
            String::new()
        } else {
            format!(" FROM {ROWS}")
        };
        Statement::new(
            format!(
                "UPDATE records SET {set}, updated_at = {now}, updated_by = {actor}{from} WHERE records.id = {}",
                source.column(0)
            ),
            source.params,
        )
    };
    Source::split(rows.into_iter())
        .into_iter()
        .map(statement)
        .collect()
}

fn changed(names: &[String]) -> Value {
    Json::Array(names.iter().map(|name| name.as_str().into()).collect())
        .to_string()
        .into()
}

fn log(changes: &[Change], counters: &[Counter], now: i64, actor: &str) -> Vec<Statement> {
    let numbered = changes.iter().any(|change| !change.numbers.is_empty());
    let rows = changes.iter().map(|change| {
        let mut row = vec![
            change.offset.into(),
            change.record.as_str().into(),
            change.object_type.as_str().into(),
            change.op.into(),
            change.fields.text().into(),
            text(&change.before).into(),
        ];
        if numbered {
            row.push(numbers(&change.numbers, counters));
        }
        row
    });
    let statement = |mut source: Source| {
        let [offset, record, object_type, op, fields, before] =
            [0, 1, 2, 3, 4, 5].map(|index| source.column(index));
        let fields = if numbered {
            with_numbers(&fields, &source.column(6))
        } else {
            fields
        };
        let (now, actor) = (source.bind(now), source.bind(actor));
        source.insert(
            "changes (seq, record_id, type, op, fields, before, at, actor)",
            &format!(
                "{{base}} + {offset}, {record}, {object_type}, {op}, {fields}, {before}, {now}, {actor}"
            ),
        )
    };
    Source::split(rows.into_iter())
        .into_iter()
        .map(statement)
        .collect()
}

/// The log entries for the newest `count` records, which this commit created in the order of their versions.
fn log_created(count: usize, now: i64, actor: &str) -> Statement {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    Statement::new(
        "INSERT INTO changes (seq, record_id, type, op, fields, before, at, actor) \
         SELECT version, id, type, 'create', data, '{}', ?1, ?2 FROM records WHERE num > (SELECT max(num) - ?3 FROM records) ORDER BY num",
        [now.into(), actor.into(), count.into()],
    )
}

/// Only words that were added or removed are written, so other changes of a record write no words.
fn words(records: &[&Record], statements: &mut Vec<Statement>) {
    let mut words = words::Words::default();
    for record in records {
        let now = || words::search_words(&record.object_type, &record.data);
        match &record.stored {
            None => words.change(&record.id, &BTreeSet::new(), &now()),
            Some(Stored { data, .. }) => {
                let searchable = |name: &String| {
                    record
                        .object_type
                        .field(name)
                        .is_some_and(|field| field.definition.searchable)
                };
                if record.changed.iter().any(searchable) {
                    let mut before = words::search_words(&record.object_type, data);
                    before.extend(words::earlier_words(&record.object_type, data));
                    words.change(&record.id, &before, &now());
                }
            }
        }
    }
    statements.extend(words.statements());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ports::store::admission::TEXT_BYTES,
        testing::{self, Memory},
    };

    #[test]
    fn rows_travel_in_as_many_parameters_as_it_takes() {
        // Quotes grow most in JSON.
        let row = |n: usize| vec![Value::Integer(n as i64), Value::Text("\"".repeat(100_000))];
        let sources = Source::split((0..98).map(row));
        assert_eq!(sources.len(), 11, "nine rows in each but the last");
        let mut seen = 0;
        for source in &sources {
            let text = source.params[0].as_str().unwrap();
            assert!(text.len() < TEXT_BYTES);
            let rows: Vec<(usize, String)> = serde_json::from_str(text).unwrap();
            for (n, _) in rows {
                assert_eq!(n, seen);
                seen += 1;
            }
        }
        assert_eq!(seen, 98);
        assert!(Source::split(std::iter::empty()).is_empty());
        let alone = Source::split([row(1)].into_iter());
        assert!(alone.len() == 1 && alone[0].single);
    }

    fn record(n: usize) -> Record {
        let data = serde_json::json!({"title": format!("A \"{n}\""), "count": n});
        Record {
            object_type: testing::thing(),
            id: testing::id(n),
            data: data.as_object().cloned().unwrap_or_default().into(),
            stored: None,
            created_at: 0,
            updated_at: 0,
            created_by: String::new(),
            updated_by: String::new(),
            deleted_at: None,
            ended: false,
            version: Version::Issued(n as i64),
            first: n as i64,
            content_hash: String::new(),
            visible: true,
            changed: vec!["title".into(), "count".into()],
            numbers: Vec::new(),
        }
    }

    #[test]
    fn one_row_and_many_are_written_alike() {
        let records = [record(0), record(1), record(2)];
        let write = |chunk: usize| {
            let store = Memory::new(&[testing::thing()]);
            for records in records.chunks(chunk) {
                let records: Vec<&Record> = records.iter().collect();
                let written = insert(&records, &[], 5, "user:a");
                for statement in written
                    .into_iter()
                    .chain(update(&records, false, 6, "user:b"))
                {
                    store.run(&statement);
                }
            }
            store.run(&Statement::new("SELECT * FROM records ORDER BY num", []))
        };
        let many = write(3);
        assert_eq!(many.len(), 3);
        assert_eq!(many, write(1));
    }

    fn reads_once(plan: &str) -> bool {
        plan.contains("MATERIALIZE j") || plan.contains("CO-ROUTINE j")
    }

    #[test]
    fn many_rows_are_found_by_index_and_read_once() {
        let store = Memory::new(&[testing::thing()]);
        let records = [record(0), record(1)];
        let records: Vec<&Record> = records.iter().collect();
        let plan = store.plan(&update(&records, false, 6, "user:b")[0]);
        assert!(
            reads_once(&plan) && plan.contains("SEARCH records USING INDEX"),
            "{plan}"
        );
        let plan = store.plan(&insert(&records, &[], 5, "user:a")[0]);
        assert!(reads_once(&plan), "{plan}");
        let plan = store.plan(&log_created(2, 6, "user:b"));
        assert!(
            plan.contains("SEARCH records USING INTEGER PRIMARY KEY (rowid>?)")
                && !plan.contains("TEMP B-TREE"),
            "{plan}"
        );
    }
}
