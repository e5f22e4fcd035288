//! The one enforcer: what a caller may see. Rows are restricted in the SQL that reads them, fields in the one place that
//! makes a record of a row. Lists, search, history and answers of writes all pass through here.

use std::{borrow::Cow, collections::BTreeMap};

use crm_contract::latest::types;
use crm_runtime::JsonObject;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::{
    fault::Fault,
    schema::{Failure, ObjectType},
    work::Scope,
};

/// A condition on `records` that holds for the rows of a type that the caller may read; None: for all of them. Its text
/// is ours: it is spliced into the statement.
pub fn rows(scope: &Scope, object_type: &ObjectType) -> Option<String> {
    // Roles grant whole types so far; scopes of records come with roles of one's own.
    let _ = (scope, object_type);
    None
}

/// Which fields an answer shows: those asked for, of those that the caller may see.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    /// None: all.
    asked: Option<Vec<String>>,
}

impl Mask {
    /// Reads `?fields=`. `known` says which names there are.
    pub fn parse(fields: Option<&str>, known: impl Fn(&str) -> bool) -> Result<Self, Fault> {
        let Some(fields) = fields else {
            return Ok(Self::default());
        };
        let mut asked: Vec<String> = fields.split(',').map(str::to_owned).collect();
        asked.sort();
        asked.dedup();
        let unknown = asked
            .iter()
            .filter(|name| !known(name))
            .map(|name| Failure {
                pointer: "/query/fields".into(),
                rule: "unknown_field",
                message: format!("There is no field {name}."),
            });
        let unknown: Vec<Failure> = unknown.collect();
        if unknown.is_empty() {
            Ok(Self { asked: Some(asked) })
        } else {
            Err(Fault::Invalid(unknown))
        }
    }

    pub fn shows(&self, object_type: &ObjectType, name: &str) -> bool {
        let asked = self
            .asked
            .as_ref()
            .is_none_or(|asked| asked.iter().any(|asked| asked == name));
        asked && object_type.fields.contains_key(name)
    }

    /// The same for things that are no records: by top-level property.
    pub fn asks_for(&self, name: &str) -> bool {
        self.asked
            .as_ref()
            .is_none_or(|asked| asked.iter().any(|asked| asked == name))
    }

    pub fn is_whole(&self) -> bool {
        self.asked.is_none()
    }

    /// Whether the stored text can go out as it is.
    fn passes(&self, object_type: &ObjectType) -> bool {
        self.asked.is_none() && object_type.hidden.is_empty()
    }

    /// The ETag of a version as this mask shows it.
    pub fn etag(&self, version: i64, hidden: impl IntoIterator<Item = impl AsRef<str>>) -> String {
        let mut hash: Option<Sha256> = None;
        for name in self.asked.iter().flatten() {
            hash.get_or_insert_default().update(name.as_bytes());
            hash.get_or_insert_default().update(b",");
        }
        for name in hidden {
            hash.get_or_insert_default().update(b"-");
            hash.get_or_insert_default()
                .update(name.as_ref().as_bytes());
        }
        match hash {
            None => format!("\"{version}\""),
            Some(hash) => format!(
                "\"{version}.{}\"",
                crate::hex::encode(&hash.finalize()[..6])
            ),
        }
    }

    /// The values that are shown, as JSON. Where nothing is left out, the stored text passes unread.
    pub fn text<'a>(&self, object_type: &ObjectType, data: &'a str) -> Result<Cow<'a, str>, Fault> {
        if self.passes(object_type) {
            return Ok(data.into());
        }
        let odd =
            |error: serde_json::Error| Fault::Internal(format!("stored data is no JSON: {error}"));
        let all: BTreeMap<&str, &RawValue> = serde_json::from_str(data).map_err(odd)?;
        let shown: BTreeMap<&str, &RawValue> = all
            .into_iter()
            .filter(|(name, _)| self.shows(object_type, name))
            .collect();
        serde_json::to_string(&shown).map(Cow::Owned).map_err(odd)
    }

    /// Leaves of an object what is shown.
    pub fn retain(&self, object_type: &ObjectType, values: &mut JsonObject) {
        values.retain(|name, _| self.shows(object_type, name));
    }
}

/// `user:` and an id, as the contract writes it.
pub fn actor(stored: &str) -> types::Actor {
    let (kind, id) = stored.split_once(':').unwrap_or((stored, ""));
    types::Actor {
        kind: kind.into(),
        id: (!id.is_empty()).then(|| id.to_owned()),
    }
}
