//! The one enforcer of which records a caller sees, and which of their fields. Every statement that selects records for
//! a caller restricts its rows by [`Visible`]. Every record in an answer passes a [`Mask`].

use std::{borrow::Cow, collections::BTreeMap};

use crm_runtime::JsonObject;
use serde_json::value::RawValue;

use crate::{
    context::Principal,
    fault::Fault,
    ports::store::Value,
    records::sql::Sql,
    schema::ObjectType,
    shown::Shown,
    work::{Guard, Scope},
};

/// The record type of customers.
pub const CONTACT: &str = "contact";

/// The fields of their own contact that a customer sees. Fields that a tenant adds are never shown.
pub const OF_CUSTOMER: [&str; 7] = [
    "kind",
    "first_name",
    "last_name",
    "company_name",
    "emails",
    "phones",
    "billing_address",
];

/// The rows of `records` that a statement reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of<'a> {
    /// Records of this type, which must be a name in the schema.
    Type(&'a str),
    Any,
}

/// The records that a caller sees.
#[derive(Clone, Debug)]
pub struct Visible(Option<Rule>);

/// The SQL condition for each record that a caller sees. `{t}` stands for the table and `{}` for each value in turn.
#[derive(Clone, Debug)]
struct Rule {
    condition: &'static str,
    values: Vec<Value>,
}

impl Visible {
    /// For tests of statements.
    #[cfg(test)]
    pub const ALL: Self = Self(None);

    /// For tests of statements: sees the records that fulfil this condition of one value.
    #[cfg(test)]
    pub fn holding(condition: &'static str, value: impl Into<Value>) -> Self {
        Self(Some(Rule {
            condition,
            values: vec![value.into()],
        }))
    }

    pub fn to(scope: &Scope) -> Self {
        Self(match &scope.caller.principal {
            Principal::Portal { contact, .. } => Some(Rule {
                condition: "({t}.id = {} AND {t}.type = 'contact')",
                values: vec![contact.as_str().into()],
            }),
            // All existing roles and scopes grant the records of all types or of none.
            Principal::User { .. } | Principal::Key { .. } | Principal::Operator => None,
        })
    }

    /// Appends ` AND` and the condition that a row of `records`, under the alias `table`, is of this type and visible
    /// to the caller. Appends nothing if that holds for every row.
    pub fn restrict(&self, sql: &mut Sql, of: Of<'_>, table: &str) {
        if let Of::Type(name) = of {
            sql.push(&format!(" AND {table}.type = '{name}'"));
        }
        if let Some(rule) = &self.0 {
            sql.push(" AND ");
            rule.push(sql, table);
        }
    }

    /// Appends a column `visible`: 1 for a row that the caller sees, else 0. It is for statements that need all rows,
    /// such as those that keep values unique.
    pub fn tell(&self, sql: &mut Sql, table: &str) {
        match &self.0 {
            Some(rule) => rule.push(sql, table),
            None => drop(sql.push("1")),
        }
        sql.push(" AS visible");
    }

    /// The guard that each of these records exists, is not deleted, and is visible to the caller.
    pub fn guard<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Guard {
        let ids: Vec<_> = ids.into_iter().map(serde_json::Value::from).collect();
        if ids.is_empty() {
            return Guard::new();
        }
        let seen = self.0.as_ref().map_or_else(String::new, |rule| {
            format!(" AND {}", rule.condition.replace("{t}", "r"))
        });
        let condition = format!(
            "NOT EXISTS (SELECT 1 FROM json_each({{}}) j WHERE NOT EXISTS (SELECT 1 FROM records r WHERE r.id = j.value AND r.deleted_at IS NULL{seen}))"
        );
        let values = self.0.iter().flat_map(|rule| rule.values.clone());
        let ids = serde_json::Value::Array(ids).to_string().into();
        Guard::new().and(&condition, std::iter::once(ids).chain(values))
    }
}

impl Rule {
    fn push(&self, sql: &mut Sql, table: &str) {
        let condition = self.condition.replace("{t}", table);
        let mut values = self.values.iter().cloned();
        for (index, part) in condition.split("{}").enumerate() {
            if index > 0 {
                sql.bind(values.next().unwrap_or(Value::Null));
            }
            sql.push(part);
        }
    }
}

/// The fields of a record that an answer shows: the requested fields that the caller may see.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(Default))]
pub struct Mask {
    asked: Shown,
    /// None means all fields.
    granted: Option<&'static [&'static str]>,
}

impl Mask {
    /// For tests of printing.
    #[cfg(test)]
    pub fn asking(fields: &[&str]) -> Self {
        Self {
            asked: Shown::of_fields(Some(&fields.join(",")), |_| true).unwrap(),
            granted: None,
        }
    }

    /// The mask for records of one type. `fields` is the parameter `?fields=`; a field that the type lacks is refused.
    pub fn of(
        scope: &Scope,
        object_type: &ObjectType,
        fields: Option<&str>,
    ) -> Result<Self, Fault> {
        Self::of_types(scope, [object_type], fields)
    }

    /// The mask for records of several types. A field that none of them has is refused.
    pub fn of_types<'a>(
        scope: &Scope,
        types: impl IntoIterator<Item = &'a ObjectType, IntoIter: Clone>,
        fields: Option<&str>,
    ) -> Result<Self, Fault> {
        let types = types.into_iter();
        let granted = match &scope.caller.principal {
            Principal::Portal { .. } => Some(&OF_CUSTOMER[..]),
            Principal::User { .. } | Principal::Key { .. } | Principal::Operator => None,
        };
        let is_granted = |name: &str| granted.is_none_or(|granted| granted.contains(&name));
        let known =
            |name: &str| is_granted(name) && types.clone().any(|one| one.fields.contains_key(name));
        Ok(Self {
            asked: Shown::of_fields(fields, known)?,
            granted,
        })
    }

    pub fn shows(&self, object_type: &ObjectType, name: &str) -> bool {
        self.asked.asks_for(name)
            && self.granted.is_none_or(|granted| granted.contains(&name))
            && object_type.fields.contains_key(name)
    }

    /// Whether the stored text can be sent unchanged.
    fn passes(&self, object_type: &ObjectType) -> bool {
        self.asked.is_whole() && self.granted.is_none() && object_type.hidden.is_empty()
    }

    /// The strong ETag of a version under this mask.
    pub fn etag(&self, version: i64, hidden: impl IntoIterator<Item = impl AsRef<str>>) -> String {
        self.asked.etag_without(version, hidden)
    }

    /// The visible values as JSON. If nothing is left out, the stored text is returned without parsing it.
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

    /// Removes the values that are not shown.
    pub fn retain(&self, object_type: &ObjectType, values: &mut JsonObject) {
        values.retain(|name, _| self.shows(object_type, name));
    }
}

#[cfg(test)]
mod tests;
