//! What an import's rows can refer to: the tenant's records and people by the values that the mapping looks up, and, as they
//! are planned, the rows themselves.

use std::collections::{BTreeSet, HashMap, HashSet};

use crm_core::{
    auth::address,
    records::fold,
    schema::{Order, Schema},
};
use http::Method;
use serde_json::{Map, Value};

use super::{
    mapping::{Mapping, USER},
    plan,
    run::Failed,
};
use crate::cli::operator::Operator;

/// What lookups find: by `type.field`, the value as text, the record.
#[derive(Default)]
pub struct Index {
    by: HashMap<String, HashMap<String, usize>>,
    found: Vec<Found>,
    /// The paths whose values are compared as they are written.
    exact: HashSet<String>,
    /// Ids of people who are not active: no record can point to them.
    pub gone: HashSet<String>,
}

#[derive(Clone, Debug)]
pub struct Found {
    pub id: String,
    pub fields: Map<String, Value>,
}

impl Index {
    /// Makes `found` known under one of its values.
    pub fn add(&mut self, path: &str, value: String, found: Found) {
        let at = self.found.len();
        let value = self.compared(path, &value);
        self.found.push(found);
        self.by
            .entry(path.to_owned())
            .or_default()
            .insert(value, at);
    }

    pub fn get(&self, path: &str, value: &str) -> Option<&Found> {
        let value = self.compared(path, value);
        self.found.get(*self.by.get(path)?.get(&value)?)
    }

    /// A value as its unique field compares it: texts whatever their case, a person's address as it signs in.
    pub fn compared(&self, path: &str, value: &str) -> String {
        let of_user = path
            .strip_prefix(USER)
            .and_then(|rest| rest.strip_prefix('.'));
        match of_user {
            Some("email") => address::fold(value),
            Some("external_id") => value.to_owned(),
            _ if self.exact.contains(path) => value.to_owned(),
            _ => fold::exact(value).into_owned(),
        }
    }

    pub fn set_fields(&mut self, path: &str, value: &str, fields: Map<String, Value>) {
        let value = self.compared(path, value);
        if let Some(found) = self
            .by
            .get(path)
            .and_then(|by| by.get(&value))
            .and_then(|at| self.found.get_mut(*at))
        {
            found.fields = fields;
        }
    }
}

/// What the tenant has already of all that the mapping looks up.
pub async fn read(
    operator: &Operator,
    mapping: &Mapping,
    schema: &Schema,
) -> Result<Index, Failed> {
    let paths: BTreeSet<String> = mapping.import.iter().flat_map(plan::lookups).collect();
    let takes: BTreeSet<String> = mapping.import.iter().flat_map(plan::takes).collect();
    let mut index = Index::default();
    for path in paths {
        let (object_type, field) = path
            .split_once('.')
            .ok_or_else(|| Failed::Mapping(format!("{path} is no `type.field`")))?;
        let list = if object_type == USER {
            "/users?limit=200".to_owned()
        } else {
            match schema.get(object_type) {
                None => {
                    return Err(Failed::Mapping(format!(
                        "{path}: there is no object type {object_type}"
                    )));
                }
                // It comes with the import, so nothing has it yet.
                Some(known) if known.field(field).is_none() => continue,
                Some(known) => {
                    let order = known.field(field).map(|field| field.kind().order());
                    if order == Some(Order::Exact) {
                        index.exact.insert(path.clone());
                    }
                    let wanted: Vec<&str> = takes
                        .iter()
                        .map(String::as_str)
                        .filter(|name| known.field(name).is_some())
                        .chain([field])
                        .collect();
                    format!(
                        "/records/{object_type}?limit=200&fields={}",
                        wanted.join(",")
                    )
                }
            }
        };
        let mut cursor: Option<String> = None;
        loop {
            let url = cursor
                .as_ref()
                .map_or_else(|| list.clone(), |cursor| format!("{list}&cursor={cursor}"));
            let page = operator.send(Method::GET, &url, None).await?;
            for item in page["items"].as_array().into_iter().flatten() {
                let fields = if object_type == USER {
                    item
                } else {
                    &item["fields"]
                };
                let value = match &fields[field] {
                    Value::Null => continue,
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let id = item["id"].as_str().unwrap_or_default().to_owned();
                if object_type == USER && item["status"] != "active" {
                    index.gone.insert(id.clone());
                }
                index.add(
                    &path,
                    value,
                    Found {
                        id,
                        fields: fields.as_object().cloned().unwrap_or_default(),
                    },
                );
            }
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
    }
    Ok(index)
}
