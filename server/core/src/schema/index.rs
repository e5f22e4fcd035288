//! The SQL expressions for a field's value, and the indexes over them. SQLite uses an index only if a query spells the
//! expression exactly the same, so only this file writes them. An index for one type slows the writes of all types, so
//! only fields without a slot, unique fields and indexes over several fields get one.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    ObjectType,
    field::{Field, Kind, Order},
    names, slots,
};
use crate::fold::{exact, fold};

/// Texts are sorted by this many characters of their folded form, then by id. This keeps positions and cursors short.
pub const KEY_CHARS: usize = 100;
/// Sorts after every text. Empty values have it as their sort key, so they come last.
pub const AFTER_ALL_TEXT: &str = "\u{10FFFF}";
/// Sorts after every number: 2^53.
pub const AFTER_ALL_NUMBERS: i64 = 1 << 53;

/// The SQL expressions for one field.
#[derive(Clone, Debug)]
pub struct Expressions {
    /// The stored JSON value as SQL's `->>` gives it; NULL if empty.
    pub raw: String,
    /// The value to compare: the folded text, the number, the amount. NULL if empty.
    pub plain: String,
    /// The value that a unique field compares: `plain`, but for texts the form with accents. Never NULL where `plain`
    /// is not NULL.
    pub unique: String,
    /// The columns of the field's unique index. It begins with `plain`, so that filters can use it too.
    unique_columns: String,
    /// The sort key, over which ordinary indexes are made. Never NULL: empty values sort after all others. For folded
    /// texts it has only the first `KEY_CHARS` characters. If the field has a slot, this is the slot's column.
    pub sort: String,
    /// The sort key computed from the JSON.
    pub computed: String,
    /// The sort key of an empty value, as an SQL literal.
    pub last: &'static str,
}

impl Expressions {
    /// `name` must be validated: letters, digits and underscores.
    pub fn new(name: &str, kind: Kind) -> Self {
        let raw = format!("data ->> '$.{name}'");
        let folded = format!("coalesce(keys ->> '$.{name}', data ->> '$.{name}')");
        let (plain, last) = match kind.order() {
            Order::Folded => (folded, "char(1114111)"),
            Order::Number => (raw.clone(), "9007199254740992"),
            Order::Money => (format!("data ->> '$.{name}.amount'"), "9007199254740992"),
            Order::None if kind == Kind::LongText => (folded, "char(1114111)"),
            Order::Exact | Order::None => (raw.clone(), "char(1114111)"),
        };
        let extra = format!("keys ->> '$.{}'", exact_name(name));
        let (unique, unique_columns) = match kind.order() {
            Order::Folded => (
                format!("(coalesce({extra}, keys ->> '$.{name}', data ->> '$.{name}'))"),
                format!("({plain}), coalesce({extra}, ''){APART}"),
            ),
            _ => (format!("({plain})"), format!("({plain})")),
        };
        let sort = match plain.strip_suffix(')') {
            Some(inside) => format!("substr({inside}, {last}), 1, {KEY_CHARS})"),
            None => format!("coalesce({plain}, {last})"),
        };
        Self {
            raw,
            plain: format!("({plain})"),
            unique,
            unique_columns,
            computed: sort.clone(),
            sort,
            last,
        }
    }

    /// The same expression with a table alias.
    pub fn of(alias: &str, expression: &str) -> String {
        if slots::is_column(expression) {
            return format!("{alias}.{expression}");
        }
        expression
            .replace("data ->>", &format!("{alias}.data ->>"))
            .replace("keys ->>", &format!("{alias}.keys ->>"))
    }
}

/// The property of a record's keys with the form that a unique field compares, if that is not the folded one. It cannot
/// be a field's name, because those begin with a letter.
pub fn exact_name(field: &str) -> String {
    format!("_{field}")
}

/// The last column of a unique index over texts. It is 0, or the record's own number if another record holds one of its
/// unique texts: see `records::refold`.
const APART: &str = ", apart";

/// The statements that replace a unique index over texts from an earlier program by the current one. None if it is
/// current or not over texts.
pub fn renewed_unique(name: &str, sql: &str) -> Option<[String; 2]> {
    let (object_type, field) = parse_unique_name(name)?;
    let is_earlier = sql.starts_with("CREATE UNIQUE INDEX")
        && sql.contains("coalesce(keys ->>")
        && !sql.contains(&format!("{APART})"));
    let columns = Expressions::new(field, Kind::Text).unique_columns;
    is_earlier.then(|| {
        [
            drop_named(name),
            create_unique(object_type, field, &columns),
        ]
    })
}

/// A sample of a unique index over texts, which differs when their form changes.
pub fn unique_form() -> String {
    create_unique("t", "f", &Expressions::new("f", Kind::Text).unique_columns)
}

fn create_unique(object_type: &str, field: &str, columns: &str) -> String {
    format!(
        "CREATE UNIQUE INDEX IF NOT EXISTS \"{}\" ON records ({columns}) WHERE type = '{object_type}' AND deleted_at IS NULL",
        unique_name(object_type, field)
    )
}

/// The name of the index that a statement makes. None for other statements.
pub fn name_of(sql: &str) -> Option<&str> {
    let (head, _) = sql.trim_start().split_once(" ON ")?;
    if !head.starts_with("CREATE INDEX") && !head.starts_with("CREATE UNIQUE INDEX") {
        return None;
    }
    Some(head.rsplit(' ').next()?.trim_matches('"'))
}

/// The SQL of an index as SQLite stores it.
pub fn kept(sql: &str) -> String {
    sql.replacen("INDEX IF NOT EXISTS", "INDEX", 1)
}

/// Whether several built-in types share an index with this name: see [`create_compounds`].
pub fn is_shared(name: &str) -> bool {
    name.starts_with("c.") && name.contains(':')
}

pub fn drop_named(name: &str) -> String {
    format!("DROP INDEX IF EXISTS \"{name}\"")
}

/// The name of a unique index, as the store reports it when the index refuses a commit.
pub fn unique_name(object_type: &str, field: &str) -> String {
    format!("u.{object_type}.{field}")
}

/// The type and the field in the name of a unique index.
pub fn parse_unique_name(constraint: &str) -> Option<(&str, &str)> {
    let (object_type, field) = constraint.strip_prefix("u.")?.split_once('.')?;
    (names::is_name(object_type) && names::is_name(field)).then_some((object_type, field))
}

/// The statements that make all indexes of a type. They have no effect if the indexes exist.
pub fn create_all(object_type: &ObjectType) -> Vec<String> {
    let mut statements = Vec::new();
    let single = object_type
        .fields
        .values()
        .flat_map(|field| create_of_field(&object_type.name, field));
    let compound = object_type
        .indexes
        .iter()
        .filter_map(|fields| create_compound(object_type, fields));
    statements.extend(single.chain(compound));
    statements
}

/// The statements that make the indexes for a field's definition, except those that types share.
pub fn create_of_field(object_type: &str, field: &Field) -> Vec<String> {
    let mut statements = Vec::new();
    let name = &field.name;
    if field.definition.indexed && !field.slot.is_some_and(slots::is_indexed) {
        statements.push(format!(
            "CREATE INDEX IF NOT EXISTS \"i.{object_type}.{name}\" ON records ({}, id) WHERE type = '{object_type}' AND deleted_at IS NULL",
            field.sql.sort
        ));
    }
    if field.definition.unique {
        statements.push(create_unique(object_type, name, &field.sql.unique_columns));
    }
    statements
}

/// The statements that drop all indexes of a type.
pub fn drop_all(object_type: &ObjectType) -> Vec<String> {
    let name = &object_type.name;
    let fields = object_type
        .fields
        .keys()
        .flat_map(|field| drop_of_field(name, field));
    let compound = object_type
        .indexes
        .iter()
        .map(|fields| drop_compound(name, fields));
    fields.chain(compound).collect()
}

/// The statements that drop a field's indexes.
pub fn drop_of_field(object_type: &str, field: &str) -> Vec<String> {
    vec![
        drop_named(&format!("i.{object_type}.{field}")),
        drop_named(&unique_name(object_type, field)),
    ]
}

fn compound_name(object_type: &str, fields: &[String]) -> String {
    format!("c.{object_type}.{}", fields.join("."))
}

/// None if one of the fields was deleted.
pub fn create_compound(object_type: &ObjectType, fields: &[String]) -> Option<String> {
    let name = &object_type.name;
    Some(create(
        &compound_name(name, fields),
        &expressions(object_type, fields)?,
        &format!("type = '{name}'"),
    ))
}

fn expressions(object_type: &ObjectType, fields: &[String]) -> Option<Vec<String>> {
    fields
        .iter()
        .map(|name| Some(object_type.fields.get(name)?.sql.sort.clone()))
        .collect()
}

/// An index over several expressions, for the records that fulfil `types`. If the first expression is a slot's column,
/// the index resembles the one that types share, so two things keep the planner on the right one. It has `type` first,
/// because the planner prefers the index with more bound columns. It holds only queries with a condition on the slot,
/// or the planner would use it for every query of the type.
fn create(name: &str, expressions: &[String], types: &str) -> String {
    let (before, present) = match expressions.first() {
        Some(first) if slots::is_column(first) => ("type, ", format!(" AND {first} IS NOT NULL")),
        _ => ("", String::new()),
    };
    format!(
        "CREATE INDEX IF NOT EXISTS \"{name}\" ON records ({before}{}, id) WHERE ({types}){present} AND deleted_at IS NULL",
        expressions.join(", ")
    )
}

/// The indexes over several fields of all these types. Types share an index if its columns are the same. The planner
/// can use it for each of them, because the query's condition is one of those joined by OR. The index name contains the
/// types, so that a change of the types makes another index.
pub fn create_compounds<'a>(types: impl Iterator<Item = &'a ObjectType>) -> Vec<String> {
    let mut shared: BTreeMap<Vec<String>, Vec<&str>> = BTreeMap::new();
    let mut statements = Vec::new();
    for object_type in types {
        for fields in &object_type.indexes {
            let in_slots = |name: &String| {
                let field = object_type.fields.get(name);
                field.is_some_and(|field| field.slot.is_some())
            };
            match expressions(object_type, fields) {
                Some(expressions) if fields.iter().all(in_slots) => {
                    shared
                        .entry(expressions)
                        .or_default()
                        .push(&object_type.name);
                }
                _ => statements.extend(create_compound(object_type, fields)),
            }
        }
    }
    for (columns, types) in shared {
        let conditions: Vec<String> = types
            .iter()
            .map(|name| format!("type = '{name}'"))
            .collect();
        statements.push(create(
            &format!("c.{}:{}", columns.join("."), types.join(".")),
            &columns,
            &conditions.join(" OR "),
        ));
    }
    statements
}

pub fn drop_compound(object_type: &str, fields: &[String]) -> String {
    drop_named(&compound_name(object_type, fields))
}

/// The text to sort and compare by: the folded form. White space alone counts as empty and sorts like an empty value.
pub fn sort_text(text: &str) -> Cow<'_, str> {
    let folded = fold(text);
    if folded.is_empty() {
        return Cow::Borrowed(AFTER_ALL_TEXT);
    }
    folded
}

/// The text that a unique field compares: the form with accents. None if the text is empty.
pub fn unique_text(text: &str) -> Option<Cow<'_, str>> {
    Some(exact(text)).filter(|exact| !exact.is_empty())
}
