//! Checks a definition by itself and within the schema. Lists all contradictions at once, each with its place and a
//! remedy.

use std::collections::HashSet;

use super::{
    Field, Kind, MOST_FIELDS, ObjectType, Order, Schema, TypeDefinition, field::Definition, names,
    pattern::Room, value,
};
use crate::failure::{At, Failures};

/// Upper bound of the fields of one index.
const MOST_OF_COMPOUND: usize = 4;
const MOST_COMPOUND: usize = 10;
const MOST_OPTIONS: usize = 200;
const MERGES: [&str; 5] = ["last", "review", "set", "counter", "text"];

/// Checks a field's definition. `own` is the type of the field; a relation may point to it although it is not stored
/// yet. `room` is the weight that the tenant's other patterns leave.
pub fn definition(
    schema: &Schema,
    own: &str,
    name: &str,
    definition: &Definition,
    room: &mut Room<'_>,
    at: &At<'_>,
    failures: &mut Failures,
) {
    let kind = definition.kind;
    let allowance = failures.allowance().clone();
    let mut fail = |property: &str, rule: &'static str, message: String| {
        failures.add(at.name(property).pointer(), rule, message)
    };
    if !names::is_name(name) {
        fail(
            "name",
            "name",
            "A name has lower case letters, digits and underscores, a letter first, 63 at most."
                .into(),
        );
    }
    let chooses = matches!(kind, Kind::Select | Kind::MultiSelect);
    if !definition.options.is_empty() && !chooses {
        fail(
            "options",
            "unsuitable",
            format!(
                "A field of type {} has no options; a select has.",
                kind.name()
            ),
        );
    }
    if kind == Kind::Select && definition.options.is_empty() {
        fail(
            "options",
            "required",
            "A select needs options to choose from.".into(),
        );
    }
    if definition.options.len() > MOST_OPTIONS {
        fail(
            "options",
            "max_length",
            format!("A field has at most {MOST_OPTIONS} options."),
        );
    }
    let mut seen = HashSet::new();
    for option in &definition.options {
        if !seen.insert(option.value.as_str()) {
            fail(
                "options",
                "unique",
                format!("The option {} is there twice.", option.value),
            );
        }
        if !value::is_plain(&option.value, false) || !value::is_plain(&option.label, false) {
            fail(
                "options",
                "characters",
                "The values and labels of options take no control characters.".into(),
            );
        }
    }
    for (property, text, lines) in [
        ("label", Some(&definition.label), false),
        ("help", definition.help.as_ref(), true),
    ] {
        if text.is_some_and(|text| !value::is_plain(text, lines)) {
            fail(
                property,
                "characters",
                format!("{property} takes no control characters."),
            );
        }
    }
    let numeric = matches!(
        kind,
        Kind::Integer
            | Kind::Decimal
            | Kind::Rating
            | Kind::Money
            | Kind::Duration
            | Kind::Date
            | Kind::Datetime
    );
    for (property, bound) in [("min", definition.min), ("max", definition.max)] {
        match bound {
            Some(_) if !numeric => fail(
                property,
                "unsuitable",
                format!("A field of type {} has no {property}.", kind.name()),
            ),
            Some(bound) if bound.abs() > value::MAX_INTEGER => fail(
                property,
                "range",
                format!("{property} lies within ±{}.", value::MAX_INTEGER),
            ),
            _ => {}
        }
    }
    if let (Some(min), Some(max)) = (definition.min, definition.max)
        && min > max
    {
        fail(
            "max",
            "order",
            format!("max is at least min, which is {min}."),
        );
    }
    let long = kind.is_list()
        || kind == Kind::Lines
        || matches!(kind, Kind::Text | Kind::LongText | Kind::Email | Kind::Url);
    for (property, bound) in [
        ("min_length", definition.min_length),
        ("max_length", definition.max_length),
    ] {
        if bound.is_some() && !long {
            fail(
                property,
                "unsuitable",
                format!("A field of type {} has no {property}.", kind.name()),
            );
        }
    }
    if let (Some(min), Some(max)) = (definition.min_length, definition.max_length)
        && min > max
    {
        fail(
            "max_length",
            "order",
            format!("max_length is at least min_length, which is {min}."),
        );
    }
    let patterned = matches!(
        kind,
        Kind::Text | Kind::LongText | Kind::Email | Kind::Phone | Kind::Url | Kind::MultiSelect
    );
    let mut usable = true;
    if let Some(pattern) = &definition.pattern {
        if !patterned {
            fail(
                "pattern",
                "unsuitable",
                format!("A field of type {} has no pattern.", kind.name()),
            );
        } else if !is_there(schema, own, name, definition)
            && let Err(message) = room.take(pattern, value::most_characters(definition), &allowance)
        {
            fail("pattern", "pattern", message);
            usable = false;
        }
    }
    match definition.scale {
        Some(_) if kind != Kind::Decimal => fail(
            "scale",
            "unsuitable",
            format!(
                "A field of type {} has no scale; a decimal has.",
                kind.name()
            ),
        ),
        None if kind == Kind::Decimal => fail(
            "scale",
            "required",
            "A decimal needs its scale, the number of decimal places.".into(),
        ),
        Some(scale) if scale > 12 => fail("scale", "max", "The scale is at most 12.".into()),
        _ => {}
    }
    let relates = matches!(kind, Kind::Relation | Kind::RelationList);
    match &definition.target {
        Some(_) if !relates => fail(
            "target",
            "unsuitable",
            format!(
                "A field of type {} has no target; a relation has.",
                kind.name()
            ),
        ),
        None if relates => fail(
            "target",
            "required",
            "A relation needs its target, the object type that it points to.".into(),
        ),
        Some(target) if target != own && schema.get(target).is_none() => fail(
            "target",
            "unknown",
            format!("There is no object type {target}."),
        ),
        _ => {}
    }
    let ordered = kind.order() != Order::None;
    if definition.unique && (!ordered || matches!(kind, Kind::Boolean | Kind::Money)) {
        fail(
            "unique",
            "unsuitable",
            format!("A field of type {} cannot be unique.", kind.name()),
        );
    }
    if definition.indexed && !ordered {
        fail(
            "indexed",
            "unsuitable",
            format!("A field of type {} cannot be indexed.", kind.name()),
        );
    }
    if definition.searchable && !kind.is_searchable() {
        fail(
            "searchable",
            "unsuitable",
            format!("A field of type {} holds no text to search.", kind.name()),
        );
    }
    if let Some(merge) = &definition.merge {
        let suits = match merge.as_str() {
            "set" => kind.is_list(),
            "counter" => matches!(kind, Kind::Integer | Kind::Decimal | Kind::Duration),
            "text" => matches!(kind, Kind::Text | Kind::LongText),
            other => MERGES.contains(&other),
        };
        if !suits {
            fail(
                "merge",
                "unsuitable",
                format!("A field of type {} does not merge by {merge}.", kind.name()),
            );
        }
    }
    if kind == Kind::AutoNumber && (definition.required || definition.default.is_some()) {
        fail("type", "unsuitable", "The server counts an auto_number: it is neither required of a caller nor has it a default.".into());
    }
    if let Some(default) = &definition.default {
        if definition.unique
            || matches!(
                kind,
                Kind::Relation
                    | Kind::RelationList
                    | Kind::User
                    | Kind::Team
                    | Kind::FileList
                    | Kind::Lines
            )
        {
            fail(
                "default",
                "unsuitable",
                "A field that is unique or points to something has no default.".into(),
            );
        } else {
            let mut field = Field::new(name, definition.clone(), false);
            field.pattern = field.pattern.filter(|_| usable);
            value::normalise(&field, default.clone(), &at.name("default"), failures);
        }
    }
}

/// Whether the field has the same pattern already, for texts at least as long. Then it may stay, whatever the bounds
/// are now.
fn is_there(schema: &Schema, own: &str, name: &str, definition: &Definition) -> bool {
    let there = schema.get(own).and_then(|own| own.field(name));
    there.is_some_and(|there| {
        there.definition.pattern == definition.pattern
            && value::most_characters(&there.definition) >= value::most_characters(definition)
    })
}

/// Checks the texts of a type's definition.
pub fn texts(definition: &TypeDefinition, at: &At<'_>, failures: &mut Failures) {
    for (property, text, lines) in [
        ("label", Some(&definition.label), false),
        ("plural_label", definition.plural_label.as_ref(), false),
        ("description", definition.description.as_ref(), true),
    ] {
        if text.is_some_and(|text| !value::is_plain(text, lines)) {
            failures.add(
                at.name(property).pointer(),
                "characters",
                format!("{property} takes no control characters."),
            );
        }
    }
}

/// Checks the indexes over several fields.
pub fn indexes(
    object_type: &ObjectType,
    indexes: &[Vec<String>],
    at: &At<'_>,
    failures: &mut Failures,
) {
    if indexes.len() > MOST_COMPOUND {
        failures.add(
            at.pointer(),
            "max_length",
            format!("A type has at most {MOST_COMPOUND} indexes over several fields."),
        );
    }
    for (index, fields) in indexes.iter().enumerate() {
        let at = at.index(index);
        if !(2..=MOST_OF_COMPOUND).contains(&fields.len()) {
            failures.add(at.pointer(), "length", format!("An index is over 2 to {MOST_OF_COMPOUND} fields; for one, mark the field as indexed."));
        }
        if indexes.iter().take(index).any(|other| other == fields) {
            failures.add(at.pointer(), "unique", "The same index is there twice.");
        }
        for (place, name) in fields.iter().enumerate() {
            let at = at.index(place);
            match object_type.field(name) {
                None => failures.add(
                    at.pointer(),
                    "unknown",
                    format!("The type has no field {name}."),
                ),
                Some(field) if field.kind().order() == Order::None => {
                    failures.add(
                        at.pointer(),
                        "unsuitable",
                        format!(
                            "{name} is of type {}, which has no order.",
                            field.kind().name()
                        ),
                    );
                }
                Some(_) if fields.iter().take(place).any(|other| other == name) => {
                    failures.add(at.pointer(), "unique", format!("{name} is there twice."));
                }
                Some(_) => {}
            }
        }
    }
}

/// Whether the type can take `more` fields. Deleted fields count, because their data is kept.
pub fn has_room(object_type: &ObjectType, more: usize) -> bool {
    object_type.fields.len() + object_type.hidden.len() + more <= MOST_FIELDS
}
