//! The constraints that a commit may violate, by their meaning. A store reports a constraint by its name; only this
//! file reads these names.

use std::fmt;

use crate::schema::index;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// An earlier request with the same Idempotency-Key was committed.
    IdempotencyKey,
    /// The id of a record is in use.
    RecordId,
    /// Another record of the type has this value of a unique field, or the new index finds two records with one value.
    Unique { object_type: String, field: String },
    /// Another person has this login address.
    Login,
    /// Another person has this external id.
    ExternalId,
    /// Any other constraint. That it refuses a commit is a server bug.
    Other(String),
}

impl From<String> for Constraint {
    fn from(name: String) -> Self {
        match name.as_str() {
            "idempotency.key_hash" => Self::IdempotencyKey,
            "records.id" => Self::RecordId,
            "users.login" => Self::Login,
            "users.external_id" => Self::ExternalId,
            other => match index::parse_unique_name(other) {
                Some((object_type, field)) => Self::Unique {
                    object_type: object_type.to_owned(),
                    field: field.to_owned(),
                },
                None => Self::Other(name),
            },
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IdempotencyKey => f.write_str("of Idempotency-Keys"),
            Self::RecordId => f.write_str("of the ids of records"),
            Self::Unique { object_type, field } => write!(f, "of {object_type}.{field}"),
            Self::Login => f.write_str("of sign-in addresses"),
            Self::ExternalId => f.write_str("of external ids"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constraint_is_known_by_its_whole_name() {
        let unique = |object_type: &str, field: &str| Constraint::Unique {
            object_type: object_type.into(),
            field: field.into(),
        };
        let read = |name: &str| Constraint::from(name.to_owned());
        assert_eq!(read("idempotency.key_hash"), Constraint::IdempotencyKey);
        assert_eq!(read("records.id"), Constraint::RecordId);
        assert_eq!(read("users.login"), Constraint::Login);
        assert_eq!(read("users.external_id"), Constraint::ExternalId);
        // Index names contain names that tenants choose.
        for (object_type, field) in [("thing", "login"), ("idempotency", "key_hash"), ("u", "u")] {
            assert_eq!(
                read(&index::unique_name(object_type, field)),
                unique(object_type, field)
            );
        }
        for name in [
            "users.id",
            "stale.u.a.b",
            "u.",
            "u.a",
            "u.a.b.c",
            "U.a.b",
            "u.a.b c",
            "",
        ] {
            assert_eq!(read(name), Constraint::Other(name.into()));
        }
    }
}
