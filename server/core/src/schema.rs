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

/// Upper bound of the object types of a tenant.
pub const MOST_TYPES: usize = 200;
pub const MOST_FIELDS: usize = 200;
/// Upper bound of all definitions of a tenant in bytes, including deleted types and fields. They are read as a whole.
pub const MOST_DEFINITION_BYTES: usize = 8 << 20;
/// Every write checks every index, so the number of a tenant's own indexes is bounded.
pub const MOST_OWN_INDEXES: usize = 300;

/// The rows that [`Schema::load`] reads.
pub const TYPES: &str = "SELECT name, version, definition, created_at, updated_at FROM object_types WHERE deleted_at IS NULL";
pub const FIELDS: &str = "SELECT type, name, version, definition, deleted_at, updated_at, slot FROM fields ORDER BY rowid";

/// The properties of an object type without its fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TypeDefinition {
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plural_label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Lists of field names. Each list defines an index over these fields in this order.
    #[serde(default)]
    pub indexes: Vec<Vec<String>>,
}

/// An object type.
#[derive(Clone, Debug)]
pub struct ObjectType {
    pub name: String,
    pub label: String,
    pub plural_label: String,
    pub description: Option<String>,
    pub built_in: bool,
    /// In the order of creation.
    pub fields: IndexMap<String, Arc<Field>>,
    pub indexes: Vec<Vec<String>>,
    /// Deleted fields: their data is kept, but no answer shows it.
    pub hidden: BTreeSet<String>,
    /// 0 for a built-in type that the tenant has not changed.
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

/// All definitions of a tenant at one revision.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    types: BTreeMap<String, Arc<ObjectType>>,
    /// The size of the tenant's own definitions in the database, in bytes.
    bytes: usize,
    /// The number of rows of these definitions.
    rows: usize,
}

impl Schema {
    /// The size of the tenant's own definitions as stored, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The approximate size of the tenant's own definitions in memory, in bytes.
    pub fn held(&self) -> usize {
        self.rows * 1_500 + self.bytes * 3
    }

    /// The same definitions with one more field, as if it existed, to check future data.
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

    /// `types`: name, version, definition, created_at, updated_at. `fields`: type, name, version, definition,
    /// deleted_at, updated_at, slot, in the order of creation.
    pub fn load(types: Rows, fields: Rows) -> Result<Self, String> {
        Self::over(built_in::types()?, types, fields)
    }

    /// The built-in types with a tenant's rows applied.
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
            // Fields of a deleted type stay in the table and are ignored.
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
        // An index is dropped when the first of its fields is deleted.
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

    /// The type with this name, or a refusal if it does not exist.
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
