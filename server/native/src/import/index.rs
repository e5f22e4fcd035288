//! The index for lookups: finds the tenant's records and people, and the rows that are planned so far, by the values
//! that the mapping looks up.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crm_core::{auth::address, fold, schema::Order};
use http::Method;
use serde_json::{Map, Value};

use super::{
    definitions::Schemas,
    mapping::{Mapping, USER},
    plan,
    run::Failed,
    spool::Spool,
};
use crate::operator::Operator;

/// Records by `type.field` and value as text.
pub struct Index {
    pub spool: Spool,
    paths: BTreeMap<String, i64>,
    /// The names of the fields that lookups `take`; other fields are not stored.
    takes: BTreeSet<String>,
    /// The paths whose values are compared exactly.
    exact: HashSet<String>,
    /// Ids of inactive users; no record can point to them.
    pub gone: HashSet<String>,
}

impl Index {
    pub fn new(takes: BTreeSet<String>) -> Result<Self, Failed> {
        Ok(Self {
            spool: Spool::new()?,
            paths: BTreeMap::new(),
            takes,
            exact: HashSet::new(),
            gone: HashSet::new(),
        })
    }

    /// The number of a path in the spool.
    pub fn path(&mut self, path: &str) -> i64 {
        if let Some(number) = self.paths.get(path) {
            return *number;
        }
        let number = self.paths.len() as i64;
        self.paths.insert(path.to_owned(), number);
        number
    }

    /// Adds a record under one of its values.
    pub fn add(
        &mut self,
        path: &str,
        value: &str,
        id: &str,
        fields: &Map<String, Value>,
    ) -> Result<(), Failed> {
        let value = self.compared(path, value);
        let path = self.path(path);
        Ok(self.spool.add(path, &value, id, &self.taken(fields))?)
    }

    /// The id of the record or person with this value.
    pub fn id(&self, path: &str, value: &str) -> Result<Option<String>, Failed> {
        let Some(number) = self.paths.get(path) else {
            return Ok(None);
        };
        let value = self.compared(path, value);
        Ok(self.spool.found(*number, &value)?.map(|found| found.id))
    }

    /// A field of the record or person with this value.
    pub fn field(&self, path: &str, value: &str, field: &str) -> Result<Option<Value>, Failed> {
        let Some(number) = self.paths.get(path) else {
            return Ok(None);
        };
        let value = self.compared(path, value);
        Ok(self.spool.fields(*number, &value)?.remove(field))
    }

    /// A value in the form in which its unique field compares it: texts case-folded, email addresses of users as for
    /// sign-in.
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

    /// Stores the fields of the record with `value`, which is in the form of `compared`.
    pub fn set_fields(
        &self,
        path: i64,
        value: &str,
        fields: &Map<String, Value>,
    ) -> Result<(), Failed> {
        let taken = self.taken(fields);
        if !taken.is_empty() {
            self.spool.set_fields(path, value, &taken)?;
        }
        Ok(())
    }

    fn taken(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        let taken = self
            .takes
            .iter()
            .filter_map(|name| Some((name.clone(), fields.get(name)?.clone())));
        taken.collect()
    }
}

/// Reads the tenant's records and people that the mapping may look up.
pub async fn read(
    operator: &Operator,
    mapping: &Mapping,
    Schemas { now, then, .. }: &Schemas,
) -> Result<Index, Failed> {
    let paths: BTreeSet<String> = mapping.import.iter().flat_map(plan::lookups).collect();
    let takes: BTreeSet<String> = mapping.import.iter().flat_map(plan::takes).collect();
    let mut index = Index::new(takes.clone())?;
    for path in paths {
        let (object_type, field) = path
            .split_once('.')
            .ok_or_else(|| Failed::Mapping(format!("{path} is not of the form `type.field`")))?;
        let order = then.get(object_type).and_then(|then| then.field(field));
        if order.map(|field| field.kind().order()) == Some(Order::Exact) {
            index.exact.insert(path.clone());
        }
        let list = if object_type == USER {
            "/users?limit=200".to_owned()
        } else {
            match now.get(object_type) {
                None => {
                    return Err(Failed::Mapping(format!(
                        "{path}: there is no object type {object_type}"
                    )));
                }
                // The import adds this field, so no record has it yet.
                Some(known) if known.field(field).is_none() => continue,
                Some(known) => {
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
                let none = Map::new();
                index.add(&path, &value, &id, fields.as_object().unwrap_or(&none))?;
            }
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
    }
    Ok(index)
}
