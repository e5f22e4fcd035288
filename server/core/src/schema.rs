//! The tenant's object types and fields: built-in definitions from the contract, and what the tenant added.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crm_contract::codes;
use crm_runtime::JsonObject;

use crate::{
    ports::store::{Rows, Value},
    refusal::Refusal,
};

pub mod api;
pub mod built_in;
pub mod change;
pub mod check;
pub mod currency;
mod editing;
pub mod field;
pub mod handlers;
pub mod index;
pub mod json_schema;
pub mod names;
pub mod pattern;
pub mod refusals;
pub mod slots;
pub mod value;
pub mod words;

pub use built_in::{INDEXES, index_changes, index_statements, indexes_mark};
pub use field::{Choice, Definition, Field, Kind, Order};

use refusals::CreatingField;

/// What a tenant can have at most.
pub const MOST_TYPES: usize = 200;
pub const MOST_FIELDS: usize = 200;
/// Bytes of all definitions of a tenant, those of deleted types and fields included: they are read as a whole.
pub const MOST_DEFINITION_BYTES: usize = 8 << 20;
/// Every index is looked at with every write, so their number is bounded for the tenant as a whole.
pub const MOST_OWN_INDEXES: usize = 300;

/// The rows that [`Schema::load`] reads.
pub const TYPES: &str = "SELECT name, version, definition, created_at, updated_at FROM object_types WHERE deleted_at IS NULL";
pub const FIELDS: &str = "SELECT type, name, version, definition, deleted_at, updated_at, slot FROM fields ORDER BY rowid";

/// What is said of a type itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TypeDefinition {
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plural_label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Field names; each list is an index over them in this order.
    #[serde(default)]
    pub indexes: Vec<Vec<String>>,
}

/// A type of records.
#[derive(Clone, Debug)]
pub struct ObjectType {
    pub name: String,
    pub label: String,
    pub plural_label: String,
    pub description: Option<String>,
    pub built_in: bool,
    /// In the order in which they were made.
    pub fields: IndexMap<String, Arc<Field>>,
    pub indexes: Vec<Vec<String>>,
    /// Fields that were deleted: their data is kept and shown to nobody.
    pub hidden: BTreeSet<String>,
    /// 0 while a built-in type is as it came.
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

impl ObjectType {
    pub fn field(&self, name: &str) -> Option<&Arc<Field>> {
        self.fields.get(name)
    }

    pub fn definition(&self) -> TypeDefinition {
        TypeDefinition {
            label: self.label.clone(),
            plural_label: Some(self.plural_label.clone()),
            description: self.description.clone(),
            indexes: self.indexes.clone(),
        }
    }

    fn apply(&mut self, definition: TypeDefinition) {
        self.plural_label = definition
            .plural_label
            .unwrap_or_else(|| definition.label.clone());
        self.label = definition.label;
        self.description = definition.description;
        self.indexes = definition.indexes;
    }
}

/// All definitions of a tenant, as of one revision.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    types: BTreeMap<String, Arc<ObjectType>>,
    /// What the tenant's own definitions take in the database.
    bytes: usize,
    /// How many rows they are.
    rows: usize,
}

impl Schema {
    /// Bytes of the tenant's own definitions, as they are stored.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// About what the tenant's own definitions take in memory, in bytes.
    pub fn held(&self) -> usize {
        self.rows * 1_500 + self.bytes * 3
    }

    /// The same definitions with one field more, as if it had been made: for judging what is to come.
    pub fn with_field(
        &mut self,
        object_type: &str,
        written: &JsonObject,
    ) -> Result<(), Refusal<CreatingField>> {
        let known = self.find(object_type)?.clone();
        let (field, _) = change::create_field(self, &known, written.clone(), 0)
            .map_err(Refusal::widen::<CreatingField>)?;
        if let Some(object_type) = self.types.get_mut(object_type) {
            let fields = &mut Arc::make_mut(object_type).fields;
            fields.insert(field.name.clone(), field);
        }
        Ok(())
    }

    /// `types`: name, version, definition, created_at, updated_at. `fields`: type, name, version, definition, deleted_at,
    /// updated_at, slot, in the order in which they were made.
    pub fn load(types: Rows, fields: Rows) -> Result<Self, String> {
        Self::over(built_in::types()?, types, fields)
    }

    /// What a tenant's rows make of the built-in types.
    pub fn over(built_in: &[Arc<ObjectType>], types: Rows, fields: Rows) -> Result<Self, String> {
        let mut schema = Self {
            types: built_in
                .iter()
                .map(|object_type| (object_type.name.clone(), object_type.clone()))
                .collect(),
            bytes: 0,
            rows: types.len() + fields.len(),
        };
        for row in types {
            let [
                Value::Text(name),
                Value::Integer(version),
                Value::Text(definition),
                Value::Integer(created_at),
                Value::Integer(updated_at),
            ] = row.as_slice()
            else {
                return Err("a row of object_types has another shape".into());
            };
            schema.bytes += definition.len();
            let definition: TypeDefinition = serde_json::from_str(definition)
                .map_err(|error| format!("the definition of {name}: {error}"))?;
            let object_type = schema.types.entry(name.clone()).or_insert_with(|| {
                Arc::new(ObjectType {
                    name: name.clone(),
                    label: String::new(),
                    plural_label: String::new(),
                    description: None,
                    built_in: false,
                    fields: IndexMap::new(),
                    indexes: Vec::new(),
                    hidden: BTreeSet::new(),
                    version: 0,
                    created_at: *created_at,
                    updated_at: 0,
                })
            });
            let object_type = Arc::make_mut(object_type);
            object_type.apply(definition);
            object_type.version = *version;
            object_type.updated_at = *updated_at;
        }
        for row in fields {
            let [
                Value::Text(type_name),
                Value::Text(name),
                Value::Integer(version),
                Value::Text(definition),
                deleted_at,
                Value::Integer(updated_at),
                slot,
            ] = row.as_slice()
            else {
                return Err("a row of fields has another shape".into());
            };
            schema.bytes += definition.len();
            // Fields of a deleted type stay in the table and are nobody's.
            let Some(object_type) = schema.types.get_mut(type_name) else {
                continue;
            };
            let object_type = Arc::make_mut(object_type);
            object_type.version = object_type.version.max(*version);
            object_type.updated_at = object_type.updated_at.max(*updated_at);
            if deleted_at.as_i64().is_some() {
                object_type.hidden.insert(name.clone());
                continue;
            }
            let definition: Definition = serde_json::from_str(definition)
                .map_err(|error| format!("the definition of {type_name}.{name}: {error}"))?;
            let stock = object_type.fields.get(name);
            let built_in = stock.is_some_and(|field| field.built_in);
            let slot = slot
                .as_i64()
                .and_then(|slot| u8::try_from(slot).ok())
                .or_else(|| stock?.slot);
            let field = Field::new(name, definition, built_in).in_slot(slot);
            object_type.fields.insert(name.clone(), Arc::new(field));
        }
        // An index goes with the first of its fields that is deleted.
        for object_type in schema.types.values_mut() {
            let gone = |fields: &Vec<String>| {
                fields
                    .iter()
                    .any(|name| !object_type.fields.contains_key(name))
            };
            if object_type.indexes.iter().any(gone) {
                let object_type = Arc::make_mut(object_type);
                let fields = &object_type.fields;
                object_type
                    .indexes
                    .retain(|names| names.iter().all(|name| fields.contains_key(name)));
            }
        }
        Ok(schema)
    }

    pub fn get(&self, name: &str) -> Option<&Arc<ObjectType>> {
        self.types.get(name)
    }

    /// The type, or the refusal of a request that names one that is not there.
    pub fn find(&self, name: &str) -> Result<&Arc<ObjectType>, Refusal<codes::NotFound>> {
        self.get(name).ok_or_else(|| {
            Refusal::new(codes::NotFound, format!("There is no object type {name}."))
        })
    }

    /// By name.
    pub fn types(&self) -> impl Iterator<Item = &Arc<ObjectType>> {
        self.types.values()
    }

    /// The relations that point to a type, as `type.field`.
    pub fn relations_to(&self, target: &str) -> Vec<String> {
        let of_type = |object_type: &Arc<ObjectType>| {
            let fields = object_type.fields.values();
            let pointing =
                fields.filter(|field| field.definition.target.as_deref() == Some(target));
            pointing
                .map(|field| format!("{}.{}", object_type.name, field.name))
                .collect::<Vec<_>>()
        };
        self.types()
            .filter(|object_type| object_type.name != target)
            .flat_map(of_type)
            .collect()
    }
}

#[cfg(test)]
mod tests;
