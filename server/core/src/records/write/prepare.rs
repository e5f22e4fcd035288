//! What can be said of the items before anything is read: their values in normal form or what is wrong with them, and
//! which rows the decision needs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crm_contract::codes;
use crm_runtime::JsonObject;
use serde_json::Value as Json;

use super::{
    Authority, Expected, Item, Op,
    judge::{Judged, complete, judge},
    keys::{Key, by_ids, by_keys, holders},
    values::Values,
};
use crate::{
    ports::store::{Bound, Statement, admission::BATCH_BYTES, bound::Past},
    records::{
        list,
        refusals::{Creating, Deleting, ItemCode, Restoring, Updating},
    },
    refusal::Refusal,
    schema::{Field, Kind, ObjectType, allowance::Allowance},
    work::Scope,
};

/// The records that one request changes are read whole and answered whole: together they may weigh what it may write.
pub const WRITTEN: Bound = Bound {
    bytes: BATCH_BYTES,
    columns: &["data"],
    past: Past::Refused,
};

/// All items, judged once for all tries of a request, and what they need.
pub struct Prepared {
    /// What the items were judged by.
    pub schema_rev: i64,
    pub allowance: Allowance,
    pub items: Vec<Result<Ready, Refusal<ItemCode>>>,
    /// Records that are written, by id.
    records: BTreeSet<String>,
    /// Records that relations point to.
    pub relations: BTreeSet<String>,
    pub users: BTreeSet<String>,
    /// Unique values that are written: by type and field, each key once.
    pub unique: BTreeMap<(String, String), (Arc<Field>, BTreeSet<Key>)>,
    /// Keys that an upsert looks for.
    pub upserts: BTreeMap<(String, String), (Arc<Field>, BTreeSet<Key>)>,
    /// Records to restore, by type: their unique values may be taken by now.
    pub restores: BTreeMap<String, (Arc<ObjectType>, BTreeSet<String>)>,
}

/// An item whose values are judged as far as that goes without its record.
#[derive(Clone)]
pub struct Ready {
    pub object_type: Arc<ObjectType>,
    pub at: String,
    pub act: Act,
}

#[derive(Clone)]
pub enum Act {
    Create {
        id: String,
        hash: Option<String>,
        /// Refused unless the same create was done before.
        data: Result<Values, Refusal<Creating>>,
    },
    /// Null clears.
    Update {
        id: String,
        expected: Expected,
        values: Judged,
    },
    Delete {
        id: String,
        expected: Expected,
    },
    Restore {
        id: String,
    },
    Upsert {
        id: String,
        field: Arc<Field>,
        key: Key,
        values: Judged,
    },
}

/// An item, and what it is judged by.
struct Asked<'a> {
    scope: &'a Scope,
    authority: Authority,
    item: &'a Item,
    allowance: &'a Allowance,
}

impl<'a> Asked<'a> {
    fn object_type(&self) -> Result<&'a Arc<ObjectType>, Refusal<codes::NotFound>> {
        self.scope.state.schema.find(&self.item.object_type)
    }

    fn values(&self, object_type: &ObjectType, fields: &JsonObject) -> Judged {
        judge(
            object_type,
            self.authority,
            fields,
            &self.item.at,
            self.allowance,
        )
    }

    fn ready(&self, object_type: &Arc<ObjectType>, act: Act) -> Ready {
        Ready {
            object_type: object_type.clone(),
            at: self.item.at.clone(),
            act,
        }
    }
}

impl Prepared {
    pub fn new(scope: &Scope, authority: Authority, items: &[Item]) -> Self {
        let allowance = Allowance::of(&scope.caller.tenant);
        let mut prepared = Self {
            schema_rev: scope.state.schema_rev,
            allowance: allowance.clone(),
            items: Vec::with_capacity(items.len()),
            records: BTreeSet::new(),
            relations: BTreeSet::new(),
            users: BTreeSet::new(),
            unique: BTreeMap::new(),
            upserts: BTreeMap::new(),
            restores: BTreeMap::new(),
        };
        for item in items {
            let ready = prepared.item(scope, authority, item, &allowance);
            prepared.items.push(ready);
        }
        prepared
    }

    fn item(
        &mut self,
        scope: &Scope,
        authority: Authority,
        item: &Item,
        allowance: &Allowance,
    ) -> Result<Ready, Refusal<ItemCode>> {
        let asked = Asked {
            scope,
            authority,
            item,
            allowance,
        };
        Ok(match &item.op {
            Op::Create { id, minted, fields } => self.create(&asked, id, *minted, fields)?,
            Op::Update {
                id,
                expected,
                fields,
            } => self.update(&asked, id, expected, fields)?,
            Op::Delete { id, expected } => self.delete(&asked, id, expected)?,
            Op::Restore { id } => self.restore(&asked, id)?,
            Op::Upsert { id, key, fields } => self.upsert(&asked, id, key, fields)?,
        })
    }

    fn create(
        &mut self,
        asked: &Asked<'_>,
        id: &str,
        minted: bool,
        fields: &JsonObject,
    ) -> Result<Ready, Refusal<Creating>> {
        let object_type = asked.object_type()?;
        let hash = (!minted).then(|| content_hash(&asked.item.object_type, fields));
        let at = &asked.item.at;
        let data = asked
            .values(object_type, fields)
            .of_new(object_type, at, asked.allowance)
            .map_err(Refusal::widen::<Creating>)
            .and_then(|values| Ok(complete(object_type, values, at, asked.allowance)?))
            .map(Values::from);
        if !minted {
            self.records.insert(id.to_owned());
        }
        if let Ok(data) = &data {
            self.need(object_type, data);
        }
        Ok(asked.ready(
            object_type,
            Act::Create {
                id: id.to_owned(),
                hash,
                data,
            },
        ))
    }

    fn update(
        &mut self,
        asked: &Asked<'_>,
        id: &str,
        expected: &Expected,
        fields: &JsonObject,
    ) -> Result<Ready, Refusal<Updating>> {
        let object_type = asked.object_type()?;
        self.records.insert(id.to_owned());
        let values = asked.values(object_type, fields);
        self.need(object_type, values.values());
        Ok(asked.ready(
            object_type,
            Act::Update {
                id: id.to_owned(),
                expected: expected.clone(),
                values,
            },
        ))
    }

    fn delete(
        &mut self,
        asked: &Asked<'_>,
        id: &str,
        expected: &Expected,
    ) -> Result<Ready, Refusal<Deleting>> {
        let object_type = asked.object_type()?;
        self.records.insert(id.to_owned());
        Ok(asked.ready(
            object_type,
            Act::Delete {
                id: id.to_owned(),
                expected: expected.clone(),
            },
        ))
    }

    fn restore(&mut self, asked: &Asked<'_>, id: &str) -> Result<Ready, Refusal<Restoring>> {
        let object_type = asked.object_type()?;
        self.records.insert(id.to_owned());
        let restores = self
            .restores
            .entry(object_type.name.clone())
            .or_insert_with(|| (object_type.clone(), BTreeSet::new()));
        restores.1.insert(id.to_owned());
        Ok(asked.ready(object_type, Act::Restore { id: id.to_owned() }))
    }

    /// Refused like the create that it may come to.
    fn upsert(
        &mut self,
        asked: &Asked<'_>,
        id: &str,
        key: &str,
        fields: &JsonObject,
    ) -> Result<Ready, Refusal<Creating>> {
        let object_type = asked.object_type()?;
        let field = object_type
            .field(key)
            .filter(|field| field.definition.unique)
            .cloned();
        let Some(field) = field else {
            return Err(Refusal::new(
                Creating::FieldInvalid,
                format!(
                    "{key} is no unique field of {}: records cannot be matched by it.",
                    object_type.name
                ),
            ));
        };
        let values = asked.values(object_type, fields);
        let Some(found) = values.value(key).and_then(|value| Key::of(&field, value)) else {
            values
                .of_new(object_type, &asked.item.at, asked.allowance)
                .map_err(Refusal::widen::<Creating>)?;
            return Err(Refusal::new(
                Creating::FieldInvalid,
                format!("The record has no {key} to be matched by."),
            ));
        };
        self.need(object_type, values.values());
        let upserts = self
            .upserts
            .entry((object_type.name.clone(), key.to_owned()))
            .or_insert_with(|| (field.clone(), BTreeSet::new()));
        upserts.1.insert(found.clone());
        Ok(asked.ready(
            object_type,
            Act::Upsert {
                id: id.to_owned(),
                field,
                key: found,
                values,
            },
        ))
    }

    /// Notes what the values point to and where they have to be unique.
    fn need(&mut self, object_type: &Arc<ObjectType>, values: &JsonObject) {
        for (name, value) in values {
            let Some(field) = object_type.field(name) else {
                continue;
            };
            match (field.kind(), value) {
                (Kind::Relation, Json::String(id)) => {
                    self.relations.insert(id.clone());
                }
                (Kind::RelationList, Json::Array(ids)) => self
                    .relations
                    .extend(ids.iter().filter_map(Json::as_str).map(str::to_owned)),
                (Kind::User, Json::String(id)) => {
                    self.users.insert(id.clone());
                }
                (Kind::Lines, Json::Array(lines)) => {
                    let ids = lines
                        .iter()
                        .flat_map(|line| ["price_item", "tax_rate"].map(|name| line.get(name)));
                    self.relations
                        .extend(ids.flatten().filter_map(Json::as_str).map(str::to_owned));
                }
                _ => {}
            }
            if field.definition.unique
                && let Some(key) = Key::of(field, value)
            {
                let keys = self
                    .unique
                    .entry((object_type.name.clone(), name.clone()))
                    .or_insert_with(|| (field.clone(), BTreeSet::new()));
                keys.1.insert(key);
            }
        }
    }

    /// What to read, in the order in which `decide` takes the rows. The number depends on types and fields only.
    pub fn statements(&self) -> Vec<Statement> {
        let mut statements = Vec::new();
        if !self.records.is_empty() {
            let found = by_ids(
                &format!(
                    "SELECT {}, records.content_hash FROM records WHERE records.id",
                    list::COLUMNS
                ),
                &self.records,
                "",
            );
            statements.push(found.bounded(WRITTEN));
        }
        if !self.relations.is_empty() {
            statements.push(by_ids(
                "SELECT id, type FROM records WHERE id",
                &self.relations,
                " AND deleted_at IS NULL",
            ));
        }
        if !self.users.is_empty() {
            statements.push(by_ids(
                "SELECT id FROM users WHERE id",
                &self.users,
                " AND status = 'active'",
            ));
        }
        for ((type_name, _), (field, keys)) in &self.unique {
            statements.push(holders(type_name, field, keys));
        }
        for ((type_name, _), (field, keys)) in &self.upserts {
            let select = format!(
                "SELECT {}, records.content_hash, {}",
                list::COLUMNS,
                field.sql.raw
            );
            statements.push(by_keys(&select, type_name, field, keys).bounded(WRITTEN));
        }
        for (object_type, ids) in self.restores.values() {
            for field in object_type
                .fields
                .values()
                .filter(|field| field.definition.unique)
            {
                let equal = |expression: &str| {
                    let of = |table| crate::schema::index::Expressions::of(table, expression);
                    format!("{} = {}", of("o"), of("r"))
                };
                // The index is over the first; they are one where no accents are to be told apart.
                let mut on = equal(&field.sql.plain);
                if field.sql.unique != field.sql.plain {
                    on.push_str(&format!(" AND {}", equal(&field.sql.unique)));
                }
                let select = format!(
                    "SELECT r.id, o.id AS other FROM records r JOIN records o ON {on} WHERE o.type = '{}' AND o.deleted_at IS NULL AND o.id <> r.id AND r.id",
                    object_type.name
                );
                statements.push(by_ids(&select, ids, ""));
            }
        }
        statements
    }

    /// Whether any of it takes or may get back a unique value.
    pub fn holds_unique_values(&self) -> bool {
        !self.unique.is_empty() || !self.restores.is_empty()
    }

    pub fn reads_records(&self) -> bool {
        !self.records.is_empty()
    }
}

/// The hash by which a repeated create is known: of the type and the fields as they were sent.
fn content_hash(object_type: &str, fields: &JsonObject) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    hash.update(object_type.as_bytes());
    hash.update([0]);
    // Objects print their properties in one order, whatever the order in which they came.
    hash.update(canonical(fields).to_string().as_bytes());
    crate::hex::encode(&hash.finalize())
}

fn canonical(object: &JsonObject) -> Json {
    fn sorted(value: &Json) -> Json {
        match value {
            Json::Object(object) => canonical(object),
            Json::Array(list) => Json::Array(list.iter().map(sorted).collect()),
            other => other.clone(),
        }
    }
    let ordered: BTreeMap<&String, Json> = object
        .iter()
        .map(|(name, value)| (name, sorted(value)))
        .collect();
    Json::Object(
        ordered
            .into_iter()
            .map(|(name, value)| (name.clone(), value))
            .collect(),
    )
}
