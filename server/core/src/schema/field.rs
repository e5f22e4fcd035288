//! What a field is: its kind and its definition, as the contract (`x-field`) and the tenant write it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pattern::Pattern;

/// The kind of a field. It never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Text,
    LongText,
    Integer,
    Decimal,
    Boolean,
    Select,
    MultiSelect,
    Date,
    Datetime,
    Duration,
    Money,
    Email,
    Phone,
    Url,
    Address,
    Geo,
    Relation,
    RelationList,
    User,
    Team,
    FileList,
    Lines,
    Rating,
    AutoNumber,
}

/// How SQL orders and compares values of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By the folded text.
    Folded,
    /// Byte by byte: ids, options, telephone numbers.
    Exact,
    Number,
    /// By the amount.
    Money,
    /// Values have no order.
    None,
}

impl Kind {
    pub const ALL: [Self; 24] = [
        Self::Text,
        Self::LongText,
        Self::Integer,
        Self::Decimal,
        Self::Boolean,
        Self::Select,
        Self::MultiSelect,
        Self::Date,
        Self::Datetime,
        Self::Duration,
        Self::Money,
        Self::Email,
        Self::Phone,
        Self::Url,
        Self::Address,
        Self::Geo,
        Self::Relation,
        Self::RelationList,
        Self::User,
        Self::Team,
        Self::FileList,
        Self::Lines,
        Self::Rating,
        Self::AutoNumber,
    ];

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::LongText => "long_text",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::Select => "select",
            Self::MultiSelect => "multi_select",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Duration => "duration",
            Self::Money => "money",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Url => "url",
            Self::Address => "address",
            Self::Geo => "geo",
            Self::Relation => "relation",
            Self::RelationList => "relation_list",
            Self::User => "user",
            Self::Team => "team",
            Self::FileList => "file_list",
            Self::Lines => "lines",
            Self::Rating => "rating",
            Self::AutoNumber => "auto_number",
        }
    }

    pub fn order(self) -> Order {
        match self {
            Self::Text | Self::Email | Self::Url => Order::Folded,
            Self::Select | Self::Phone | Self::Relation | Self::User | Self::Team => Order::Exact,
            Self::Integer
            | Self::Decimal
            | Self::Boolean
            | Self::Date
            | Self::Datetime
            | Self::Duration
            | Self::Rating
            | Self::AutoNumber => Order::Number,
            Self::Money => Order::Money,
            Self::LongText
            | Self::MultiSelect
            | Self::Address
            | Self::Geo
            | Self::RelationList
            | Self::FileList
            | Self::Lines => Order::None,
        }
    }

    /// A list of texts, which supports has_any and has_all.
    pub fn is_list(self) -> bool {
        matches!(
            self,
            Self::MultiSelect | Self::RelationList | Self::FileList
        )
    }

    /// A text with a folded form, which supports contains and starts_with.
    pub fn is_text(self) -> bool {
        matches!(
            self,
            Self::Text | Self::LongText | Self::Email | Self::Url | Self::Phone | Self::Select
        )
    }

    /// A date or a datetime, which supports relative dates.
    pub fn is_time(self) -> bool {
        matches!(self, Self::Date | Self::Datetime)
    }

    /// Whether `GET /search` can find records by values of this kind.
    pub fn is_searchable(self) -> bool {
        matches!(
            self,
            Self::Text
                | Self::LongText
                | Self::Email
                | Self::Phone
                | Self::Url
                | Self::Select
                | Self::MultiSelect
                | Self::Address
        )
    }

    fn default_merge(self) -> &'static str {
        match self {
            Self::LongText => "text",
            Self::MultiSelect | Self::RelationList | Self::FileList => "set",
            Self::Money | Self::Address | Self::Lines => "review",
            _ => "last",
        }
    }
}

/// An option of a select.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

/// A field's definition as JSON, in requests and in the database. The name is stored beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    #[serde(rename = "type")]
    pub kind: Kind,
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub unique: bool,
    #[serde(default)]
    pub indexed: bool,
    #[serde(default)]
    pub searchable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<String>,
    #[serde(default)]
    pub server_owned: bool,
}

impl Definition {
    pub fn merge(&self) -> Cow<'_, str> {
        match &self.merge {
            Some(merge) => Cow::Borrowed(merge),
            None => Cow::Borrowed(self.kind.default_merge()),
        }
    }
}

/// A field with its definition and what is computed from it.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub definition: Definition,
    pub built_in: bool,
    /// Applies to the whole text, or to each entry of a list.
    pub pattern: Option<Pattern>,
    /// n if the column key_n of the table `records` holds the sort value.
    pub slot: Option<u8>,
    /// The SQL expressions for the field's value. The only variable part is the name, which is validated.
    pub sql: super::index::Expressions,
}

impl Field {
    pub fn new(name: &str, definition: Definition, built_in: bool) -> Self {
        Self {
            name: name.to_owned(),
            sql: super::index::Expressions::new(name, definition.kind),
            pattern: definition
                .pattern
                .as_deref()
                .map(|text| Pattern::new(text, built_in)),
            definition,
            built_in,
            slot: None,
        }
    }

    /// Whether the field is a list of texts without options.
    pub fn is_free(&self) -> bool {
        self.kind() == Kind::MultiSelect && self.definition.options.is_empty()
    }

    /// The same field with its sort value in the column of this slot.
    pub fn in_slot(mut self, slot: Option<u8>) -> Self {
        if let Some(slot) = slot {
            self.slot = Some(slot);
            self.sql.sort = super::slots::column(slot);
        }
        self
    }

    /// Whether listing in the field's order, or by one of its values, is an index scan.
    pub fn is_indexed(&self) -> bool {
        self.definition.indexed || self.slot.is_some_and(super::slots::is_indexed)
    }

    pub fn kind(&self) -> Kind {
        self.definition.kind
    }

    /// Whether the field's values come from a counter: an auto_number at creation, a document's number when it is
    /// issued. An import may state a number, and then the counter moves past it.
    pub fn is_counted(&self) -> bool {
        let definition = &self.definition;
        match definition.kind {
            Kind::AutoNumber => true,
            Kind::Integer => definition.unique && definition.server_owned,
            _ => false,
        }
    }
}
