//! Columns of filters and sorts: a field of the type or a property of the record's envelope, with the SQL expressions
//! for it.

use std::sync::Arc;

use crate::schema::{Field, Kind, ObjectType, Order};

/// A property of the record's envelope that can be filtered and sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    Id,
    Version,
    CreatedAt,
    UpdatedAt,
    DeletedAt,
    CreatedBy,
    UpdatedBy,
}

impl Envelope {
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "id" => Self::Id,
            "version" => Self::Version,
            "created_at" => Self::CreatedAt,
            "updated_at" => Self::UpdatedAt,
            "deleted_at" => Self::DeletedAt,
            "created_by" => Self::CreatedBy,
            "updated_by" => Self::UpdatedBy,
            _ => return None,
        })
    }

    fn kind(self) -> Kind {
        match self {
            Self::Id | Self::CreatedBy | Self::UpdatedBy => Kind::Relation,
            Self::Version => Kind::Integer,
            Self::CreatedAt | Self::UpdatedAt | Self::DeletedAt => Kind::Datetime,
        }
    }

    fn plain(self) -> &'static str {
        match self {
            Self::Id => "records.id",
            Self::Version => "records.version",
            Self::CreatedAt => "records.created_at",
            Self::UpdatedAt => "records.updated_at",
            Self::DeletedAt => "records.deleted_at",
            // Stored as `user:` and the id.
            Self::CreatedBy => "substr(records.created_by, instr(records.created_by, ':') + 1)",
            Self::UpdatedBy => "substr(records.updated_by, instr(records.updated_by, ':') + 1)",
        }
    }
}

#[derive(Clone, Debug)]
pub enum Column {
    Envelope(Envelope),
    Field(Arc<Field>),
}

impl Column {
    pub fn find(object_type: &ObjectType, name: &str) -> Option<Self> {
        let field = object_type.field(name).cloned().map(Self::Field);
        field.or_else(|| Envelope::parse(name).map(Self::Envelope))
    }

    pub fn kind(&self) -> Kind {
        match self {
            Self::Envelope(property) => property.kind(),
            Self::Field(field) => field.kind(),
        }
    }

    pub fn order(&self) -> Order {
        match self {
            Self::Field(field) if field.kind() == Kind::LongText => Order::Folded,
            _ => self.kind().order(),
        }
    }

    /// NULL if the value is empty.
    pub fn plain(&self) -> &str {
        match self {
            Self::Envelope(property) => property.plain(),
            Self::Field(field) => &field.sql.plain,
        }
    }

    /// Never NULL. Empty values sort after all others.
    pub fn sort(&self) -> &str {
        match self {
            Self::Envelope(Envelope::DeletedAt) => "coalesce(records.deleted_at, 9007199254740992)",
            Self::Envelope(property) => property.plain(),
            Self::Field(field) => &field.sql.sort,
        }
    }

    /// The value of `sort` for an empty value. None if the column is never empty.
    pub fn last(&self) -> Option<&'static str> {
        match self {
            Self::Envelope(Envelope::DeletedAt) => Some("9007199254740992"),
            Self::Envelope(_) => None,
            Self::Field(field) => Some(field.sql.last),
        }
    }

    /// The expression whose index serves equality. A unique field without an ordinary index has only its unique index.
    pub fn equality(&self) -> &str {
        match self {
            Self::Field(field) if field.definition.unique && !field.is_indexed() => {
                &field.sql.plain
            }
            _ => self.sort(),
        }
    }
}
