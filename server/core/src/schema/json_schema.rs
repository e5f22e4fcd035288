//! JSON Schemas (draft 2020-12) for the fields of a type's records, in answers and in creates. `schemars::Schema` is
//! the model of every JSON Schema that the program makes at run time.

use schemars::{Schema, consts::meta_schemas::DRAFT2020_12, json_schema};
use serde_json::{Map, Value};

use super::{Field, Kind, ObjectType, value};

/// The schema of the whole `fields` object.
pub fn of_type(object_type: &ObjectType) -> Schema {
    let properties: Map<String, Value> = object_type
        .fields
        .values()
        .map(|field| (field.name.clone(), of_field(field).to_value()))
        .collect();
    let required = object_type.fields.values().filter(|field| {
        field.definition.required
            && field.definition.default.is_none()
            && !field.definition.server_owned
    });
    let required: Vec<&str> = required.map(|field| field.name.as_str()).collect();
    let mut schema = json_schema!({
        "$schema": DRAFT2020_12,
        "title": object_type.label,
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": false,
    });
    if let Some(description) = &object_type.description {
        schema.insert("description".into(), description.as_str().into());
    }
    schema
}

/// The schema of one field's value.
pub fn of_field(field: &Field) -> Schema {
    let definition = &field.definition;
    let options: Vec<&str> = definition
        .options
        .iter()
        .map(|option| option.value.as_str())
        .collect();
    let id = json_schema!({"type": "string", "format": "uuid"});
    let list = |items: Schema, most: usize| json_schema!({"type": "array", "items": items, "maxItems": definition.max_length.unwrap_or(most).min(most)});
    let mut schema = match definition.kind {
        Kind::Text | Kind::Email | Kind::Url => {
            json_schema!({"type": "string", "maxLength": definition.max_length.unwrap_or(value::MAX_TEXT).min(value::MAX_TEXT)})
        }
        Kind::LongText => {
            json_schema!({"type": "string", "maxLength": definition.max_length.unwrap_or(value::MAX_LONG_TEXT)})
        }
        Kind::Phone => json_schema!({"type": "string", "pattern": "^\\+[1-9][0-9]{6,14}$"}),
        Kind::Select => json_schema!({"type": "string", "enum": options}),
        Kind::MultiSelect if options.is_empty() => list(
            json_schema!({"type": "string", "minLength": 1, "maxLength": value::MAX_ENTRY}),
            value::MAX_ENTRIES,
        ),
        Kind::MultiSelect => list(
            json_schema!({"type": "string", "enum": options}),
            value::MAX_ENTRIES,
        ),
        Kind::Boolean => json_schema!({"type": "boolean"}),
        Kind::Integer | Kind::Decimal | Kind::Date | Kind::Datetime | Kind::AutoNumber => {
            integer(field, -value::MAX_INTEGER, value::MAX_INTEGER)
        }
        Kind::Duration => integer(field, 0, value::MAX_INTEGER),
        Kind::Rating => integer(field, 0, definition.max.unwrap_or(5)),
        Kind::Money => money(),
        Kind::Address => {
            let parts = ["line1", "line2", "city", "region", "postal_code", "country"]
                .map(|part| (part.to_owned(), json_schema!({"type": "string"}).to_value()));
            json_schema!({"type": "object", "minProperties": 1, "properties": Map::from_iter(parts), "additionalProperties": false})
        }
        Kind::Geo => json_schema!({
            "type": "object",
            "required": ["latitude", "longitude"],
            "properties": {"latitude": {"type": "number", "minimum": -90, "maximum": 90}, "longitude": {"type": "number", "minimum": -180, "maximum": 180}},
            "additionalProperties": false,
        }),
        Kind::Relation | Kind::User | Kind::Team => id,
        Kind::RelationList | Kind::FileList => list(id, value::MAX_ENTRIES),
        Kind::Lines => list(line(), value::MAX_LINES),
    };
    schema.insert("title".into(), definition.label.as_str().into());
    if let Some(help) = &definition.help {
        schema.insert("description".into(), help.as_str().into());
    }
    if let Some(default) = &definition.default {
        schema.insert("default".into(), default.clone());
    }
    if definition.server_owned || definition.kind == Kind::AutoNumber {
        schema.insert("readOnly".into(), true.into());
    }
    if let (Some(least), Some("string")) = (
        definition.min_length,
        schema.get("type").and_then(Value::as_str),
    ) {
        schema.insert("minLength".into(), least.into());
    }
    if let (Some(pattern), Kind::Text | Kind::LongText | Kind::Email | Kind::Url) =
        (&definition.pattern, definition.kind)
    {
        schema.insert("pattern".into(), format!("^(?:{pattern})$").into());
    }
    if let Some(target) = &definition.target {
        schema.insert("x-target".into(), target.as_str().into());
    }
    schema
}

fn integer(field: &Field, least: i64, most: i64) -> Schema {
    let definition = &field.definition;
    json_schema!({"type": "integer", "minimum": definition.min.unwrap_or(least).max(least), "maximum": definition.max.unwrap_or(most).min(most)})
}

fn money() -> Schema {
    json_schema!({
        "type": "object",
        "required": ["amount", "currency"],
        "properties": {
            "amount": {"type": "integer", "minimum": -value::MAX_INTEGER, "maximum": value::MAX_INTEGER},
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        },
        "additionalProperties": false,
    })
}

fn line() -> Schema {
    let id = json_schema!({"type": "string", "format": "uuid"});
    json_schema!({
        "type": "object",
        "required": ["description", "quantity", "unit_price"],
        "properties": {
            "description": {"type": "string", "minLength": 1, "maxLength": 1000},
            "price_item": id,
            "quantity": {"type": "integer", "minimum": 0},
            "unit": {"type": "string", "maxLength": 40},
            "unit_price": money(),
            "discount": money(),
            "tax_rate": id,
            "tax_ppm": {"type": "integer", "minimum": 0, "maximum": 1_000_000},
        },
        "additionalProperties": false,
    })
}
