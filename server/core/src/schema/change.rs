//! Changes of the definitions: what they make of the schema, and the statements that keep it. A change counts one sequence
//! number and raises the schema's revision, so that every cached definition is read again.

use std::sync::Arc;

use crm_contract::codes;
use serde_json::{Map, Value as Json, json};

use super::{
    At, Definition, Failures, Field, Kind, MOST_DEFINITION_BYTES, MOST_FIELDS, MOST_OWN_INDEXES,
    MOST_TYPES, ObjectType, Schema, TypeDefinition, check, index, names,
    pattern::Room,
    refusals::{Creating, DeletingType, UpdatingField},
    slots, value,
};
use crate::{
    fault::Fault,
    ports::store::{Statement, Value},
    records::row,
    refusal::Refusal,
};

/// Records whose words one change of a definition looks at.
pub const MOST_REINDEXED: usize = 20_000;

const SCHEMA_MOVED: &str = "UPDATE meta SET schema_rev = schema_rev + 1";

/// A changed type, and what to write.
pub struct Change {
    pub object_type: ObjectType,
    pub statements: Vec<Statement>,
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

/// The bytes that definitions of a tenant can still take, or the refusal of more.
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

/// The definition in a request's JSON, whose `name` stands beside it.
fn read(
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

/// Checks a field that joins a type; its default is kept in normal form.
fn field(
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

/// A built-in field's slot comes with the program.
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

/// A new type with its first fields. `kept`: a deleted type had the name.
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

/// Labels, description and indexes; what is None stays.
pub struct TypeUpdate {
    pub label: Option<String>,
    pub plural_label: Option<String>,
    pub description: Option<Option<String>>,
    pub indexes: Option<Vec<Vec<String>>>,
}

/// None: nothing changes.
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

/// `records`: how many records the type has, counted up to 1,000.
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

/// What may be changed of a field that every tenant has.
const OF_BUILT_IN: [&str; 4] = ["label", "help", "indexed", "searchable"];

/// A field as a change leaves it; null clears. Its kind is none of what the contract lets one change.
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

/// The statements that keep a changed field.
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

/// The records that a change of what is searched concerns: those with a value in the field.
pub fn records_with(object_type: &str, field: &Field) -> Statement {
    Statement::new(
        format!(
            "SELECT id, data FROM records WHERE type = '{object_type}' AND {} IS NOT NULL LIMIT {}",
            field.sql.raw,
            MOST_REINDEXED + 1
        ),
        [],
    )
}

/// The statements that bring the words of records from what one definition of their type searches to what another does.
/// None: more records hold the field than one change looks at.
pub fn reindex(
    before: &ObjectType,
    after: &ObjectType,
    rows: Vec<Vec<Value>>,
) -> Option<Vec<Statement>> {
    if rows.len() > MOST_REINDEXED {
        return None;
    }
    let mut words = row::Words::default();
    for row in rows {
        let [Value::Text(id), Value::Text(data)] = row.as_slice() else {
            continue;
        };
        let Ok(data) = serde_json::from_str::<Map<String, Json>>(data) else {
            continue;
        };
        let mut had = row::search_words(before, &data);
        had.extend(row::earlier_words(before, &data));
        words.change(id, &had, &row::search_words(after, &data));
    }
    Some(words.statements())
}
