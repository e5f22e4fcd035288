//! Changes of definitions: the resulting schema, and the statements that store it. Each change takes one sequence
//! number and raises the schema's revision, so that cached definitions are read again. This file has what changes of
//! types and fields share.

use std::sync::Arc;

use crm_contract::codes;
use serde_json::json;

use super::{Field, MOST_DEFINITION_BYTES, ObjectType, Schema};
use crate::{
    failure::Failures,
    fault::Fault,
    ports::store::Statement,
    refusal::Refusal,
    work::{Entry, Kind},
};

mod fields;
mod types;
mod words;

pub use fields::{changed_field, create_field, delete_field, update_field};
pub use types::{Change, TypeUpdate, create_type, delete_type, update_type};
pub use words::{MOST_REINDEXED, records_with, reindex};

const SCHEMA_MOVED: &str = "UPDATE meta SET schema_rev = schema_rev + 1";

/// The change log entry for a type: created if `before` is None, deleted if `after` is None, changed otherwise.
pub fn of_type(before: Option<&ObjectType>, after: Option<&ObjectType>) -> Result<Entry, Fault> {
    let name = before.or(after).map_or("", |either| &either.name);
    let side = |object_type: Option<&ObjectType>| {
        object_type.map(|object_type| {
            let names: Vec<&String> = object_type.fields.keys().collect();
            json!({"definition": object_type.definition(), "fields": names})
        })
    };
    Entry::change(
        Kind::ObjectType,
        name,
        op(before.is_some(), after.is_some()),
        &side(before),
        &side(after),
    )
}

/// The same for a field. Its id is the name of its type, a dot, and its name.
pub fn of_field(
    object_type: &str,
    before: Option<&Field>,
    after: Option<&Field>,
) -> Result<Entry, Fault> {
    let name = before.or(after).map_or("", |either| &either.name);
    let side = |field: Option<&Field>| field.map(|field| field.definition.clone());
    Entry::change(
        Kind::Field,
        format!("{object_type}.{name}"),
        op(before.is_some(), after.is_some()),
        &side(before),
        &side(after),
    )
}

const fn op(was: bool, is: bool) -> &'static str {
    match (was, is) {
        (false, _) => "create",
        (true, true) => "update",
        (true, false) => "delete",
    }
}

pub fn invalid(failures: Failures) -> Refusal<codes::DefinitionInvalid> {
    Refusal::failures(
        codes::DefinitionInvalid,
        "The definition cannot be used",
        failures,
    )
}

fn limit(name: &str, maximum: usize) -> Refusal<codes::LimitExceeded> {
    Refusal::new(
        codes::LimitExceeded,
        format!("There are as many as there can be: {maximum}. Delete what is not needed."),
    )
    .with("limit", name)
    .with("maximum", maximum)
}

/// Refused if the definitions grow by `more` bytes beyond a tenant's bound; otherwise Ok.
fn fits(schema: &Schema, more: usize) -> Result<(), Refusal<codes::LimitExceeded>> {
    if schema.bytes() + more > MOST_DEFINITION_BYTES {
        return Err(limit("definition_bytes", MOST_DEFINITION_BYTES));
    }
    Ok(())
}

fn no_room(at: &str) -> Refusal<codes::DefinitionInvalid> {
    let mut failures = Failures::default();
    failures.add(
        at.to_owned(),
        "max_length",
        format!(
            "All definitions of a tenant together take at most {MOST_DEFINITION_BYTES} bytes. Shorten helps, options and defaults."
        ),
    );
    invalid(failures)
}

fn name_reserved(name: &str) -> Refusal<codes::NameTaken> {
    Refusal::new(
        codes::NameTaken,
        format!("The name {name} is reserved: the program itself calls something else so. Choose another."),
    )
    .with("name", name)
}

fn name_taken(name: &str) -> Refusal<codes::NameTaken> {
    Refusal::new(
        codes::NameTaken,
        format!("The name {name} is in use, reserved, or kept for deleted data. Choose another."),
    )
    .with("name", name)
}

fn ddl(statements: impl IntoIterator<Item = String>) -> impl Iterator<Item = Statement> {
    statements.into_iter().map(|sql| Statement::new(sql, []))
}

fn own_indexes(schema: &Schema) -> usize {
    let of_type = |object_type: &Arc<ObjectType>| {
        let fields = object_type.fields.values().filter(|field| !field.built_in);
        let single: usize = fields
            .map(|field| {
                usize::from(field.definition.indexed) + usize::from(field.definition.unique)
            })
            .sum();
        single
            + if object_type.built_in {
                0
            } else {
                object_type.indexes.len()
            }
    };
    schema.types().map(of_type).sum()
}

fn insert_field(object_type: &str, field: &Field, now: i64) -> Result<Statement, Fault> {
    Ok(Statement::new(
        "INSERT INTO fields (type, name, version, definition, created_at, updated_at, slot) VALUES (?1, ?2, (SELECT base FROM meta), ?3, ?4, ?4, ?5) \
         ON CONFLICT (type, name) DO UPDATE SET version = excluded.version, definition = excluded.definition, updated_at = excluded.updated_at",
        [
            object_type.into(),
            field.name.as_str().into(),
            text(&field.definition)?.into(),
            now.into(),
            own_slot(field).into(),
        ],
    ))
}

/// The slot to store. The program assigns the slots of built-in fields, so they are not stored.
fn own_slot(field: &Field) -> Option<i64> {
    field.slot.filter(|_| !field.built_in).map(i64::from)
}

fn insert_type(object_type: &ObjectType, now: i64) -> Result<Statement, Fault> {
    Ok(Statement::new(
        "INSERT INTO object_types (name, version, definition, created_at, updated_at) VALUES (?1, (SELECT base FROM meta), ?2, ?3, ?3) \
         ON CONFLICT (name) DO UPDATE SET version = excluded.version, definition = excluded.definition, updated_at = excluded.updated_at",
        [
            object_type.name.as_str().into(),
            text(&object_type.definition())?.into(),
            now.into(),
        ],
    ))
}

fn text(definition: &impl serde::Serialize) -> Result<String, Fault> {
    serde_json::to_string(definition).map_err(|error| Fault::Internal(error.to_string()))
}

pub fn built_in(what: &str, properties: &[&str]) -> Refusal<codes::BuiltIn> {
    let refusal = Refusal::new(
        codes::BuiltIn,
        format!("{what} is built in: every tenant has it."),
    );
    if properties.is_empty() {
        refusal
    } else {
        refusal.with("properties", json!(properties))
    }
}
