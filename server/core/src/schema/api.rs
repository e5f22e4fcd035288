//! Object types and fields as the contract writes them.

use crm_contract::latest::types;
use serde_json::Value;

use super::{Field, ObjectType};
use crate::{fault::Fault, shown::Shown};

pub fn object_type(object_type: &ObjectType, shown: &Shown) -> Result<types::ObjectType, Fault> {
    fn asked<T>(shown: &Shown, name: &str, value: T) -> Option<T> {
        shown.asks_for(name).then_some(value)
    }
    let fields = match shown.asks_for("fields") {
        true => Some(
            object_type
                .fields
                .values()
                .map(|field| self::field(field, &Shown::default()))
                .collect::<Result<_, _>>()?,
        ),
        false => None,
    };
    // A built-in type that was never changed has no times.
    let time = |name: &str, at: i64| asked(shown, name, at).filter(|at| *at != 0);
    Ok(types::ObjectType {
        name: object_type.name.clone(),
        label: asked(shown, "label", object_type.label.clone()),
        plural_label: asked(shown, "plural_label", object_type.plural_label.clone()),
        description: asked(shown, "description", object_type.description.clone()).flatten(),
        built_in: asked(shown, "built_in", object_type.built_in),
        fields,
        indexes: asked(shown, "indexes", object_type.indexes.clone()),
        version: asked(shown, "version", object_type.version),
        created_at: time("created_at", object_type.created_at),
        updated_at: time("updated_at", object_type.updated_at),
    })
}

pub fn field(field: &Field, shown: &Shown) -> Result<types::FieldDefinition, Fault> {
    let odd = |error: serde_json::Error| {
        Fault::Internal(format!("the definition of {}: {error}", field.name))
    };
    let mut value = serde_json::to_value(&field.definition).map_err(odd)?;
    if let Some(object) = value.as_object_mut() {
        object.insert("merge".into(), Value::from(field.definition.merge()));
        object.insert("built_in".into(), field.built_in.into());
        object.retain(|name, _| shown.asks_for(name));
        object.insert("name".into(), field.name.as_str().into());
    }
    serde_json::from_value(value).map_err(odd)
}
