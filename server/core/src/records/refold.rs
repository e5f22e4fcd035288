//! Folds anew what a tenant's database holds of an earlier folding ([`fold::REVISION`]): the keys, the slots and the search
//! words of its records, in the order of their numbers, some with each commit. It may be cut off at any time and goes on
//! where it stopped. Nothing waits for it: a record that it has not reached is at worst not found by a new spelling.
//!
//! Two unique texts that were two may be one by now. The record with the lower number holds the text then, and the other
//! one is set apart: it keeps its value, `records.apart` tells the two apart in the index, and `crm check` names it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Map, Value as Json};

use super::{
    fold::REVISION,
    row,
    sql::ROWS,
    write::keys::{Key, by_ids, by_keys},
};
use crate::{
    Core,
    fault::Fault,
    ports::store::{Commit, Rows, Statement, StoreError, TenantId, Value},
    schema::{Field, ObjectType, Order, slots},
    tenant::TenantState,
    work::Guard,
};

/// What one commit folds at most: records, and characters of their values. One record is always folded.
const STEP_RECORDS: usize = 100;
const STEP_CHARS: i64 = 500_000;
/// Bytes of the rows in one parameter.
const ROWS_BYTES: usize = 900_000;
/// Times that somebody else may be faster before a step is given up.
const MOST_TRIES: usize = 20;

/// What is left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    Nothing,
    /// It could not be done now; the log says why.
    Blocked,
    /// It was stopped by the number of steps.
    Something,
}

/// The tenants that this process knows to be folded as it folds.
#[derive(Default)]
pub struct Refolded(Mutex<HashSet<TenantId>>);

impl Refolded {
    fn knows(&self, tenant: &TenantId) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(tenant)
    }

    fn note(&self, tenant: TenantId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(tenant);
    }
}

impl Core {
    /// Folds all tenants' records anew, where they need it, with so many commits for each. A host calls it when it starts
    /// and as often as it likes.
    pub async fn refold(&self, steps: usize) -> Left {
        let tenants = match self.ports().directory.tenants().await {
            Ok(tenants) => tenants,
            Err(error) => {
                tracing::warn!(%error, "records are not folded anew: the directory");
                return Left::Blocked;
            }
        };
        let mut left = Left::Nothing;
        for tenant in tenants.into_iter().map(|entry| entry.id) {
            match self.refold_tenant(&tenant, steps).await {
                Ok(more) => left = left.max(more),
                Err(fault) => {
                    tracing::warn!(%tenant, %fault, "records are not folded anew");
                    left = left.max(Left::Blocked);
                }
            }
        }
        left
    }

    /// The same for one tenant.
    pub async fn refold_tenant(&self, tenant: &TenantId, steps: usize) -> Result<Left, Fault> {
        if self.refolded.knows(tenant) {
            return Ok(Left::Nothing);
        }
        for _ in 0..steps {
            if self.step(tenant).await? == Left::Nothing {
                self.refolded.note(tenant.clone());
                return Ok(Left::Nothing);
            }
        }
        Ok(Left::Something)
    }

    /// Folds the next records.
    async fn step(&self, tenant: &TenantId) -> Result<Left, Fault> {
        let store = &*self.ports().store;
        for _ in 0..MOST_TRIES {
            let mut rows = store.read(tenant, vec![meta(), sizes()]).await?.into_iter();
            let Some([folding, after]) = rows.next().and_then(|rows| numbers(rows.first()?)) else {
                return Err(odd());
            };
            if folding >= REVISION {
                return Ok(Left::Nothing);
            }
            let Some(last) = last_of(&rows.next().unwrap_or_default()) else {
                match store.commit(tenant, finish(folding, after)).await? {
                    Commit::Committed(_) => return Ok(Left::Nothing),
                    // A record came meanwhile, or another process was faster.
                    Commit::Stale => continue,
                    Commit::Constraint(name) => return Err(refused(&name)),
                }
            };
            let state = self.work.tenants.load(store, tenant).await?;
            let rows = store.read(tenant, vec![between(after, last)]).await?;
            let records: Vec<Stored> = rows
                .into_iter()
                .flatten()
                .filter_map(|row| Stored::read(&state, row))
                .collect();
            let holders = holders(store, tenant, &records).await?;
            let step = Step::new(&records, &holders);
            let guard = Guard::new()
                .and(IS_AT, [folding.into(), after.into()])
                .revisions(state.schema_rev, state.access_rev);
            let statements = step.statements(guard, last);
            crate::ports::store::admission::fit(&statements)?;
            match store.commit(tenant, statements).await? {
                Commit::Committed(_) => {
                    for id in step.apart() {
                        tracing::warn!(%tenant, record = id, "a unique text of this record is another record's since case is folded in full: change one of them");
                    }
                    return Ok(Left::Something);
                }
                // Somebody wrote one of the records, or a unique text, meanwhile: their state decides.
                Commit::Stale | Commit::Constraint(_) => {}
            }
        }
        Err(Fault::Busy("the records keep changing".into()))
    }
}

fn odd() -> Fault {
    Fault::Internal("a row has another shape".into())
}

fn refused(constraint: &str) -> Fault {
    Fault::Internal(format!("the constraint {constraint} refused a commit"))
}

const IS_AT: &str = "(SELECT folding = {} AND refolded = {} FROM meta)";

fn meta() -> Statement {
    Statement::new("SELECT folding, refolded FROM meta", [])
}

/// The next records' numbers and how large they are.
fn sizes() -> Statement {
    Statement::new(
        "SELECT num, length(data) AS size FROM records WHERE num > (SELECT refolded FROM meta) ORDER BY num LIMIT ?1",
        [(STEP_RECORDS as i64).into()],
    )
}

fn between(after: i64, last: i64) -> Statement {
    let slots: Vec<String> = (0..slots::ALL).map(slots::column).collect();
    Statement::new(
        format!(
            "SELECT num, id, type, version, data, keys, apart, deleted_at, {} FROM records WHERE num > ?1 AND num <= ?2 ORDER BY num",
            slots.join(", ")
        ),
        [after.into(), last.into()],
    )
}

fn finish(folding: i64, after: i64) -> Vec<Statement> {
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

fn numbers<const N: usize>(row: &[Value]) -> Option<[i64; N]> {
    let numbers: Option<Vec<i64>> = row.iter().map(Value::as_i64).collect();
    numbers?.try_into().ok()
}

/// The last record that one step takes. None if there is no record.
fn last_of(sizes: &Rows) -> Option<i64> {
    let mut chars = 0;
    let mut last = None;
    for row in sizes {
        let [num, size] = numbers(row)?;
        chars += size;
        if last.is_some() && chars > STEP_CHARS {
            break;
        }
        last = Some(num);
    }
    last
}

/// A record as it stands in the database.
struct Stored {
    num: i64,
    id: String,
    object_type: Arc<ObjectType>,
    version: i64,
    data: Map<String, Json>,
    keys: Map<String, Json>,
    is_apart: bool,
    is_deleted: bool,
    slots: Vec<Value>,
}

impl Stored {
    /// None for a record of a type that is gone: nobody reads it.
    fn read(state: &TenantState, row: Vec<Value>) -> Option<Self> {
        let mut columns = row.into_iter();
        let num = columns.next()?.as_i64()?;
        let mut text = || columns.next()?.into_text();
        let (id, name) = (text()?, text()?);
        let version = columns.next()?.as_i64()?;
        let mut object = || serde_json::from_str(columns.next()?.as_str()?).ok();
        let (data, keys) = (object()?, object()?);
        Some(Self {
            num,
            id,
            object_type: state.schema.get(&name)?.clone(),
            version,
            data,
            keys,
            is_apart: columns.next()?.as_i64()? != 0,
            is_deleted: columns.next()?.as_i64().is_some(),
            slots: columns.collect(),
        })
    }

    /// The unique texts that it has: the field, and what its index compares, which is nothing for white space.
    fn unique(&self) -> impl Iterator<Item = (&Arc<Field>, Option<Key>)> {
        let texts = self.object_type.fields.values().filter(|field| {
            field.definition.unique && field.kind().order() == Order::Folded && !self.is_deleted
        });
        texts.filter_map(|field| Some((field, Key::of(field, self.data.get(&field.name)?))))
    }

    /// Its keys and slots, if they are others than those that it has.
    fn keys(&self) -> Option<(String, Vec<Value>)> {
        let keys = row::keys(&self.object_type, &self.data);
        let mut slots = slots::values(&self.object_type, &self.data);
        let is_same = serde_json::from_str::<Map<String, Json>>(&keys).ok()? == self.keys
            && slots
                .iter()
                .zip(&self.slots)
                .all(|(one, other)| is_equal(one, other));
        slots.resize(usize::from(slots::ALL), Value::Null);
        (!is_same).then_some((keys, slots))
    }
}

/// A real without a fraction may have come back as an integer.
fn is_equal(one: &Value, other: &Value) -> bool {
    let real = |value: &Value| match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Real(number) => Some(*number),
        _ => None,
    };
    one == other || (real(one).is_some() && real(one) == real(other))
}

/// Of a type, a field and a key: the number and the id of each record that has it in the database.
type Holders = HashMap<(String, String, Key), Vec<(i64, String)>>;

async fn holders(
    store: &dyn crate::ports::store::TenantStore,
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
        by_keys(
            &format!("SELECT num, id, {} AS text", field.sql.unique),
            type_name,
            field,
            keys,
        )
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

/// What one commit does.
struct Step<'a> {
    /// Records that are written, with their versions.
    versions: Vec<(&'a str, i64)>,
    /// Those whose unique text is a record's with a lower number.
    apart: BTreeSet<&'a str>,
    /// Those that hold their unique texts themselves, of the records that are written.
    alone: BTreeSet<&'a str>,
    /// Those that stand in the way of a record with a lower number until they are folded anew themselves.
    later: BTreeSet<&'a str>,
    keys: Vec<Json>,
    words: row::Words,
}

impl<'a> Step<'a> {
    fn new(records: &'a [Stored], holders: &'a Holders) -> Self {
        let mut step = Self {
            versions: Vec::new(),
            apart: BTreeSet::new(),
            alone: BTreeSet::new(),
            later: BTreeSet::new(),
            keys: Vec::new(),
            words: row::Words::default(),
        };
        let here: HashSet<&str> = records.iter().map(|record| record.id.as_str()).collect();
        let mut held: HashSet<(&str, &str, Key)> = HashSet::new();
        for record in records {
            let mut is_apart = false;
            for (field, key) in record.unique() {
                let Some(key) = key else {
                    is_apart = true;
                    continue;
                };
                let (type_name, name) = (record.object_type.name.as_str(), field.name.as_str());
                let place = (type_name.to_owned(), name.to_owned(), key.clone());
                // What the others of this step hold is known by what they come to.
                for (num, id) in holders.get(&place).into_iter().flatten() {
                    if !here.contains(id.as_str()) && *num < record.num {
                        is_apart = true;
                    } else if !here.contains(id.as_str()) {
                        step.later.insert(id);
                    }
                }
                is_apart |= !held.insert((type_name, name, key));
            }
            step.take(record, is_apart);
        }
        step
    }

    fn take(&mut self, record: &'a Stored, is_apart: bool) {
        let keys = record.keys();
        let earlier = row::earlier_words(&record.object_type, &record.data);
        if keys.is_none() && earlier.is_empty() && is_apart == record.is_apart {
            return;
        }
        let id = record.id.as_str();
        self.versions.push((id, record.version));
        if is_apart {
            self.apart.insert(id);
        } else if record.unique().next().is_some() || record.is_apart {
            self.alone.insert(id);
        }
        if !earlier.is_empty() {
            let words = row::search_words(&record.object_type, &record.data);
            self.words.change(id, &earlier, &words);
        }
        if let Some((keys, slots)) = keys {
            let slots = slots.into_iter().map(|value| match value {
                Value::Null => Json::Null,
                Value::Integer(number) => number.into(),
                Value::Real(number) => number.into(),
                Value::Text(text) => text.into(),
            });
            let row = [id.into(), keys.into()].into_iter().chain(slots);
            self.keys.push(row.collect());
        }
    }

    /// The ids of the records that are set apart.
    fn apart(&self) -> impl Iterator<Item = &str> {
        self.apart.iter().copied()
    }

    /// All that have unique texts are apart while they are written, so that none is in another's way, whatever the order.
    fn statements(&self, guard: Guard, last: i64) -> Vec<Statement> {
        let guard = guard.records(self.versions.iter().copied());
        let mut statements: Vec<Statement> = guard.statement().into_iter().collect();
        let set = |value: &str, ids: BTreeSet<String>| {
            let update = format!("UPDATE records SET apart = {value} WHERE id");
            (!ids.is_empty()).then(|| by_ids(&update, &ids, ""))
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
        let rows = row::arrays(self.keys.clone(), ROWS_BYTES).into_iter();
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

#[cfg(test)]
mod tests;
