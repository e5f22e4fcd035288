//! The change log entries for everything except records: people, keys, definitions, sessions, notices. `Work` writes
//! the entries of a decision with one sequence number each, so no change goes unlogged. The entries for records are
//! written in bulk in `records/write/commit.rs`.

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use crate::{
    fault::Fault,
    ports::store::{Statement, Value},
};

/// The `type` of an entry. New object types cannot have these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    ApiKey,
    Deprecation,
    Field,
    ObjectType,
    PortalCode,
    Session,
    Team,
    User,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::ApiKey,
        Self::Deprecation,
        Self::Field,
        Self::ObjectType,
        Self::PortalCode,
        Self::Session,
        Self::Team,
        Self::User,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::Deprecation => "deprecation",
            Self::Field => "field",
            Self::ObjectType => "object_type",
            Self::PortalCode => "portal_code",
            Self::Session => "session",
            Self::Team => "team",
            Self::User => "user",
        }
    }
}

/// Upper bound of the text of `fields` or `before` of an entry, in bytes. A row of D1 holds 2 MB.
const LONGEST: usize = 900_000;

/// One entry. `fields` are the new values of the changed properties, `before` the old ones; a missing value is null. No
/// entry holds a secret or its hash.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    kind: Kind,
    id: String,
    op: &'static str,
    fields: Map<String, Json>,
    before: Map<String, Json>,
}

impl Entry {
    /// An event, with the properties to log.
    pub fn new(kind: Kind, id: impl Into<String>, op: &'static str, fields: Json) -> Self {
        Self {
            kind,
            id: id.into(),
            op,
            fields: object(fields),
            before: Map::new(),
        }
    }

    /// A change from one state to another. Only the properties that differ are logged.
    pub fn change(
        kind: Kind,
        id: impl Into<String>,
        op: &'static str,
        before: &impl Serialize,
        after: &impl Serialize,
    ) -> Result<Self, Fault> {
        let state = |side: Result<Json, serde_json::Error>| {
            side.map(object)
                .map_err(|error| Fault::Internal(format!("an entry of the change log: {error}")))
        };
        let (mut old, mut new) = (
            state(serde_json::to_value(before))?,
            state(serde_json::to_value(after))?,
        );
        let names: Vec<String> = old.keys().chain(new.keys()).cloned().collect();
        for name in names {
            if old.get(&name).unwrap_or(&Json::Null) == new.get(&name).unwrap_or(&Json::Null) {
                old.remove(&name);
                new.remove(&name);
            } else {
                old.entry(name.clone()).or_insert(Json::Null);
                new.entry(name).or_insert(Json::Null);
            }
        }
        Ok(Self {
            fields: new,
            before: old,
            ..Self::new(kind, id, op, Json::Null)
        })
    }

    /// Adds a property to the entry.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// Whether the change affects what somebody may do.
    pub fn moves_access(&self) -> bool {
        self.kind == Kind::User
            && ["roles", "status"]
                .iter()
                .any(|name| self.fields.contains_key(*name))
    }
}

fn object(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(object) => object,
        _ => Map::new(),
    }
}

/// `fields` or `before` as stored. If it is too long for a row, a note replaces it.
fn text(side: &Map<String, Json>) -> String {
    let text = Json::Object(side.clone()).to_string();
    match text.len() {
        0..=LONGEST => text,
        bytes => json!({"too_long": bytes}).to_string(),
    }
}

/// The statement that appends the entries. The k-th entry gets the commit's sequence number `first` + k. `now` is in
/// epoch ms. `actor` is who made the change, as rows store it.
pub fn append(entries: &[Entry], first: u32, now: i64, actor: &str) -> Option<Statement> {
    let first = i64::from(first);
    const INTO: &str = "INSERT INTO changes (seq, record_id, type, op, fields, before, at, actor)";
    match entries {
        [] => None,
        // A single entry is bound directly, because its texts may be long.
        [entry] => Some(Statement::new(
            format!("{INTO} SELECT base + ?8, ?1, ?2, ?3, ?4, ?5, ?6, ?7 FROM meta"),
            [
                entry.id.as_str().into(),
                entry.kind.name().into(),
                entry.op.into(),
                text(&entry.fields).into(),
                text(&entry.before).into(),
                now.into(),
                actor.into(),
                first.into(),
            ],
        )),
        entries => {
            let rows = entries.iter().map(|entry| {
                json!([
                    entry.id,
                    entry.kind.name(),
                    entry.op,
                    text(&entry.fields),
                    text(&entry.before)
                ])
            });
            let rows = Json::Array(rows.collect()).to_string();
            Some(Statement::new(
                format!(
                    "{INTO} SELECT (SELECT base FROM meta) + ?4 + j.key, j.value ->> 0, j.value ->> 1, j.value ->> 2, \
                     j.value ->> 3, j.value ->> 4, ?2, ?3 FROM json_each(?1) j"
                ),
                [rows.into(), now.into(), actor.into(), first.into()],
            ))
        }
    }
}

/// Takes sequence numbers for a commit. With `moves_access`, cached roles are read again after the commit.
pub fn number(versions: u32, moves_access: bool) -> Statement {
    Statement::new(
        "UPDATE meta SET base = seq + 1, seq = seq + ?1, access_rev = access_rev + ?2 RETURNING base",
        [
            Value::from(i64::from(versions)),
            i64::from(moves_access).into(),
        ],
    )
}

/// The statements for an entry outside a decision, for requests before anybody is signed in.
pub fn alone(entry: &Entry, now: i64, actor: &str) -> impl Iterator<Item = Statement> {
    [number(1, entry.moves_access())].into_iter().chain(append(
        std::slice::from_ref(entry),
        0,
        now,
        actor,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::names;

    #[test]
    fn no_new_type_is_called_like_an_entry() {
        for kind in Kind::ALL {
            assert!(names::is_reserved_type(kind.name()), "{}", kind.name());
        }
    }

    #[test]
    fn a_change_keeps_what_differs() {
        let before = json!({"name": "Ann", "title": "Tech", "roles": ["admin"]});
        let after = json!({"name": "Ann", "phone": "1", "roles": []});
        let entry = Entry::change(Kind::User, "1", "update", &before, &after).unwrap();
        assert_eq!(
            (
                Json::Object(entry.fields.clone()),
                Json::Object(entry.before.clone())
            ),
            (
                json!({"title": null, "phone": "1", "roles": []}),
                json!({"title": "Tech", "phone": null, "roles": ["admin"]})
            )
        );
        assert!(entry.moves_access());
        let same = Entry::change(Kind::User, "1", "update", &before, &before).unwrap();
        assert!(same.fields.is_empty() && same.before.is_empty() && !same.moves_access());
    }

    #[test]
    fn a_side_that_is_too_long_for_a_row_says_so() {
        let long = json!({"options": "x".repeat(LONGEST)});
        let entry = Entry::new(Kind::Field, "job.kind", "update", long);
        let statement = append(&[entry], 0, 0, "system:").unwrap();
        let [_, _, _, Value::Text(fields), ..] = &statement.params[..] else {
            panic!("{statement:?}");
        };
        assert_eq!(*fields, json!({"too_long": LONGEST + 14}).to_string());
    }
}
