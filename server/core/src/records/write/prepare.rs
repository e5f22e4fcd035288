//! What is known of the items before anything is read: their normalised values or failures, and the rows that the
//! decision needs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crm_contract::codes;
use crm_runtime::JsonObject;
use serde_json::Value as Json;

use super::{
    Authority, Item, Op,
    judge::{Judged, complete, judge},
    keys::{Key, among_ids, by_keys, holders},
    values::Values,
};
use crate::{
    access::visibility::{Of, Visible},
    allowance::Allowance,
    etag::Expected,
    ports::store::{Bound, Rows, Statement, admission::BATCH_BYTES, bound::Past},
    records::{
        list,
        refusals::{Creating, Deleting, ItemCode, Restoring, Updating},
        sql::Sql,
    },
    refusal::Refusal,
    schema::{Field, Kind, ObjectType},
    work::{Reads, Scope, Wanted},
};

/// The records that one request changes are read and answered whole, so their total size is bounded like a commit.
pub const WRITTEN: Bound = Bound {
    bytes: BATCH_BYTES,
    columns: &["data"],
    past: Past::Refused,
};

/// All items, checked once for all tries of a request, and the rows that they need.
pub struct Prepared {
    /// The schema revision of the definitions that were used.
    pub schema_rev: i64,
    pub allowance: Allowance,
    pub items: Vec<Result<Ready, Refusal<ItemCode>>>,
    /// The ids of the records to write.
    records: BTreeSet<String>,
    /// The ids of the records that relations point to.
    pub relations: BTreeSet<String>,
    pub users: BTreeSet<String>,
    /// The unique values to write: by type and field, without duplicates.
    pub unique: BTreeMap<(String, String), (Arc<Field>, BTreeSet<Key>)>,
    /// The keys that upserts look for.
    pub upserts: BTreeMap<(String, String), (Arc<Field>, BTreeSet<Key>)>,
    /// The records to restore, by type. Other records may have their unique values by now.
    pub restores: BTreeMap<String, (Arc<ObjectType>, BTreeSet<String>)>,
}

/// An item whose values are checked as far as possible without its record.
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
        /// A failure counts only if this is not a repeat of an earlier create.
        data: Result<Values, Refusal<Creating>>,
    },
    /// Null clears a field.
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

/// An item, and the definitions and bounds to check it by.
struct Judging<'a> {
    scope: &'a Scope,
    authority: Authority,
    item: &'a Item,
    allowance: &'a Allowance,
}

impl<'a> Judging<'a> {
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
        let asked = Judging {
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
        asked: &Judging<'_>,
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
        asked: &Judging<'_>,
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
        asked: &Judging<'_>,
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

    fn restore(&mut self, asked: &Judging<'_>, id: &str) -> Result<Ready, Refusal<Restoring>> {
        let object_type = asked.object_type()?;
        self.records.insert(id.to_owned());
        let restores = self
            .restores
            .entry(object_type.name.clone())
            .or_insert_with(|| (object_type.clone(), BTreeSet::new()));
        restores.1.insert(id.to_owned());
        Ok(asked.ready(object_type, Act::Restore { id: id.to_owned() }))
    }

    /// A refusal has the codes of the create that the upsert may become.
    fn upsert(
        &mut self,
        asked: &Judging<'_>,
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

    /// Notes the targets of relations and the unique values.
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

    /// The statements to read. Their number depends only on types and fields.
    pub fn reads(&self, visible: &Visible) -> (Reads, Asked) {
        let mut reads = Reads::default();
        let asked = Asked {
            records: (!self.records.is_empty()).then(|| reads.add(self.read_records(visible))),
            relations: (!self.relations.is_empty()).then(|| {
                let mut sql = Sql::new("SELECT id, type FROM records WHERE records.id");
                among_ids(&mut sql, &self.relations);
                sql.push(" AND records.deleted_at IS NULL");
                visible.restrict(&mut sql, Of::Any, "records");
                reads.add(sql.statement())
            }),
            users: (!self.users.is_empty()).then(|| {
                let mut sql = Sql::new("SELECT id FROM users WHERE id");
                among_ids(&mut sql, &self.users);
                sql.push(" AND status = 'active'");
                reads.add(sql.statement())
            }),
            unique: (self.unique.iter())
                .map(|((type_name, _), (field, keys))| {
                    let at = reads.add(holders(visible, type_name, field, keys));
                    (type_name.clone(), field.clone(), at)
                })
                .collect(),
            upserts: (self.upserts.iter())
                .map(|((type_name, _), (field, keys))| {
                    let mut sql = columns(visible);
                    sql.push(&format!(", {}", field.sql.raw));
                    let found = by_keys(sql, type_name, field, keys).bounded(WRITTEN);
                    (type_name.clone(), field.clone(), reads.add(found))
                })
                .collect(),
            restores: (self.restores.values())
                .flat_map(|(object_type, ids)| {
                    let fields = object_type.fields.values();
                    let unique = fields.filter(|field| field.definition.unique);
                    unique.map(move |field| (object_type, ids, field))
                })
                .map(|(object_type, ids, field)| {
                    let others = others(visible, object_type, ids, field);
                    (field.name.clone(), reads.add(others))
                })
                .collect(),
        };
        (reads, asked)
    }

    fn read_records(&self, visible: &Visible) -> Statement {
        let mut sql = columns(visible);
        sql.push(" FROM records WHERE records.id");
        among_ids(&mut sql, &self.records);
        sql.statement().bounded(WRITTEN)
    }

    /// Whether an item may take a unique value or get one back.
    pub fn holds_unique_values(&self) -> bool {
        !self.unique.is_empty() || !self.restores.is_empty()
    }
}

/// Handles to the rows for the decision.
pub struct Asked {
    /// In the columns of [`columns`].
    pub records: Option<Wanted<Rows>>,
    /// Id and type.
    pub relations: Option<Wanted<Rows>>,
    /// Id.
    pub users: Option<Wanted<Rows>>,
    /// By type and field: id, value, and whether the caller sees the record.
    pub unique: Vec<(String, Arc<Field>, Wanted<Rows>)>,
    /// By type and field: the columns of [`columns`], and the value.
    pub upserts: Vec<(String, Arc<Field>, Wanted<Rows>)>,
    /// By field: the id of the record to restore, the id of the one that has its value, and whether the caller sees that.
    pub restores: Vec<(String, Wanted<Rows>)>,
}

/// Begins a SELECT of whole records: their columns, content hash, and whether the caller sees them.
fn columns(visible: &Visible) -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(list::COLUMNS).push(", records.content_hash, ");
    visible.tell(&mut sql, "records");
    sql
}

/// The records that now have the unique value of a field of these deleted records.
fn others(
    visible: &Visible,
    object_type: &ObjectType,
    ids: &BTreeSet<String>,
    field: &Field,
) -> Statement {
    let equal = |expression: &str| {
        let of = |table| crate::schema::index::Expressions::of(table, expression);
        format!("{} = {}", of("o"), of("r"))
    };
    // The index begins with `plain`. If the field does not distinguish accents, `unique` is the same expression.
    let mut on = equal(&field.sql.plain);
    if field.sql.unique != field.sql.plain {
        on.push_str(&format!(" AND {}", equal(&field.sql.unique)));
    }
    let mut sql = Sql::new("SELECT r.id, o.id AS other, ");
    visible.tell(&mut sql, "o");
    sql.push(&format!(
        " FROM records r JOIN records o ON {on} WHERE o.type = '{}' AND o.deleted_at IS NULL AND o.id <> r.id AND r.id",
        object_type.name
    ));
    among_ids(&mut sql, ids);
    sql.statement()
}

/// The hash that identifies a repeated create: of the type and the fields as sent.
fn content_hash(object_type: &str, fields: &JsonObject) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    hash.update(object_type.as_bytes());
    hash.update([0]);
    // Objects are printed with sorted properties, so the order in the request does not matter.
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
