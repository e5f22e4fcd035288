//! The decision: the outcome of each item, given the rows that it needs. Pure; nothing is written yet.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use crm_contract::codes;
use crm_runtime::JsonObject;
use serde_json::Value as Json;

use super::{
    Authority, Fate,
    judge::{Judged, complete},
    numbers::Counters,
    prepare::{Act, Asked, Prepared, Ready},
    state::{Change, Record, Records, Version},
    values::Values,
};
use crate::{
    allowance::Allowance,
    context::Context,
    etag::Expected,
    failure::{At, Failures},
    fault::Fault,
    ports::store::admission::BATCH_BYTES,
    records::{
        refusals::{Creating, Deleting, ItemCode, Restoring, Updating},
        totals,
    },
    refusal::Refusal,
    schema::ObjectType,
    work::{Counter, Found, Scope},
};

mod check;
mod holding;
mod rows;

use holding::{Conflict, Holding as Holders, taken_by};

/// The effect of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Created,
    Updated,
    Deleted,
    Restored,
    /// The record had these values already.
    Unchanged,
}

/// A record after an item.
#[derive(Clone, Debug)]
pub struct Written {
    pub effect: Effect,
    pub record: Record,
}

/// The outcome of each item, in order.
pub type Outcomes = Vec<Result<Written, Refusal<ItemCode>>>;

/// The outcomes of all items, and their combined changes.
pub struct Batch {
    pub outcomes: Outcomes,
    pub(super) records: Records,
    pub(super) changes: Vec<Change>,
    pub(super) counters: Vec<Counter>,
    /// Ids chosen by clients, which must still be free at the commit.
    pub(super) fresh: Vec<String>,
    /// Ids of stored records that relations point to, which must still exist at the commit.
    pub(super) alive: Vec<String>,
    pub(super) versions: i64,
}

#[derive(Clone)]
struct Decider<'a> {
    cx: &'a Context,
    actor: String,
    authority: Authority,
    allowance: Allowance,
    records: Records,
    relations: HashMap<String, String>,
    users: HashSet<String>,
    /// The holders of the unique values.
    holders: Holders,
    changes: Vec<Change>,
    counters: Counters,
    fresh: Vec<String>,
    alive: Vec<String>,
    versions: i64,
}

/// Upper bound of the passes over one write in which unique values are checked at the end. Each pass has more
/// operations refused than the one before. After that, unique values are checked in the order of the operations.
const MOST_PASSES: usize = 2;

pub fn decide(
    scope: &Scope,
    cx: &Context,
    authority: Authority,
    fate: Fate,
    prepared: &Prepared,
    asked: Asked,
    mut found: Found,
) -> Result<Batch, Fault> {
    let mut decider = Decider {
        cx,
        actor: scope.caller.principal.actor(),
        authority,
        allowance: prepared.allowance.again(),
        records: Records::new(),
        relations: HashMap::new(),
        users: HashSet::new(),
        holders: Holders::default(),
        changes: Vec::new(),
        counters: Counters::default(),
        fresh: Vec::new(),
        alive: Vec::new(),
        versions: 0,
    };
    decider.take_rows(scope, asked, &mut found)?;
    // If operations stand alone, the rest is decided again without the refused ones.
    let apart = fate == Fate::Own && prepared.holds_unique_values();
    let before = apart.then(|| decider.clone());
    let mut refused: BTreeMap<usize, Conflict> = BTreeMap::new();
    let mut passes = 0;
    let outcomes = loop {
        let mut outcomes = decider.items(&prepared.items, &refused)?;
        let conflicts = decider.holders.settle();
        let Some(before) = before.as_ref().filter(|_| !conflicts.is_empty()) else {
            for (index, conflict) in conflicts {
                if let Some(outcome) = outcomes.get_mut(index) {
                    outcome.refuse(&conflict);
                }
            }
            break outcomes;
        };
        passes += 1;
        refused.extend(decider.holders.with_dependents(conflicts));
        decider = before.clone();
        decider.allowance = prepared.allowance.again();
        decider.holders.in_order = passes >= MOST_PASSES;
    };
    let outcomes = outcomes.into_iter().map(|outcome| outcome.result).collect();
    if authority == Authority::Importing {
        decider.counters.note_stated(decider.records.values());
    }
    Ok(Batch {
        outcomes,
        records: decider.records,
        changes: decider.changes,
        counters: decider.counters.into_list(),
        fresh: decider.fresh,
        alive: decider.alive,
        versions: decider.versions,
    })
}

/// The outcome of an item, and how to refuse it if another record keeps its unique value.
struct Decided {
    result: Result<Written, Refusal<ItemCode>>,
    refusing: fn(Refusal<codes::UniqueViolation>) -> Refusal<ItemCode>,
    object_type: Option<Arc<ObjectType>>,
}

impl Decided {
    fn refuse(&mut self, conflict: &Conflict) {
        let violation = taken_by(self.object_type.as_deref(), conflict);
        self.result = Err((self.refusing)(violation));
    }
}

fn refusing(act: &Act) -> fn(Refusal<codes::UniqueViolation>) -> Refusal<ItemCode> {
    match act {
        Act::Create { .. } | Act::Upsert { .. } => |refusal| refusal.widen::<Creating>().into(),
        Act::Update { .. } | Act::Delete { .. } => |refusal| refusal.widen::<Updating>().into(),
        Act::Restore { .. } => |refusal| refusal.widen::<Restoring>().into(),
    }
}

impl Decider<'_> {
    /// Decides the items in order, except those that are refused already.
    fn items(
        &mut self,
        items: &[Result<Ready, Refusal<ItemCode>>],
        refused: &BTreeMap<usize, Conflict>,
    ) -> Result<Vec<Decided>, Fault> {
        let mut outcomes = Vec::with_capacity(items.len());
        let mut shown = 0;
        for (index, item) in items.iter().enumerate() {
            self.holders.item = index;
            outcomes.push(match item {
                Err(refusal) => Decided {
                    result: Err(refusal.clone()),
                    refusing: |refusal| refusal.widen::<Updating>().into(),
                    object_type: None,
                },
                Ok(item) => {
                    let (refusing, object_type) = (refusing(&item.act), item.object_type.clone());
                    let result = match refused.get(&index) {
                        Some(conflict) => {
                            Err(refusing(taken_by(Some(object_type.as_ref()), conflict)))
                        }
                        None => self.item(item.clone()),
                    };
                    // Each operation on a large record shows the record again, so the sum is bounded like a commit.
                    shown += result.as_ref().map_or(0, |written| self.shown(written));
                    if shown > BATCH_BYTES {
                        return Err(Fault::TooLarge);
                    }
                    Decided {
                        result,
                        refusing,
                        object_type: Some(object_type),
                    }
                }
            });
        }
        Ok(outcomes)
    }

    /// The bytes that the outcome keeps and the answer shows. An import shows nothing.
    fn shown(&self, written: &Written) -> usize {
        match (written.effect, self.authority) {
            (Effect::Deleted, _) | (Effect::Unchanged, Authority::Importing) => 0,
            _ => written.record.data.text().len(),
        }
    }

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
                let place = (object_type.name.clone(), field.name.clone(), key);
                match self.holders.of(&place).map(str::to_owned) {
                    Some(found) => self.update(&object_type, &at, &found, &None, values)?,
                    None => {
                        let data = values
                            .of_new(&object_type, &at, &self.allowance)
                            .map_err(Refusal::widen::<Creating>)
                            .and_then(|values| {
                                Ok(complete(&object_type, values, &at, &self.allowance)?)
                            })
                            .map(Values::from);
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
        data: Result<Values, Refusal<Creating>>,
    ) -> Result<Written, Refusal<Creating>> {
        if let Some(existing) = self.records.get(&id) {
            // A repeat of the same create is answered with the record as it is now. Anything else with this id stays
            // hidden.
            let same = existing.visible
                && hash.is_some_and(|hash| hash == existing.content_hash)
                && existing.object_type.name == object_type.name;
            if same && existing.deleted_at.is_none() {
                return Ok(Written {
                    effect: Effect::Unchanged,
                    record: existing.clone(),
                });
            }
            // Failures of the values come first, so that a caller with invalid values does not learn whether the id is
            // in use.
            data?;
            return Err(Refusal::new(
                Creating::IdTaken,
                "This id belongs to something else. Choose another, or let the server choose.",
            ));
        }
        let mut record = Record {
            object_type: object_type.clone(),
            id: id.clone(),
            data: data?,
            stored: None,
            created_at: self.cx.now,
            updated_at: self.cx.now,
            created_by: self.actor.clone(),
            updated_by: self.actor.clone(),
            deleted_at: None,
            ended: false,
            version: Version::Issued(0),
            first: 0,
            content_hash: String::new(),
            visible: true,
            changed: Vec::new(),
            numbers: Vec::new(),
        };
        self.totals(&mut record, None, at)?;
        let names: Vec<String> = record.data.keys().cloned().collect();
        self.check(&record, &names, at)?;
        self.holders
            .refuse_in_order(&record, &names)
            .map_err(Refusal::widen::<Creating>)?;
        for name in Record::counted(object_type) {
            if !record.data.contains_key(name) {
                let (place, index) = self.counters.take(object_type, name);
                record.numbers.push((name.to_owned(), place, index));
            }
        }
        if let Some(hash) = hash {
            record.content_hash = hash;
            self.fresh.push(id.clone());
        }
        let offset = self.take_version();
        record.version = Version::Issued(offset);
        record.first = offset;
        self.holders.hold(&record, &names);
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

    /// The record of this type with this id, deleted or not, if the caller sees it.
    fn find(&self, object_type: &ObjectType, id: &str) -> Result<Record, Refusal<codes::NotFound>> {
        let found = self
            .records
            .get(id)
            .filter(|record| record.visible && record.object_type.name == object_type.name);
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
        // A record that this request has changed has no version yet that a caller could state.
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
        values: Judged,
    ) -> Result<Written, Refusal<Updating>> {
        let found = self.find_live(object_type, id);
        // Failures of the values come first. They reveal nothing about the record.
        let values = values
            .of_record(
                object_type,
                found.as_ref().ok().map(|record| &*record.data),
                at,
                &self.allowance,
            )
            .map_err(Refusal::widen::<Updating>)?;
        let mut record = found?;
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
        // A stated total that is computed back to its old value is no change.
        let current = |name: &str| record.data.get(name).cloned().unwrap_or_default();
        before.retain(|name, old| current(name) != *old);
        if before.is_empty() {
            return Ok(Written {
                effect: Effect::Unchanged,
                record: self.find_live(object_type, id)?,
            });
        }
        let names: Vec<String> = before.keys().cloned().collect();
        self.check(&record, &names, at)?;
        self.holders
            .refuse_in_order(&record, &names)
            .map_err(Refusal::widen::<Updating>)?;
        self.holders.release(object_type, &record.id, &before);
        self.holders.hold(&record, &names);
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
        self.holders.release(object_type, id, &record.data);
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
        let names: Vec<String> = record.data.keys().cloned().collect();
        self.holders
            .refuse_in_order(&record, &names)
            .map_err(Refusal::widen::<Restoring>)?;
        self.holders.hold(&record, &names);
        record.deleted_at = None;
        record.ended = true;
        self.log(&mut record, "restore", JsonObject::new(), JsonObject::new());
        self.records.insert(id.to_owned(), record.clone());
        Ok(Written {
            effect: Effect::Restored,
            record,
        })
    }

    /// Computes the totals of a type with lines and returns the old ones. `settled` is the paid part of the total. If
    /// it is None, an import's stated balance determines it.
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
        let mut failures = Failures::sharing(&self.allowance);
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
                failures,
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
