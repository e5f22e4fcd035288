//! Values against the definitions of their fields: in normal form, or everything that is wrong with them.

use crm_contract::codes;
use crm_runtime::JsonObject;
use serde_json::Value as Json;

use super::Authority;
use crate::{
    records::refusals::Judging,
    refusal::Refusal,
    schema::{At, Failures, Kind, ObjectType, pattern::Effort, value},
};

/// What a refusal of values says before it lists what is wrong with them.
pub const REFUSED: &str = "The definitions refuse what was sent";

/// What empties a field: null, an empty text where people type one, an empty list where there are several.
fn is_empty(kind: Kind, value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => {
            text.is_empty()
                && matches!(
                    kind,
                    Kind::Text
                        | Kind::LongText
                        | Kind::Email
                        | Kind::Phone
                        | Kind::Url
                        | Kind::Select
                )
        }
        Json::Array(list) => {
            list.is_empty()
                && matches!(
                    kind,
                    Kind::MultiSelect | Kind::RelationList | Kind::FileList | Kind::Lines
                )
        }
        _ => false,
    }
}

/// The values in normal form, empty ones as null, or everything that is wrong with them. `effort` is what all records of
/// the request share.
pub fn judge(
    object_type: &ObjectType,
    authority: Authority,
    fields: &JsonObject,
    at: &str,
    effort: &Effort,
) -> Result<JsonObject, Refusal<Judging>> {
    let root = At::Root(at);
    let at = root.name("fields");
    let mut failures = Failures::sharing(effort);
    let mut owned = Failures::default();
    let mut values = JsonObject::new();
    for (name, value) in fields {
        let at = at.name(name);
        let Some(field) = object_type.field(name) else {
            failures.add(
                at.pointer(),
                "unknown_field",
                format!("The type {} has no field {name}.", object_type.name),
            );
            continue;
        };
        let definition = &field.definition;
        if authority == Authority::Caller
            && (definition.server_owned || definition.kind == Kind::AutoNumber)
        {
            owned.add(
                at.pointer(),
                "server_owned",
                format!(
                    "{} is set by the server alone: leave it out.",
                    definition.label
                ),
            );
            continue;
        }
        if is_empty(definition.kind, value) {
            if definition.required {
                failures.add(
                    at.pointer(),
                    "required",
                    format!("{} cannot be empty.", definition.label),
                );
            }
            values.insert(name.clone(), Json::Null);
        } else if let Some(normal) = value::normalise(field, value.clone(), &at, &mut failures) {
            values.insert(
                name.clone(),
                if is_empty(definition.kind, &normal) {
                    Json::Null
                } else {
                    normal
                },
            );
        }
    }
    if failures.is_empty() && owned.is_empty() {
        return Ok(values);
    }
    Err(refuse(failures, owned))
}

fn refuse(failures: Failures, owned: Failures) -> Refusal<Judging> {
    if failures.is_empty() {
        return Refusal::failures(
            Judging::FieldServerOwned,
            "The server alone sets this",
            owned.into_list(),
        );
    }
    let mut all = failures.into_list();
    all.extend(owned.into_list());
    Refusal::failures(Judging::FieldInvalid, REFUSED, all)
}

/// A new record's values: defaults where nothing was said, nothing empty, all that is required.
pub fn complete(
    object_type: &ObjectType,
    values: JsonObject,
    at: &str,
) -> Result<JsonObject, Refusal<codes::FieldInvalid>> {
    let root = At::Root(at);
    let at = root.name("fields");
    let mut failures = Failures::default();
    let mut data = values;
    for (name, field) in &object_type.fields {
        let definition = &field.definition;
        if !data.contains_key(name) {
            if let Some(default) = &definition.default {
                data.insert(name.clone(), default.clone());
            } else if definition.required && !definition.server_owned {
                failures.add(
                    at.name(name).pointer(),
                    "required",
                    format!("{} is required.", definition.label),
                );
            }
        }
    }
    data.retain(|_, value| !value.is_null());
    failures
        .result(data)
        .map_err(|failures| Refusal::failures(codes::FieldInvalid, REFUSED, failures))
}
