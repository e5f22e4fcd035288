//! The definitions for an import: those of the tenant and the fields that the mapping adds. Checks that the mapping
//! fits them.

use crm_core::{
    Core,
    ports::store::TenantId,
    schema::{Kind, Schema},
};
use serde_json::{Map, Value};

use super::{
    mapping::{Import, Mapping, Source, USER},
    run::Failed,
    schema::PROPERTIES,
};
use crate::error::{Error, Refused};

pub struct Schemas {
    pub now: Schema,
    /// The definitions with the fields that the mapping adds.
    pub then: Schema,
    /// The added fields by type, as sent to the API.
    pub missing: Vec<(String, Map<String, Value>)>,
}

/// Reads the tenant's definitions and checks the mapping against them.
pub async fn read(core: &Core, tenant: &TenantId, mapping: &Mapping) -> Result<Schemas, Failed> {
    let state = core
        .work
        .tenants
        .load(&*core.ports().store, tenant)
        .await
        .map_err(Error::from)?;
    let now = state.schema.clone();
    let mut then = now.clone();
    let mut missing = Vec::new();
    let names = PROPERTIES.map(|(name, ..)| name);
    for import in mapping.import.iter().filter(|import| import.into != USER) {
        let Some(object_type) = now.get(&import.into) else {
            return Err(Failed::Mapping(format!(
                "{}: there is no object type {}",
                import.file, import.into
            )));
        };
        for field in &import.field {
            let definition: Map<String, Value> = field.clone().into_iter().collect();
            let wrong = |what: String| {
                Failed::Mapping(format!(
                    "{}: a field of {}: {what}",
                    import.file, import.into
                ))
            };
            let name = definition
                .get("name")
                .and_then(Value::as_str)
                .ok_or_else(|| wrong("it has no name".into()))?
                .to_owned();
            if let Some(there) = object_type.field(&name) {
                let kind = there.kind().name();
                if definition.get("type").and_then(Value::as_str) != Some(kind) {
                    return Err(wrong(format!(
                        "{name} exists already, with the type {kind}; choose another name, or remove the definition"
                    )));
                }
                continue;
            }
            if let Some(property) = definition
                .keys()
                .find(|name| !names.contains(&name.as_str()))
            {
                return Err(wrong(format!(
                    "{name} has no property {property}; the properties are {}",
                    names.join(", ")
                )));
            }
            then.with_field(&import.into, &definition)
                .map_err(|refusal| wrong(format!("{name}: {}", Refused::of(&refusal.problem()))))?;
            missing.push((import.into.clone(), definition));
        }
    }
    for import in &mapping.import {
        suits(import, &then).map_err(|what| Failed::Mapping(format!("{}: {what}", import.file)))?;
    }
    Ok(Schemas { now, then, missing })
}

/// Checks that the mapping's fields exist, that its key identifies rows, and that lookups find records of the type that
/// the field points to.
fn suits(import: &Import, schema: &Schema) -> Result<(), String> {
    let Some(object_type) = schema.get(&import.into) else {
        if !["external_id", "email"].contains(&import.key.as_str()) {
            return Err(format!(
                "{} cannot be the key; the key of users is external_id or email",
                import.key
            ));
        }
        return Ok(());
    };
    let field = |name: &str| {
        let name = name.split('.').next().unwrap_or_default();
        object_type.field(name).ok_or_else(|| {
            format!(
                "{} has no field {name}; define it under [[import.field]], or correct the name",
                import.into
            )
        })
    };
    if !field(&import.key)?.definition.unique {
        return Err(format!(
            "{} is not a unique field of {}, so it cannot be the key",
            import.key, import.into
        ));
    }
    for (name, source) in &import.set {
        let field = field(name)?;
        let leads_to = match field.kind() {
            Kind::Relation | Kind::RelationList => field.definition.target.as_deref(),
            Kind::User => Some(USER),
            _ => None,
        };
        leads(source, leads_to, name)?;
    }
    import
        .check
        .keys()
        .try_for_each(|name| field(name).map(drop))?;
    let Some(lines) = &import.lines else {
        return Ok(());
    };
    if field(&lines.into)?.kind() != Kind::Lines {
        return Err(format!("{} is not a field of lines", lines.into));
    }
    for (name, source) in &lines.set {
        let leads_to = ["price_item", "tax_rate"].into_iter().find(|to| to == name);
        leads(source, leads_to, name)?;
    }
    Ok(())
}

/// A lookup that yields an id has to find a record of the type that the field points to.
fn leads(source: &Source, to: Option<&str>, name: &str) -> Result<(), String> {
    let rule = source.rule();
    let (Some(lookup), None, Some(to)) = (&rule.lookup, &rule.take, to) else {
        return Ok(());
    };
    let from = lookup.split('.').next().unwrap_or_default();
    if from == to {
        return Ok(());
    }
    Err(format!(
        "{name} points to a {to}, and its lookup {lookup} finds a {from}"
    ))
}
