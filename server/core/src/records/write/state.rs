//! The records of a write, in their state after the operations so far.

use std::{collections::HashMap, sync::Arc};

use crm_runtime::JsonObject;
use serde_json::Value as Json;

use super::values::Values;
use crate::{
    records::row::Row,
    schema::{Kind, ObjectType, value},
};

/// A record while it is written.
#[derive(Clone, Debug)]
pub struct Record {
    pub object_type: Arc<ObjectType>,
    pub id: String,
    pub data: Values,
    /// The stored record. None for a record that this write creates.
    pub stored: Option<Stored>,
    pub created_at: i64,
    pub updated_at: i64,
    pub created_by: String,
    pub updated_by: String,
    pub deleted_at: Option<i64>,
    /// Whether this write deleted or restored the record.
    pub ended: bool,
    pub version: Version,
    /// Of a record that this write creates: its first version, counted from the first version of the commit.
    pub first: i64,
    /// The content hash of a client's create.
    pub content_hash: String,
    /// Whether the caller sees the record.
    pub visible: bool,
    /// The fields that this write changed.
    pub changed: Vec<String>,
    /// The numbers that the commit gives to the record.
    pub numbers: Vec<Number>,
}

/// A number that the commit gives: the field, the counter's index in the decision, the number's index in the counter.
pub type Number = (String, usize, u32);

#[derive(Clone, Debug)]
pub struct Stored {
    pub version: i64,
    pub data: Values,
    pub is_live: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Known(i64),
    /// The offset from the commit's first sequence number.
    Issued(i64),
}

impl Record {
    pub fn read(
        object_type: Arc<ObjectType>,
        row: Row,
        content_hash: String,
        visible: bool,
    ) -> Result<Self, String> {
        let data =
            Values::read(row.data).map_err(|error| format!("the data of {}: {error}", row.id))?;
        Ok(Self {
            object_type,
            stored: Some(Stored {
                version: row.version,
                data: data.clone(),
                is_live: row.deleted_at.is_none(),
            }),
            id: row.id,
            data,
            created_at: row.created_at,
            updated_at: row.updated_at,
            created_by: row.created_by,
            updated_by: row.updated_by,
            deleted_at: row.deleted_at,
            ended: false,
            version: Version::Known(row.version),
            first: 0,
            content_hash,
            visible,
            changed: Vec::new(),
            numbers: Vec::new(),
        })
    }

    /// Sets a value; null clears it. Returns the old value if it was different.
    pub fn set(&mut self, name: &str, value: Json) -> Option<Json> {
        let current = self.data.get(name).unwrap_or(&Json::Null);
        let field = self.object_type.field(name);
        if current == &value
            || field.is_some_and(|field| value::is_written_as(field, current, &value))
        {
            return None;
        }
        let data = self.data.change();
        let before = if value.is_null() {
            data.remove(name)
        } else {
            data.insert(name.to_owned(), value)
        };
        if !self.changed.iter().any(|changed| changed == name) {
            self.changed.push(name.to_owned());
        }
        Some(before.unwrap_or_default())
    }

    /// The fields whose values come from a counter when a record is created.
    pub fn counted(object_type: &ObjectType) -> impl Iterator<Item = &str> {
        let counted = object_type
            .fields
            .values()
            .filter(|field| field.kind() == Kind::AutoNumber);
        counted.map(|field| field.name.as_str())
    }
}

/// By id.
pub type Records = HashMap<String, Record>;

/// One entry of the change log.
#[derive(Clone, Debug)]
pub struct Change {
    pub record: String,
    pub object_type: String,
    pub op: &'static str,
    pub fields: Values,
    pub before: JsonObject,
    /// The offset from the commit's first version.
    pub offset: i64,
    pub numbers: Vec<Number>,
}
