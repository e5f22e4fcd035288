//! The decision: what becomes of each item, given the rows that it needed. Pure; nothing has happened yet.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use crm_contract::codes;
use crm_runtime::JsonObject;
use serde_json::Value as Json;

use super::{
    Authority, Expected,
    judge::complete,
    keys::Key,
    numbers::{self, Counter},
    prepare::{Act, Prepared, Ready},
    state::{Change, Record, Records, Version},
};
use crate::{
    context::Context,
    fault::Fault,
    ports::store::Rows,
    records::{
        refusals::{Creating, Deleting, ItemCode, Restoring, Updating},
        row, totals,
    },
    refusal::Refusal,
    schema::{At, Failures, ObjectType},
    work::Scope,
};

mod check;
mod rows;

use check::unique_violation;

/// What an item did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Created,
    Updated,
    Deleted,
    Restored,
    /// It was like this already.
    Unchanged,
}

/// A record as an item left it.
#[derive(Clone, Debug)]
pub struct Written {
    pub effect: Effect,
    pub record: Record,
}

/// The outcomes of all items in order, and what they come to.
pub struct Batch {
    pub outcomes: Vec<Result<Written, Refusal<ItemCode>>>,
    pub(super) records: Records,
    pub(super) changes: Vec<Change>,
    pub(super) counters: Vec<Counter>,
    /// Ids that a client chose and that must still be free.
    pub(super) fresh: Vec<String>,
    /// Stored records that are pointed to and must still be there.
    pub(super) alive: Vec<String>,
    pub(super) versions: i64,
}

impl Batch {
    /// Takes back everything: an atomic batch of which one item was refused.
    pub fn refused(&self) -> impl Iterator<Item = (usize, &Refusal<ItemCode>)> {
        self.outcomes
            .iter()
            .enumerate()
            .filter_map(|(index, outcome)| Some((index, outcome.as_ref().err()?)))
    }
}

struct Decider<'a> {
    cx: &'a Context,
    actor: String,
    authority: Authority,
    records: Records,
    relations: HashMap<String, String>,
    users: HashSet<String>,
    /// Who has a unique value: by type, field and key.
    taken: HashMap<(String, String, Key), String>,
    blocked: HashMap<String, (String, String)>,
    changes: Vec<Change>,
    counters: Vec<Counter>,
    fresh: Vec<String>,
    alive: Vec<String>,
    versions: i64,
}

pub fn decide(
    scope: &Scope,
    cx: &Context,
    authority: Authority,
    prepared: Prepared,
    rows: Vec<Rows>,
) -> Result<Batch, Fault> {
    let mut decider = Decider {
        cx,
        actor: row::actor(&scope.caller.principal),
        authority,
        records: Records::new(),
        relations: HashMap::new(),
        users: HashSet::new(),
        taken: HashMap::new(),
        blocked: HashMap::new(),
        changes: Vec::new(),
        counters: Vec::new(),
        fresh: Vec::new(),
        alive: Vec::new(),
        versions: 0,
    };
    decider.take_rows(scope, &prepared, rows)?;
    let mut outcomes = Vec::with_capacity(prepared.items.len());
    for item in prepared.items {
        outcomes.push(item.and_then(|item| decider.item(item)));
    }
    if authority == Authority::Importing {
        numbers::note_stated(&mut decider.counters, decider.records.values());
    }
    Ok(Batch {
        outcomes,
        records: decider.records,
        changes: decider.changes,
        counters: decider.counters,
        fresh: decider.fresh,
        alive: decider.alive,
        versions: decider.versions,
    })
}

impl Decider<'_> {
    fn item(&mut self, item: Ready) -> Result<Written, Refusal<ItemCode>> {
        let Ready {
            object_type,
            at,
            act,
        } = item;
        Ok(match act {
            Act::Create { id, hash, data } => self.create(&object_type, &at, id, hash, data)?,
            Act::Update {
                id,
                expected,
                values,
            } => self.update(&object_type, &at, &id, &expected, values)?,
            Act::Delete { id, expected } => self.delete(&object_type, &id, &expected)?,
            Act::Restore { id } => self.restore(&object_type, &id)?,
            Act::Upsert {
                id,
                field,
                key,
                values,
            } => {
                let found = self
                    .taken
                    .get(&(object_type.name.clone(), field.name.clone(), key))
                    .cloned();
                match found {
                    Some(found) => self.update(&object_type, &at, &found, &None, values)?,
                    None => {
                        let data = complete(&object_type, values, &at)
                            .map_err(Refusal::widen::<Creating>)?;
                        self.create(&object_type, &at, id, None, data)?
                    }
                }
            }
        })
    }

    fn create(
        &mut self,
        object_type: &Arc<ObjectType>,
        at: &str,
        id: String,
        hash: Option<String>,
        data: JsonObject,
    ) -> Result<Written, Refusal<Creating>> {
        if let Some(existing) = self.records.get(&id) {
            // The same create again is answered with what has become of it; whatever else has the id says nothing of itself.
            let same = hash.is_some_and(|hash| hash == existing.content_hash)
                && existing.object_type.name == object_type.name;
            if same && existing.deleted_at.is_none() {
                return Ok(Written {
                    effect: Effect::Unchanged,
                    record: existing.clone(),
                });
            }
            return Err(Refusal::new(
                Creating::IdTaken,
                "This id belongs to something else. Choose another, or let the server choose.",
            ));
        }
        let mut record = Record {
            object_type: object_type.clone(),
            id: id.clone(),
            data: data.into(),
            stored: None,
            created_at: self.cx.now,
            updated_at: self.cx.now,
            created_by: self.actor.clone(),
            updated_by: self.actor.clone(),
            deleted_at: None,
            ended: false,
            version: Version::Issued(0),
            content_hash: String::new(),
            changed: Vec::new(),
            numbers: Vec::new(),
        };
        self.totals(&mut record, None, at)?;
        let names: Vec<String> = record.data.keys().cloned().collect();
        self.check(&record, &names, at)
            .map_err(Refusal::widen::<Creating>)?;
        for name in Record::counted(object_type) {
            if !record.data.contains_key(name) {
                let place = numbers::place(&mut self.counters, object_type, name);
                if let Some((_, count, _)) = self.counters.get_mut(place) {
                    record.numbers.push((name.to_owned(), place, *count));
                    *count += 1;
                }
            }
        }
        if let Some(hash) = hash {
            record.content_hash = hash;
            self.fresh.push(id.clone());
        }
        let offset = self.take_version();
        record.version = Version::Issued(offset);
        self.hold(&record, &names);
        self.changes.push(Change {
            record: id.clone(),
            object_type: object_type.name.clone(),
            op: "create",
            fields: record.data.clone(),
            before: JsonObject::new(),
            offset,
            numbers: record.numbers.clone(),
        });
        self.records.insert(id, record.clone());
        Ok(Written {
            effect: Effect::Created,
            record,
        })
    }

    fn take_version(&mut self) -> i64 {
        self.versions += 1;
        self.versions - 1
    }

    /// The record of this type under this id, deleted or not.
    fn find(&self, object_type: &ObjectType, id: &str) -> Result<Record, Refusal<codes::NotFound>> {
        let found = self
            .records
            .get(id)
            .filter(|record| record.object_type.name == object_type.name);
        found
            .cloned()
            .ok_or_else(|| not_found(format!("There is no {} {id}.", object_type.name)))
    }

    fn find_live(
        &self,
        object_type: &ObjectType,
        id: &str,
    ) -> Result<Record, Refusal<codes::NotFound>> {
        let record = self.find(object_type, id)?;
        if record.deleted_at.is_some() {
            return Err(not_found(format!(
                "The {} {id} is deleted.",
                object_type.name
            )));
        }
        Ok(record)
    }

    fn expect(record: &Record, expected: &Expected) -> Result<(), Refusal<codes::VersionMismatch>> {
        let Some(expected) = expected else {
            return Ok(());
        };
        // What this very request changed before has no version yet that a caller could name.
        match record.version {
            Version::Known(version) if expected.contains(&version) => Ok(()),
            Version::Known(version) => Err(Refusal::new(
                codes::VersionMismatch,
                "The record has changed since. Read it again and decide again.",
            )
            .with("version", version)),
            Version::Issued(_) => Err(Refusal::new(
                codes::VersionMismatch,
                "The record was changed by an earlier operation of this request.",
            )
            .with(
                "version",
                record
                    .stored
                    .as_ref()
                    .map(|stored| stored.version)
                    .unwrap_or_default(),
            )),
        }
    }

    fn update(
        &mut self,
        object_type: &Arc<ObjectType>,
        at: &str,
        id: &str,
        expected: &Expected,
        values: JsonObject,
    ) -> Result<Written, Refusal<Updating>> {
        let mut record = self.find_live(object_type, id)?;
        Self::expect(&record, expected)?;
        let settled = totals::settled(&record.data);
        let mut before = JsonObject::new();
        let balance_stated = values.contains_key("balance");
        for (name, value) in values {
            if let Some(old) = record.set(&name, value) {
                before.insert(name, old);
            }
        }
        if before.is_empty() {
            return Ok(Written {
                effect: Effect::Unchanged,
                record,
            });
        }
        for (name, old) in self.totals(&mut record, (!balance_stated).then_some(settled), at)? {
            before.entry(name).or_insert(old);
        }
        // A total that was stated and computed back to what it was is no change.
        let current = |name: &str| record.data.get(name).cloned().unwrap_or_default();
        before.retain(|name, old| current(name) != *old);
        if before.is_empty() {
            return Ok(Written {
                effect: Effect::Unchanged,
                record: self.find_live(object_type, id)?,
            });
        }
        let names: Vec<String> = before.keys().cloned().collect();
        self.check(&record, &names, at)
            .map_err(Refusal::widen::<Updating>)?;
        self.release(object_type, &record.id, &before);
        self.hold(&record, &names);
        let fields = names
            .iter()
            .map(|name| (name.clone(), current(name)))
            .collect();
        self.log(&mut record, "update", fields, before);
        self.records.insert(id.to_owned(), record.clone());
        Ok(Written {
            effect: Effect::Updated,
            record,
        })
    }

    fn log(
        &mut self,
        record: &mut Record,
        op: &'static str,
        fields: JsonObject,
        before: JsonObject,
    ) {
        let offset = self.take_version();
        record.version = Version::Issued(offset);
        record.updated_at = self.cx.now;
        record.updated_by = self.actor.clone();
        self.changes.push(Change {
            record: record.id.clone(),
            object_type: record.object_type.name.clone(),
            op,
            fields: fields.into(),
            before,
            offset,
            numbers: Vec::new(),
        });
    }

    fn delete(
        &mut self,
        object_type: &Arc<ObjectType>,
        id: &str,
        expected: &Expected,
    ) -> Result<Written, Refusal<Deleting>> {
        let mut record = self.find_live(object_type, id)?;
        Self::expect(&record, expected)?;
        self.release(object_type, id, &record.data);
        record.deleted_at = Some(self.cx.now);
        record.ended = true;
        self.log(&mut record, "delete", JsonObject::new(), JsonObject::new());
        self.records.insert(id.to_owned(), record.clone());
        Ok(Written {
            effect: Effect::Deleted,
            record,
        })
    }

    fn restore(
        &mut self,
        object_type: &Arc<ObjectType>,
        id: &str,
    ) -> Result<Written, Refusal<Restoring>> {
        let mut record = self.find(object_type, id)?;
        if record.deleted_at.is_none() {
            return Ok(Written {
                effect: Effect::Unchanged,
                record,
            });
        }
        if let Some((field, other)) = self.blocked.get(id) {
            return Err(unique_violation(object_type.field(field), field, other).into());
        }
        let names: Vec<String> = record.data.keys().cloned().collect();
        self.check_unique(&record, &names)?;
        self.hold(&record, &names);
        record.deleted_at = None;
        record.ended = true;
        self.log(&mut record, "restore", JsonObject::new(), JsonObject::new());
        self.records.insert(id.to_owned(), record.clone());
        Ok(Written {
            effect: Effect::Restored,
            record,
        })
    }

    /// Computes the totals of a type with lines, and tells what they were. `settled`: what of the total is paid; if it is
    /// not known, a balance that an import states counts.
    fn totals(
        &self,
        record: &mut Record,
        settled: Option<i64>,
        at: &str,
    ) -> Result<BTreeMap<String, Json>, Refusal<codes::FieldInvalid>> {
        let object_type = record.object_type.clone();
        if !totals::has_lines(&object_type) {
            return Ok(BTreeMap::new());
        }
        let before = record.data.clone();
        let root = At::Root(at);
        let mut failures = Failures::default();
        totals::document(
            record.data.change(),
            &object_type,
            settled,
            self.authority == Authority::Importing,
            &root.name("fields"),
            &mut failures,
        );
        if !failures.is_empty() {
            return Err(Refusal::failures(
                codes::FieldInvalid,
                "The lines do not add up",
                failures.into_list(),
            ));
        }
        let mut changed = BTreeMap::new();
        for name in totals::COMPUTED {
            let old = before.get(name).cloned().unwrap_or_default();
            if record.data.get(name).cloned().unwrap_or_default() != old {
                if !record.changed.iter().any(|known| known == name) {
                    record.changed.push(name.to_owned());
                }
                changed.insert(name.to_owned(), old);
            }
        }
        Ok(changed)
    }
}

fn not_found(what: String) -> Refusal<codes::NotFound> {
    Refusal::new(codes::NotFound, what)
}
