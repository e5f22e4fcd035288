//! Creating, changing and deleting fields.

use std::sync::Arc;

use crm_contract::codes;
use serde_json::{Map, Value as Json};

use super::{
    SCHEMA_MOVED, built_in, ddl, fits, insert_field, invalid, limit, name_taken, no_room,
    own_indexes, text,
};
use crate::{
    failure::{At, Failures},
    fault::Fault,
    ports::store::Statement,
    refusal::Refusal,
    schema::{
        Definition, Field, Kind, MOST_FIELDS, MOST_OWN_INDEXES, ObjectType, Schema, check, index,
        names,
        pattern::Room,
        refusals::{Creating, UpdatingField},
        value,
    },
};

/// Parses a definition from a request's JSON. The `name` is a property beside it.
pub(super) fn read(
    mut written: Map<String, Json>,
    at: &At<'_>,
    failures: &mut Failures,
) -> Option<(String, Definition)> {
    let name = written
        .remove("name")
        .and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default();
    written.retain(|_, value| !value.is_null());
    let kind = written
        .get("type")
        .and_then(Json::as_str)
        .unwrap_or_default();
    if Kind::parse(kind).is_none() {
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        failures.add(
            at.name("type").pointer(),
            "unknown",
            format!(
                "There is no type of field {kind:?}; there are {}.",
                known.join(", ")
            ),
        );
        return None;
    }
    match serde_json::from_value(Json::Object(written)) {
        Ok(definition) => Some((name, definition)),
        Err(error) => {
            failures.add(
                at.pointer(),
                "definition",
                format!("The definition cannot be read: {error}."),
            );
            None
        }
    }
}

/// Checks a new field of a type. Its default is stored in normal form.
pub(super) fn field(
    own: &str,
    name: &str,
    mut definition: Definition,
    built_in: bool,
    room: &mut Room<'_>,
    at: &At<'_>,
    failures: &mut Failures,
) -> Option<Field> {
    let before = failures.found();
    check::definition(room.schema(), own, name, &definition, room, at, failures);
    if failures.found() > before {
        return None;
    }
    if let Some(default) = definition.default.clone() {
        let field = Field::new(name, definition.clone(), built_in);
        definition.default = value::normalise(&field, default, &at.name("default"), failures);
    }
    Some(Field::new(name, definition, built_in))
}

pub fn create_field(
    schema: &Schema,
    object_type: &ObjectType,
    written: Map<String, Json>,
    now: i64,
) -> Result<(Arc<Field>, Vec<Statement>), Refusal<Creating>> {
    let at = At::Root("/body");
    let mut failures = Failures::default();
    let Some((name, definition)) = read(written, &at, &mut failures) else {
        return Err(invalid(failures).into());
    };
    if names::is_reserved_field(&name)
        || object_type.fields.contains_key(&name)
        || object_type.hidden.contains(&name)
    {
        return Err(name_taken(&name).into());
    }
    if !check::has_room(object_type, 1) {
        return Err(limit("fields_per_type", MOST_FIELDS).into());
    }
    let Some(field) = field(
        &object_type.name,
        &name,
        definition,
        false,
        &mut Room::of(schema),
        &at,
        &mut failures,
    ) else {
        return Err(invalid(failures).into());
    };
    if !failures.is_empty() {
        return Err(invalid(failures).into());
    }
    fits(schema, text(&field.definition)?.len())?;
    let made = index::create_of_field(&object_type.name, &field);
    if own_indexes(schema) + made.len() > MOST_OWN_INDEXES {
        return Err(limit("indexes", MOST_OWN_INDEXES).into());
    }
    let mut statements = vec![insert_field(&object_type.name, &field, now)?];
    statements.extend(ddl(made));
    statements.push(Statement::new(SCHEMA_MOVED, []));
    Ok((Arc::new(field), statements))
}

/// The properties of a built-in field that a tenant may change.
const OF_BUILT_IN: [&str; 4] = ["label", "help", "indexed", "searchable"];

/// A field after a change; null clears a property. The contract does not allow a change of the kind.
pub fn changed_field(
    schema: &Schema,
    object_type: &ObjectType,
    old: &Field,
    update: Map<String, Json>,
) -> Result<Field, Refusal<UpdatingField>> {
    if old.built_in {
        let fixed: Vec<&str> = update
            .keys()
            .map(String::as_str)
            .filter(|name| !OF_BUILT_IN.contains(name))
            .collect();
        if !fixed.is_empty() {
            return Err(built_in(&old.name, &fixed).into());
        }
    }
    let at = At::Root("/body");
    let mut failures = Failures::default();
    let mut written = match serde_json::to_value(&old.definition) {
        Ok(Json::Object(written)) => written,
        _ => Map::new(),
    };
    written.extend(update);
    written.insert("name".into(), old.name.as_str().into());
    let Some((_, definition)) = read(written, &at, &mut failures) else {
        return Err(invalid(failures).into());
    };
    let used = |fields: &Vec<String>| fields.contains(&old.name);
    if definition.kind != old.kind() && object_type.indexes.iter().any(used) {
        failures.add(
            at.name("type").pointer(),
            "fixed",
            "The type of a field never changes: make a new one.",
        );
    }
    match field(
        &object_type.name,
        &old.name,
        definition,
        old.built_in,
        &mut Room::instead_of(schema, &object_type.name, &old.name),
        &at,
        &mut failures,
    ) {
        Some(field) if failures.is_empty() => {
            let grown = text(&field.definition)?.len();
            let grown = grown.saturating_sub(text(&old.definition)?.len());
            if grown > 0 && fits(schema, grown).is_err() {
                return Err(no_room("/body").into());
            }
            Ok(field.in_slot(old.slot))
        }
        _ => Err(invalid(failures).into()),
    }
}

/// The statements that store a changed field.
pub fn update_field(
    object_type: &ObjectType,
    old: &Field,
    new: &Field,
    now: i64,
) -> Result<Vec<Statement>, Fault> {
    let mut statements = vec![insert_field(&object_type.name, new, now)?];
    let (before, after) = (
        index::create_of_field(&object_type.name, old),
        index::create_of_field(&object_type.name, new),
    );
    if before != after {
        statements.extend(ddl(index::drop_of_field(&object_type.name, &old.name)));
        statements.extend(ddl(after));
    }
    statements.push(Statement::new(SCHEMA_MOVED, []));
    Ok(statements)
}

pub fn delete_field(
    object_type: &ObjectType,
    field: &Field,
    now: i64,
) -> Result<Vec<Statement>, Refusal<codes::BuiltIn>> {
    if field.built_in {
        return Err(built_in(&field.name, &[]));
    }
    let mut statements = vec![Statement::new(
        "UPDATE fields SET deleted_at = ?3, updated_at = ?3, version = (SELECT base FROM meta) WHERE type = ?1 AND name = ?2",
        [
            object_type.name.as_str().into(),
            field.name.as_str().into(),
            now.into(),
        ],
    )];
    statements.extend(ddl(index::drop_of_field(&object_type.name, &field.name)));
    let compound = object_type
        .indexes
        .iter()
        .filter(|fields| fields.contains(&field.name));
    statements.extend(ddl(
        compound.map(|fields| index::drop_compound(&object_type.name, fields))
    ));
    statements.push(Statement::new(SCHEMA_MOVED, []));
    Ok(statements)
}
