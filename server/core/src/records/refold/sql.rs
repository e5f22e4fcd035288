//! The statements that recompute records after a change of folding: the read of a step, and the writes of its commit.

use std::collections::{BTreeMap, BTreeSet};

use super::step::{Holders, Step, Stored};
use crate::{
    fold::REVISION,
    ports::store::{Statement, StoreError, TenantId, TenantStore, Value},
    records::{
        sql::{ROWS, Sql},
        write::keys::{Key, among_ids, by_keys},
    },
    schema::{Field, slots, words},
    work::Guard,
};

/// Upper bound of the records in one commit.
const STEP_RECORDS: usize = 100;
/// Bytes of the rows in one parameter.
const ROWS_BYTES: usize = 900_000;

/// The condition that the tenant's folding and its last recomputed record are these.
pub const IS_AT: &str = "(SELECT folding = {} AND refolded = {} FROM meta)";

pub fn meta() -> Statement {
    Statement::new("SELECT folding, refolded FROM meta", [])
}

/// The numbers and sizes of the next records.
pub fn sizes() -> Statement {
    Statement::new(
        "SELECT num, length(data) AS size FROM records WHERE num > (SELECT refolded FROM meta) ORDER BY num LIMIT ?1",
        [(STEP_RECORDS as i64).into()],
    )
}

pub fn between(after: i64, last: i64) -> Statement {
    let slots: Vec<String> = (0..slots::ALL).map(slots::column).collect();
    Statement::new(
        format!(
            "SELECT num, id, type, version, data, keys, apart, deleted_at, {} FROM records WHERE num > ?1 AND num <= ?2 ORDER BY num",
            slots.join(", ")
        ),
        [after.into(), last.into()],
    )
}

pub fn finish(folding: i64, after: i64) -> Vec<Statement> {
    let guard = Guard::new().and(IS_AT, [folding.into(), after.into()]).and(
        "NOT EXISTS (SELECT 1 FROM records WHERE num > {})",
        [after.into()],
    );
    let mut statements: Vec<Statement> = guard.statement().into_iter().collect();
    statements.push(Statement::new(
        "UPDATE meta SET folding = ?1, refolded = 0",
        [REVISION.into()],
    ));
    statements
}

pub fn numbers<const N: usize>(row: &[Value]) -> Option<[i64; N]> {
    let numbers: Option<Vec<i64>> = row.iter().map(Value::as_i64).collect();
    numbers?.try_into().ok()
}

pub async fn holders(
    store: &dyn TenantStore,
    tenant: &TenantId,
    records: &[Stored],
) -> Result<Holders, StoreError> {
    let mut wanted: BTreeMap<(&str, &str), (&Field, BTreeSet<Key>)> = BTreeMap::new();
    for record in records {
        for (field, key) in record.unique() {
            let place = (record.object_type.name.as_str(), field.name.as_str());
            let (_, keys) = wanted.entry(place).or_insert((field, BTreeSet::new()));
            keys.extend(key);
        }
    }
    if wanted.is_empty() {
        return Ok(Holders::new());
    }
    let statement = |((type_name, _), (field, keys)): (&(&str, &str), &(&Field, BTreeSet<Key>))| {
        let sql = Sql::new(&format!("SELECT num, id, {} AS text", field.sql.unique));
        by_keys(sql, type_name, field, keys)
    };
    let rows = store
        .read(tenant, wanted.iter().map(statement).collect())
        .await?;
    let mut holders = Holders::new();
    for ((type_name, name), rows) in wanted.keys().zip(rows) {
        for row in rows {
            if let [num, id, key] = row.as_slice()
                && let (Some(num), Some(id), Some(key)) =
                    (num.as_i64(), id.as_str(), Key::read(key))
            {
                let place = ((*type_name).to_owned(), (*name).to_owned(), key);
                holders.entry(place).or_default().push((num, id.to_owned()));
            }
        }
    }
    Ok(holders)
}

impl Step<'_> {
    /// All records with unique texts are set apart while they are written, so that they do not conflict, whatever the
    /// order.
    pub fn statements(&self, guard: Guard, last: i64) -> Vec<Statement> {
        let guard = guard.records(self.versions.iter().copied());
        let mut statements: Vec<Statement> = guard.statement().into_iter().collect();
        let set = |value: &str, ids: BTreeSet<String>| {
            (!ids.is_empty()).then(|| {
                let mut sql = Sql::new(&format!("UPDATE records SET apart = {value} WHERE id"));
                among_ids(&mut sql, &ids);
                sql.statement()
            })
        };
        let all = [&self.apart, &self.alone, &self.later]
            .into_iter()
            .flatten();
        statements.extend(set("num", all.map(|id| (*id).to_owned()).collect()));
        let slots: Vec<String> = (0..slots::ALL)
            .map(|slot| format!("{} = j.value ->> {}", slots::column(slot), slot + 2))
            .collect();
        let update = format!(
            "UPDATE records SET keys = j.value ->> 1, {} FROM {ROWS} WHERE records.id = j.value ->> 0",
            slots.join(", ")
        );
        let rows = words::arrays(self.keys.clone(), ROWS_BYTES).into_iter();
        statements.extend(rows.map(|rows| Statement::new(update.clone(), [rows.into()])));
        statements.extend(set(
            "0",
            self.alone.iter().map(|id| (*id).to_owned()).collect(),
        ));
        statements.extend(self.words.clone().statements());
        statements.push(Statement::new(
            "UPDATE meta SET refolded = ?1",
            [last.into()],
        ));
        statements
    }
}
