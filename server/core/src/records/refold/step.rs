//! Decides what one commit recomputes: the records, their new keys, and which of them are set apart. Plain data and
//! functions.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use serde_json::{Map, Value as Json};

use super::sql::numbers;
use crate::{
    ports::store::{Rows, Value},
    records::{row, write::keys::Key},
    schema::{Field, ObjectType, Order, slots, words},
    tenant::TenantState,
};

/// Upper bound of the values that one commit recomputes, in characters. A step has at least one record.
const STEP_CHARS: i64 = 500_000;

/// The last record of the next step. None if no record is left.
pub fn last_of(sizes: &Rows) -> Option<i64> {
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

/// A stored record.
pub struct Stored {
    num: i64,
    id: String,
    pub object_type: Arc<ObjectType>,
    version: i64,
    data: Map<String, Json>,
    keys: Map<String, Json>,
    is_apart: bool,
    is_deleted: bool,
    slots: Vec<Value>,
}

impl Stored {
    /// None if the record's type was deleted: nobody reads such a record.
    pub fn read(state: &TenantState, row: Vec<Value>) -> Option<Self> {
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

    /// The record's unique fields, each with the key that its index compares. The key is None for white space.
    pub fn unique(&self) -> impl Iterator<Item = (&Arc<Field>, Option<Key>)> {
        let texts = self.object_type.fields.values().filter(|field| {
            field.definition.unique && field.kind().order() == Order::Folded && !self.is_deleted
        });
        texts.filter_map(|field| Some((field, Key::of(field, self.data.get(&field.name)?))))
    }

    /// The new keys and slots, if they differ from the stored ones.
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

/// Compares values. A real without a fraction may be returned as an integer.
fn is_equal(one: &Value, other: &Value) -> bool {
    let real = |value: &Value| match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Real(number) => Some(*number),
        _ => None,
    };
    one == other || (real(one).is_some() && real(one) == real(other))
}

/// The number and id of each stored record with a key, by type, field and key.
pub type Holders = HashMap<(String, String, Key), Vec<(i64, String)>>;

/// The changes of one commit.
pub struct Step<'a> {
    /// The records to write, with their versions.
    pub versions: Vec<(&'a str, i64)>,
    /// The records to set apart: a record with a lower number has their unique text.
    pub apart: BTreeSet<&'a str>,
    /// The written records that hold their unique texts themselves.
    pub alone: BTreeSet<&'a str>,
    /// Records with higher numbers that still have a key which a record of this step needs. They are set apart until
    /// they are recomputed.
    pub later: BTreeSet<&'a str>,
    pub keys: Vec<Json>,
    pub words: words::Words,
}

impl<'a> Step<'a> {
    pub fn new(records: &'a [Stored], holders: &'a Holders) -> Self {
        let mut step = Self {
            versions: Vec::new(),
            apart: BTreeSet::new(),
            alone: BTreeSet::new(),
            later: BTreeSet::new(),
            keys: Vec::new(),
            words: words::Words::default(),
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
                // For the other records of this step, their new keys count.
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
        let earlier = words::earlier_words(&record.object_type, &record.data);
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
            let words = words::search_words(&record.object_type, &record.data);
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
}
