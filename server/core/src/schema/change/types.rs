//! Creating, changing and deleting types.

use std::sync::Arc;

use crm_contract::codes;
use serde_json::{Map, Value as Json, json};

use super::{
    SCHEMA_MOVED, built_in, ddl,
    fields::{field, read},
    fits, insert_field, insert_type, invalid, limit, name_reserved, name_taken, no_room,
    own_indexes, text,
};
use crate::{
    failure::{At, Failures},
    ports::store::Statement,
    refusal::Refusal,
    schema::{
        MOST_FIELDS, MOST_OWN_INDEXES, MOST_TYPES, ObjectType, Schema, TypeDefinition, check,
        index, names,
        pattern::Room,
        refusals::{Creating, DeletingType},
        slots,
    },
};

/// A changed type, and the statements to write.
pub struct Change {
    pub object_type: ObjectType,
    pub statements: Vec<Statement>,
}

/// A new type with its first fields. `kept`: a deleted type had this name.
pub fn create_type(
    schema: &Schema,
    name: &str,
    definition: TypeDefinition,
    fields: Vec<Map<String, Json>>,
    kept: bool,
    now: i64,
) -> Result<Change, Refusal<Creating>> {
    if names::is_reserved_type(name) {
        return Err(name_reserved(name).into());
    }
    if kept || schema.get(name).is_some() || !names::is_name(name) {
        return Err(name_taken(name).into());
    }
    if schema
        .types()
        .filter(|object_type| !object_type.built_in)
        .count()
        >= MOST_TYPES
    {
        return Err(limit("object_types", MOST_TYPES).into());
    }
    if fields.len() > MOST_FIELDS {
        return Err(limit("fields_per_type", MOST_FIELDS).into());
    }
    let mut object_type = ObjectType {
        name: name.to_owned(),
        label: definition.label.clone(),
        plural_label: definition
            .plural_label
            .clone()
            .unwrap_or_else(|| definition.label.clone()),
        description: definition.description,
        built_in: false,
        fields: indexmap::IndexMap::with_capacity(fields.len()),
        indexes: Vec::new(),
        hidden: Default::default(),
        version: 0,
        created_at: now,
        updated_at: now,
    };
    let root = At::Root("/body");
    let at_fields = root.name("fields");
    let mut failures = Failures::default();
    check::texts(&object_type.definition(), &root, &mut failures);
    let mut room = Room::of(schema);
    for (place, written) in fields.into_iter().enumerate() {
        let at = at_fields.index(place);
        let Some((field_name, definition)) = read(written, &at, &mut failures) else {
            continue;
        };
        if names::is_reserved_field(&field_name) || object_type.fields.contains_key(&field_name) {
            failures.add(
                at.name("name").pointer(),
                "name_taken",
                format!("The name {field_name} is taken."),
            );
            continue;
        }
        if let Some(field) = field(
            name,
            &field_name,
            definition,
            false,
            &mut room,
            &at,
            &mut failures,
        ) {
            object_type.fields.insert(field_name, Arc::new(field));
        }
    }
    check::indexes(
        &object_type,
        &definition.indexes,
        &root.name("indexes"),
        &mut failures,
    );
    if !failures.is_empty() {
        return Err(invalid(failures).into());
    }
    object_type.indexes = definition.indexes;
    slots::give_out(&mut object_type);
    let made = index::create_all(&object_type);
    if own_indexes(schema) + made.len() > MOST_OWN_INDEXES {
        return Err(limit("indexes", MOST_OWN_INDEXES).into());
    }
    let mut bytes = text(&object_type.definition())?.len();
    let mut statements = vec![insert_type(&object_type, now)?];
    for field in object_type.fields.values() {
        bytes += text(&field.definition)?.len();
        statements.push(insert_field(name, field, now)?);
    }
    fits(schema, bytes)?;
    statements.extend(ddl(made));
    statements.push(Statement::new(SCHEMA_MOVED, []));
    Ok(Change {
        object_type,
        statements,
    })
}

/// Labels, description and indexes. A property that is None stays as it is.
pub struct TypeUpdate {
    pub label: Option<String>,
    pub plural_label: Option<String>,
    pub description: Option<Option<String>>,
    pub indexes: Option<Vec<Vec<String>>>,
}

/// None if nothing changes.
pub fn update_type(
    schema: &Schema,
    object_type: &ObjectType,
    update: TypeUpdate,
    now: i64,
) -> Result<Option<Change>, Refusal<codes::DefinitionInvalid>> {
    let said = TypeDefinition {
        label: update.label.clone().unwrap_or_default(),
        plural_label: update.plural_label.clone(),
        description: update.description.clone().flatten(),
        indexes: Vec::new(),
    };
    let mut failures = Failures::default();
    check::texts(&said, &At::Root("/body"), &mut failures);
    if !failures.is_empty() {
        return Err(invalid(failures));
    }
    let mut changed = object_type.clone();
    changed.label = update.label.unwrap_or(changed.label);
    changed.plural_label = update.plural_label.unwrap_or(changed.plural_label);
    changed.description = update.description.unwrap_or(changed.description);
    if let Some(indexes) = update.indexes {
        let mut failures = Failures::default();
        check::indexes(
            object_type,
            &indexes,
            &At::Root("/body").name("indexes"),
            &mut failures,
        );
        if !failures.is_empty() {
            return Err(invalid(failures));
        }
        changed.indexes = indexes;
    }
    if changed.definition() == object_type.definition() {
        return Ok(None);
    }
    let grown = text(&changed.definition())?.len();
    let grown = grown.saturating_sub(text(&object_type.definition())?.len());
    if grown > 0 && fits(schema, grown).is_err() {
        return Err(no_room("/body"));
    }
    changed.updated_at = now;
    let mut statements = vec![insert_type(&changed, now)?];
    let gone = object_type
        .indexes
        .iter()
        .filter(|fields| !changed.indexes.contains(fields));
    statements.extend(ddl(
        gone.map(|fields| index::drop_compound(&object_type.name, fields))
    ));
    let new: Vec<String> = changed
        .indexes
        .iter()
        .filter(|fields| !object_type.indexes.contains(fields))
        .filter_map(|fields| index::create_compound(&changed, fields))
        .collect();
    if own_indexes(schema) + new.len() > MOST_OWN_INDEXES {
        let mut failures = Failures::default();
        failures.add(
            "/body/indexes".into(),
            "max_length",
            format!("A tenant has at most {MOST_OWN_INDEXES} indexes of its own."),
        );
        return Err(invalid(failures));
    }
    statements.extend(ddl(new));
    statements.push(Statement::new(SCHEMA_MOVED, []));
    Ok(Some(Change {
        object_type: changed,
        statements,
    }))
}

/// `records`: the number of the type's records, counted up to 1,000.
pub fn delete_type(
    schema: &Schema,
    object_type: &ObjectType,
    records: i64,
    now: i64,
) -> Result<Vec<Statement>, Refusal<DeletingType>> {
    if object_type.built_in {
        return Err(built_in(&object_type.name, &[]).into());
    }
    let relations = schema.relations_to(&object_type.name);
    if records > 0 || !relations.is_empty() {
        return Err(Refusal::new(DeletingType::InUse, "The object type is in use. Delete its records and the relations that point to it first.").with("records", records).with("fields", json!(relations)));
    }
    let mut statements = vec![Statement::new(
        "UPDATE object_types SET deleted_at = ?2, updated_at = ?2, version = (SELECT base FROM meta) WHERE name = ?1",
        [object_type.name.as_str().into(), now.into()],
    )];
    statements.extend(ddl(index::drop_all(object_type)));
    statements.push(Statement::new(SCHEMA_MOVED, []));
    Ok(statements)
}
