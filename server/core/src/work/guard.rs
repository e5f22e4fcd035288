//! What a decision depends on, as one SQL condition. If it no longer holds, the commit writes nothing and is `Stale`.

use std::fmt::Write;

use crate::ports::store::{Statement, Value};

/// Conditions joined by AND. An empty guard always holds.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Each `{}` stands for the next parameter.
    conditions: Vec<String>,
    params: Vec<Value>,
}

impl Guard {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a condition. Each `{}` stands for the next parameter; the condition has no other braces.
    pub fn and(mut self, condition: &str, params: impl IntoIterator<Item = Value>) -> Self {
        self.conditions.push(condition.to_owned());
        self.params.extend(params);
        self
    }

    /// The conditions of both guards.
    pub fn join(mut self, other: Self) -> Self {
        self.conditions.extend(other.conditions);
        self.params.extend(other.params);
        self
    }

    /// The revisions of the tenant's definitions and roles are unchanged.
    pub fn revisions(self, schema_rev: i64, access_rev: i64) -> Self {
        self.and(
            "(SELECT schema_rev = {} AND access_rev = {} FROM meta)",
            [schema_rev.into(), access_rev.into()],
        )
    }

    /// Each record still has this version. Version 0 means that the record must not exist.
    pub fn records<'a>(self, versions: impl IntoIterator<Item = (&'a str, i64)>) -> Self {
        self.versions("records", versions)
    }

    /// The same for the rows of any table with the columns `id` and `version`.
    pub fn versions<'a>(
        self,
        table: &'static str,
        versions: impl IntoIterator<Item = (&'a str, i64)>,
    ) -> Self {
        let pairs: Vec<_> = versions
            .into_iter()
            .map(|(id, version)| serde_json::json!([id, version]))
            .collect();
        if pairs.is_empty() {
            return self;
        }
        let condition = format!(
            "NOT EXISTS (SELECT 1 FROM json_each({{}}) j WHERE coalesce((SELECT version FROM {table} WHERE id = j.value ->> 0), 0) <> j.value ->> 1)"
        );
        self.and(
            &condition,
            [serde_json::Value::Array(pairs).to_string().into()],
        )
    }

    /// The statement that violates the constraint `stale` if a condition does not hold.
    pub fn statement(self) -> Option<Statement> {
        if self.conditions.is_empty() {
            return None;
        }
        let conditions = self.conditions.join(" AND ");
        let mut sql = String::with_capacity(conditions.len() + 64);
        sql.push_str("INSERT INTO guard (ok) SELECT 0 WHERE NOT (");
        for (index, part) in conditions.split("{}").enumerate() {
            if index > 0 {
                // Writing to a String does not fail.
                let _ = write!(sql, "?{index}");
            }
            sql.push_str(part);
        }
        sql.push(')');
        Some(Statement::new(sql, self.params))
    }
}
