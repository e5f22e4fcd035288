//! The holders of unique values while a write is decided. Unique values are checked against the state after the whole
//! write: an operation may take a value that another record has, if a later operation gives it up. Such a claim waits
//! until all operations are done.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use crm_contract::codes;
use crm_runtime::JsonObject;

use crate::{
    records::write::{keys::Key, state::Record},
    refusal::Refusal,
    schema::{Field, ObjectType},
};

/// Type, field and value.
pub(super) type Place = (String, String, Key);

/// A value that another record keeps.
#[derive(Clone, Debug)]
pub(super) struct Conflict {
    field: String,
    /// The holder, if the caller sees it.
    holder: Option<String>,
}

/// A claim of an operation to a value that another record has.
#[derive(Clone, Debug)]
struct Claim {
    item: usize,
    record: String,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Holding {
    /// The index of the current operation.
    pub(super) item: usize,
    /// Refuse a value that another record has at once, without waiting.
    pub(super) in_order: bool,
    /// The holder of each value.
    taken: HashMap<Place, String>,
    /// Records that the caller does not see.
    hidden: HashSet<String>,
    /// Claims to values that other records have so far.
    waiting: HashMap<Place, Vec<Claim>>,
    /// The operation that took each value.
    taken_by: HashMap<Place, usize>,
    /// The values that each operation gave up, and the records that had them.
    given_up: HashMap<usize, Vec<(Place, String)>>,
}

impl Holding {
    /// Notes the stored holder of a value.
    pub(super) fn note(&mut self, place: Place, record: String, visible: bool) {
        if !visible {
            self.hidden.insert(record.clone());
        }
        // The first row counts: it is the record that is not set apart, see `records::refold`.
        self.taken.entry(place).or_insert(record);
    }

    /// The same for a record to restore: `other` has the value of this field now.
    pub(super) fn note_other(
        &mut self,
        record: &Record,
        field: &str,
        other: String,
        visible: bool,
    ) {
        if !visible {
            self.hidden.insert(other.clone());
        }
        if let Some(place) = place(record, field) {
            self.taken.insert(place, other);
        }
    }

    /// The conflict over a value of this field that the holder keeps.
    fn conflict(&self, field: String, holder: &str) -> Conflict {
        let visible = !self.hidden.contains(holder);
        Conflict {
            field,
            holder: visible.then(|| holder.to_owned()),
        }
    }

    /// The record that has the value or, if there is none, the first one that waits for it.
    pub(super) fn of(&self, place: &Place) -> Option<&str> {
        let waiting = || Some(&self.waiting.get(place)?.first()?.record);
        self.taken.get(place).or_else(waiting).map(String::as_str)
    }

    /// If values are checked in order, refuses values that another record has.
    pub(super) fn refuse_in_order(
        &self,
        record: &Record,
        names: &[String],
    ) -> Result<(), Refusal<codes::UniqueViolation>> {
        if !self.in_order {
            return Ok(());
        }
        for place in names.iter().filter_map(|name| place(record, name)) {
            if let Some(holder) = self.taken.get(&place).filter(|other| **other != record.id) {
                let conflict = self.conflict(place.1, holder);
                return Err(taken_by(Some(&record.object_type), &conflict));
            }
        }
        Ok(())
    }

    /// Gives the record these unique values, or makes it wait for those that another record has.
    pub(super) fn hold(&mut self, record: &Record, names: &[String]) {
        for place in names.iter().filter_map(|name| place(record, name)) {
            let item = self.item;
            match self.taken.get(&place) {
                Some(other) if *other != record.id => {
                    let record = record.id.clone();
                    let claims = self.waiting.entry(place).or_default();
                    claims.push(Claim { item, record });
                }
                _ => {
                    self.taken_by.insert(place.clone(), item);
                    self.taken.insert(place, record.id.clone());
                }
            }
        }
    }

    /// Takes these values from the record, and withdraws its claims to them.
    pub(super) fn release(&mut self, object_type: &ObjectType, id: &str, values: &JsonObject) {
        for (name, value) in values {
            let field = object_type.field(name);
            let Some(key) = field
                .filter(|field| field.definition.unique)
                .and_then(|field| Key::of(field, value))
            else {
                continue;
            };
            let place = (object_type.name.clone(), name.clone(), key);
            if let Some(claims) = self.waiting.get_mut(&place) {
                claims.retain(|claim| claim.record != id);
            }
            if self.taken.get(&place).is_some_and(|holder| holder == id) {
                self.taken.remove(&place);
                let given_up = self.given_up.entry(self.item).or_default();
                given_up.push((place, id.to_owned()));
            }
        }
    }

    /// Gives each free value to the first claim. The operations of all other claims are in conflict.
    pub(super) fn settle(&mut self) -> BTreeMap<usize, Conflict> {
        let waiting = std::mem::take(&mut self.waiting);
        let mut claims: Vec<(Claim, Place)> = waiting
            .into_iter()
            .flat_map(|(place, claims)| claims.into_iter().map(move |claim| (claim, place.clone())))
            .collect();
        claims.sort_by_key(|(claim, _)| claim.item);
        let mut conflicts = BTreeMap::new();
        for (claim, place) in claims {
            match self.taken.get(&place) {
                Some(holder) if *holder != claim.record => {
                    let conflict = self.conflict(place.1, holder);
                    conflicts.entry(claim.item).or_insert(conflict);
                }
                _ => {
                    self.taken_by.insert(place.clone(), claim.item);
                    self.taken.insert(place, claim.record);
                }
            }
        }
        conflicts
    }

    /// Adds the operations that took a value which a refused operation would have given up.
    pub(super) fn with_dependents(
        &self,
        mut conflicts: BTreeMap<usize, Conflict>,
    ) -> BTreeMap<usize, Conflict> {
        let mut next: Vec<usize> = conflicts.keys().copied().collect();
        while let Some(item) = next.pop() {
            for (place, record) in self.given_up.get(&item).into_iter().flatten() {
                if let Some(taker) = self.taken_by.get(place).copied()
                    && !conflicts.contains_key(&taker)
                    && taker != item
                {
                    let conflict = self.conflict(place.1.clone(), record);
                    conflicts.insert(taker, conflict);
                    next.push(taker);
                }
            }
        }
        conflicts
    }
}

/// The type, field and value of a record's unique field.
fn place(record: &Record, name: &str) -> Option<Place> {
    let object_type = &record.object_type;
    let field = object_type
        .field(name)
        .filter(|field| field.definition.unique)?;
    let key = Key::of(field, record.data.get(name)?)?;
    Some((object_type.name.clone(), name.to_owned(), key))
}

pub(super) fn taken_by(
    object_type: Option<&ObjectType>,
    conflict: &Conflict,
) -> Refusal<codes::UniqueViolation> {
    let field: Option<&Arc<Field>> =
        object_type.and_then(|object_type| object_type.field(&conflict.field));
    let label = field.map_or(conflict.field.as_str(), |field| {
        field.definition.label.as_str()
    });
    let refusal = Refusal::new(
        codes::UniqueViolation,
        format!("{label} has to be unique, and another record has this value."),
    )
    .with("field", conflict.field.as_str());
    match &conflict.holder {
        Some(holder) => refusal.with("existing", holder.as_str()),
        None => refusal,
    }
}
