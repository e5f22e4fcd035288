//! What a decision stood on, as one SQL condition: if it no longer holds, the commit writes nothing and is `Stale`.

use std::fmt::Write;

use crate::ports::store::{Statement, Value};

/// Conditions joined by AND. Empty: always holds.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    conditions: Vec<String>,
    params: Vec<Value>,
}

impl Guard {
    pub fn new() -> Self {
        Self::default()
    }

    /// A condition of one's own; `{}` stands for each parameter in turn, and nothing else has a brace.
    pub fn and(mut self, condition: &str, params: impl IntoIterator<Item = Value>) -> Self {
        let mut sql = String::with_capacity(condition.len() + 8);
        let mut params = params.into_iter();
        for (index, part) in condition.split(['{', '}']).enumerate() {
            // Between the braces of a pair.
            if index % 2 == 1 {
                self.params.extend(params.next());
                // Writing to a String does not fail.
                let _ = write!(sql, "?{}", self.params.len());
            }
            sql.push_str(part);
        }
        self.conditions.push(sql);
        self
    }

    /// The tenant's definitions and roles are still those of these revisions.
    pub fn revisions(self, schema_rev: i64, access_rev: i64) -> Self {
        self.and(
            "(SELECT schema_rev = {} AND access_rev = {} FROM meta)",
            [schema_rev.into(), access_rev.into()],
        )
    }

    /// Each record still has this version; 0 means that it must not exist.
    pub fn records<'a>(self, versions: impl IntoIterator<Item = (&'a str, i64)>) -> Self {
        self.versions("records", versions)
    }

    /// The same for the rows of any table that has `id` and `version`.
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

    /// Each of these records still exists and is not deleted, whatever its version.
    pub fn alive<'a>(self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        let ids: Vec<_> = ids.into_iter().map(serde_json::Value::from).collect();
        if ids.is_empty() {
            return self;
        }
        self.and(
            "NOT EXISTS (SELECT 1 FROM json_each({}) j WHERE NOT EXISTS (SELECT 1 FROM records r WHERE r.id = j.value AND r.deleted_at IS NULL))",
            [serde_json::Value::Array(ids).to_string().into()],
        )
    }

    /// The statement that fails by the constraint `stale` if a condition does not hold.
    pub fn statement(self) -> Option<Statement> {
        if self.conditions.is_empty() {
            return None;
        }
        Some(Statement::new(
            format!(
                "INSERT INTO guard (ok) SELECT 0 WHERE NOT ({})",
                self.conditions.join(" AND ")
            ),
            self.params,
        ))
    }
}
