//! Checks values against the definitions of their fields. The result is their normal form, or all failures.

use crm_contract::codes;
use crm_runtime::JsonObject;
use serde_json::Value as Json;

use super::Authority;
use crate::{
    allowance::Allowance,
    failure::{At, Failures},
    records::refusals::Judging,
    refusal::Refusal,
    schema::{Field, Kind, ObjectType, value},
};

/// The beginning of the message when values are refused; the failures follow.
pub const REFUSED: &str = "The definitions refuse what was sent";

/// Whether a value empties the field: null, an empty text if people type its values, an empty list if it holds several.
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

/// Checked values. A value that the definitions refuse is not a failure yet: if it is sent back as stored it is no
/// change, and later definitions do not apply to it.
#[derive(Clone)]
pub struct Judged {
    authority: Authority,
    /// In normal form. Empty values are null.
    values: JsonObject,
    /// The values that the definitions refuse, as sent.
    refused: JsonObject,
    /// The failures of these values.
    failures: Failures,
    /// Of these failures, those of fields that only the server sets.
    owned: Failures,
}

impl Judged {
    /// The accepted values, in normal form.
    pub fn values(&self) -> &JsonObject {
        &self.values
    }

    /// The value of a field: in normal form, or as sent if it is refused.
    pub fn value(&self, name: &str) -> Option<&Json> {
        self.values.get(name).or_else(|| self.refused.get(name))
    }

    /// The values of a new record, or all failures.
    pub fn of_new(
        &self,
        object_type: &ObjectType,
        at: &str,
        allowance: &Allowance,
    ) -> Result<JsonObject, Refusal<Judging>> {
        self.of_record(object_type, None, at, allowance)
    }

    /// The values to change in a record that has the values `stored`, or all failures.
    pub fn of_record(
        &self,
        object_type: &ObjectType,
        stored: Option<&JsonObject>,
        at: &str,
        allowance: &Allowance,
    ) -> Result<JsonObject, Refusal<Judging>> {
        let is_unchanged = |name: &str, sent: &Json| {
            let (field, stored) = (object_type.field(name), stored?);
            Some(is_unchanged(field?, sent, stored.get(name)))
        };
        let changed: JsonObject = (self.refused.iter())
            .filter(|(name, sent)| is_unchanged(name, sent) != Some(true))
            .map(|(name, sent)| (name.clone(), sent.clone()))
            .collect();
        match changed.len() {
            0 => Ok(self.values.clone()),
            // No value was sent back unchanged, so the failures found before are complete.
            same if same == self.refused.len() => {
                Err(refuse(self.failures.clone(), self.owned.clone()))
            }
            _ => {
                let rest = judge(object_type, self.authority, &changed, at, allowance);
                Err(refuse(rest.failures, rest.owned))
            }
        }
    }
}

/// Whether a value was sent as stored: the same value, or another spelling with the same normal form.
fn is_unchanged(field: &Field, sent: &Json, stored: Option<&Json>) -> bool {
    let stored = stored.unwrap_or(&Json::Null);
    let form = |value: &Json| {
        let form = match is_empty(field.kind(), value) {
            true => Json::Null,
            false => value::form(field, value.clone())?,
        };
        Some(match is_empty(field.kind(), &form) {
            true => Json::Null,
            false => form,
        })
    };
    let same_form = || Some(is_same(&form(sent)?, &form(stored)?));
    is_same(sent, stored) || same_form() == Some(true)
}

/// Whether two values are equal as JSON. `1.0` equals `1`.
fn is_same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            let in_b = |(name, a): (&String, &Json)| b.get(name).is_some_and(|b| is_same(a, b));
            a.len() == b.len() && a.iter().all(in_b)
        }
        (a, b) => a == b,
    }
}

/// Checks values against their fields' definitions. All records of a request share `allowance`.
pub fn judge(
    object_type: &ObjectType,
    authority: Authority,
    fields: &JsonObject,
    at: &str,
    allowance: &Allowance,
) -> Judged {
    let root = At::Root(at);
    let at = root.name("fields");
    let mut failures = Failures::sharing(allowance);
    let mut owned = Failures::sharing(allowance);
    let (mut values, mut refused) = (JsonObject::new(), JsonObject::new());
    for (name, value) in fields {
        let at = at.name(name);
        let mut refuse = || refused.insert(name.clone(), value.clone());
        let Some(field) = object_type.field(name) else {
            failures.add(
                at.pointer(),
                "unknown_field",
                format!("The type {} has no field {name}.", object_type.name),
            );
            refuse();
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
            refuse();
            continue;
        }
        match normal(field, value, &at, &mut failures) {
            Some(Json::Null) if definition.required => {
                failures.add(
                    at.pointer(),
                    "required",
                    format!("{} cannot be empty.", definition.label),
                );
                refuse();
            }
            Some(normal) => {
                values.insert(name.clone(), normal);
            }
            None => {
                refuse();
            }
        }
    }
    Judged {
        authority,
        values,
        refused,
        failures,
        owned,
    }
}

/// The normal form of a value, or null if it is empty. White space is empty too. None if a failure was added.
fn normal(field: &Field, value: &Json, at: &At<'_>, failures: &mut Failures) -> Option<Json> {
    let kind = field.kind();
    if is_empty(kind, value) {
        return Some(Json::Null);
    }
    let normal = value::normalise(field, value.clone(), at, failures)?;
    Some(match is_empty(kind, &normal) {
        true => Json::Null,
        false => normal,
    })
}

fn refuse(failures: Failures, owned: Failures) -> Refusal<Judging> {
    if failures.is_empty() {
        return Refusal::failures(
            Judging::FieldServerOwned,
            "The server alone sets this",
            owned,
        );
    }
    let mut all = failures;
    all.extend(owned);
    Refusal::failures(Judging::FieldInvalid, REFUSED, all)
}

/// Completes the values of a new record: adds defaults, removes empty values, and checks required fields.
pub fn complete(
    object_type: &ObjectType,
    values: JsonObject,
    at: &str,
    allowance: &Allowance,
) -> Result<JsonObject, Refusal<codes::FieldInvalid>> {
    let root = At::Root(at);
    let at = root.name("fields");
    let mut failures = Failures::sharing(allowance);
    let mut data = values;
    for (name, field) in &object_type.fields {
        let definition = &field.definition;
        if !data.contains_key(name) {
            let default = definition.default.as_ref();
            if let Some(default) = default.filter(|default| !is_empty(definition.kind, default)) {
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
