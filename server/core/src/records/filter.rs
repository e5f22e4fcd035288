//! The filter tree: read from JSON and checked against the type's definitions, at most 8 levels deep with 64 leaves.
//! The result is typed and needs no more checks; `compile` makes SQL of it.

use std::{borrow::Cow, sync::Arc};

use serde_json::Value;

use super::column::Column;
use crate::{
    failure::{At, Failure, Failures},
    fold::{self, fold, fold_part},
    schema::{Kind, ObjectType, Order, Schema, value::MAX_INTEGER},
};

pub mod area;
pub mod compile;
pub mod period;

#[cfg(test)]
mod tests;

pub use area::Area;
pub use period::Period;

pub const MOST_DEPTH: usize = 8;
pub const MOST_LEAVES: usize = 64;
pub const MOST_VALUES: usize = 1_000;

#[derive(Clone, Debug)]
pub enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Leaf(Leaf),
}

/// A relation, and the type that it points to.
pub type Through = Option<(Column, Arc<ObjectType>)>;

#[derive(Clone, Debug)]
pub struct Leaf {
    /// The relation to follow first, and the type that it points to.
    pub through: Through,
    pub column: Column,
    pub test: Test,
    /// `ne`, `not_in` and `is_empty` are the negations of `eq`, `in` and `not_empty`.
    pub negated: bool,
}

impl Filter {
    /// Whether an index can find the few matching records: every match has one of some given values in an indexed
    /// field.
    pub fn is_selective(&self) -> bool {
        match self {
            Self::And(parts) => parts.iter().any(Self::is_selective),
            Self::Or(_) | Self::Not(_) => false,
            Self::Leaf(leaf) => {
                let equal = matches!(leaf.test, Test::Compare(Compare::Eq, _) | Test::In(_));
                let indexed = match &leaf.column {
                    Column::Field(field) => field.is_indexed() || field.definition.unique,
                    Column::Envelope(property) => *property == super::column::Envelope::Id,
                };
                equal && indexed && !leaf.negated && leaf.through.is_none()
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    Eq,
    Lt,
    Lte,
    Gt,
    Gte,
}

impl Compare {
    pub fn sign(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Lt => "<",
            Self::Lte => "<=",
            Self::Gt => ">",
            Self::Gte => ">=",
        }
    }
}

/// Never true for an empty value.
#[derive(Clone, Debug)]
pub enum Test {
    Compare(Compare, Operand),
    Period(Compare, Period),
    In(Vec<Operand>),
    /// Folded.
    Contains(String),
    StartsWith(String),
    NotEmpty,
    HasAny(Vec<Value>),
    HasAll(Vec<Value>),
    Within(Area),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// The form that SQL compares: folded if the column is.
    Text(String),
    Number(i64),
    Money {
        amount: i64,
        currency: String,
    },
}

/// Parses a filter. Relative dates refer to `now`, in epoch ms.
pub fn read(
    schema: &Schema,
    object_type: &ObjectType,
    text: &str,
    now: i64,
) -> Result<Filter, Vec<Failure>> {
    let at = At::Root("/query/filter");
    match crm_runtime::json::parse(text.as_bytes()) {
        Ok(value) => parse(schema, object_type, &value, &at, now),
        Err(error) => Err(vec![Failure {
            pointer: at.pointer(),
            rule: "json",
            message: format!("The filter is JSON: {error}."),
        }]),
    }
}

/// Checks a filter tree.
pub fn parse(
    schema: &Schema,
    object_type: &ObjectType,
    value: &Value,
    at: &At<'_>,
    now: i64,
) -> Result<Filter, Vec<Failure>> {
    let mut parser = Parser {
        schema,
        object_type,
        now,
        leaves: 0,
        failures: Failures::default(),
    };
    let filter = parser.node(value, at, 1);
    if parser.leaves > MOST_LEAVES {
        parser.failures.add(
            at.pointer(),
            "leaves",
            format!(
                "A filter has at most {MOST_LEAVES} comparisons, not {}.",
                parser.leaves
            ),
        );
    }
    match filter {
        Some(filter) => parser.failures.result(filter).map_err(Failures::into_list),
        None => Err(parser.failures.into_list()),
    }
}

struct Parser<'a> {
    schema: &'a Schema,
    object_type: &'a ObjectType,
    now: i64,
    leaves: usize,
    failures: Failures,
}

impl Parser<'_> {
    fn fail<T>(
        &mut self,
        at: &At<'_>,
        rule: &'static str,
        message: impl Into<String>,
    ) -> Option<T> {
        self.failures.add(at.pointer(), rule, message);
        None
    }

    fn node(&mut self, value: &Value, at: &At<'_>, depth: usize) -> Option<Filter> {
        if depth > MOST_DEPTH {
            return self.fail(
                at,
                "depth",
                format!("A filter is at most {MOST_DEPTH} deep."),
            );
        }
        let Some(object) = value.as_object() else {
            return self.fail(
                at,
                "type",
                "A filter is an object: {and}, {or}, {not}, or {field, op, value}.",
            );
        };
        for (word, wrap) in [
            ("and", Filter::And as fn(Vec<Filter>) -> Filter),
            ("or", Filter::Or),
        ] {
            let Some(parts) = object.get(word) else {
                continue;
            };
            self.alone(object, at);
            let at = at.name(word);
            let Some(parts) = parts.as_array().filter(|parts| !parts.is_empty()) else {
                return self.fail(
                    &at,
                    "type",
                    format!("{word} takes a list of one filter or more."),
                );
            };
            // A list of 64 parts may contain lists of 64 parts: parts beyond the bound are not examined.
            if self.leaves + parts.len() > 4 * MOST_LEAVES {
                self.leaves += parts.len();
                return None;
            }
            let parts: Vec<_> = parts
                .iter()
                .enumerate()
                .map(|(index, part)| self.node(part, &at.index(index), depth + 1))
                .collect();
            return parts.into_iter().collect::<Option<Vec<_>>>().map(wrap);
        }
        if let Some(part) = object.get("not") {
            self.alone(object, at);
            return self
                .node(part, &at.name("not"), depth + 1)
                .map(|part| Filter::Not(Box::new(part)));
        }
        self.leaves += 1;
        self.leaf(object, at).map(Filter::Leaf)
    }

    fn alone(&mut self, object: &serde_json::Map<String, Value>, at: &At<'_>) {
        if object.len() > 1 {
            self.fail::<()>(at, "alone", "and, or and not stand alone in their object.");
        }
    }

    fn leaf(&mut self, object: &serde_json::Map<String, Value>, at: &At<'_>) -> Option<Leaf> {
        for name in object
            .keys()
            .filter(|name| !matches!(name.as_str(), "field" | "op" | "value"))
        {
            self.fail::<()>(
                &at.name(name),
                "unknown_property",
                format!("A filter has no property {name}."),
            );
        }
        let column = self.column(object.get("field"), &at.name("field"));
        let at_op = at.name("op");
        let op = match object.get("op").and_then(Value::as_str) {
            Some(op) => Some(op),
            None => self.fail(&at_op, "required", "A comparison needs its op."),
        };
        let ((through, column), op) = (column?, op?);
        let (test, negated) = self.test(&column, op, object.get("value"), at)?;
        Some(Leaf {
            through,
            column,
            test,
            negated,
        })
    }

    fn column(&mut self, path: Option<&Value>, at: &At<'_>) -> Option<(Through, Column)> {
        let Some(path) = path.and_then(Value::as_str) else {
            return self.fail(at, "required", "A comparison needs its field.");
        };
        let mut steps = path.split('.');
        let first = steps.next().unwrap_or_default();
        let Some(column) = Column::find(self.object_type, first) else {
            return self.fail(
                at,
                "unknown_field",
                format!("The type {} has no field {first}.", self.object_type.name),
            );
        };
        let Some(second) = steps.next() else {
            return Some((None, column));
        };
        let target = match &column {
            Column::Field(field) if field.kind() == Kind::Relation => {
                field.definition.target.as_deref()
            }
            _ => None,
        };
        let Some(target) = target.and_then(|target| self.schema.get(target)) else {
            return self.fail(
                at,
                "unknown_field",
                format!("{first} is no relation: only a relation's fields are one step away."),
            );
        };
        if steps.next().is_some() {
            return self.fail(at, "unknown_field", "A filter looks one step away at most.");
        }
        match Column::find(target, second) {
            Some(inner) => Some((Some((column, target.clone())), inner)),
            None => self.fail(
                at,
                "unknown_field",
                format!("The type {} has no field {second}.", target.name),
            ),
        }
    }

    fn test(
        &mut self,
        column: &Column,
        op: &str,
        value: Option<&Value>,
        at: &At<'_>,
    ) -> Option<(Test, bool)> {
        let kind = column.kind();
        let single = column.order() != Order::None;
        let ranged = matches!(column.order(), Order::Number | Order::Folded | Order::Money)
            && kind != Kind::Boolean;
        let suits = match op {
            "eq" | "ne" | "in" | "not_in" => single,
            "lt" | "lte" | "gt" | "gte" => ranged,
            "contains" | "starts_with" => matches!(
                kind,
                Kind::Text | Kind::LongText | Kind::Email | Kind::Url | Kind::Phone
            ),
            "is_empty" | "not_empty" => true,
            "has_any" | "has_all" => kind.is_list(),
            "within" => kind == Kind::Geo,
            _ => {
                return self.fail(
                    &at.name("op"),
                    "unknown_op",
                    format!("There is no operator {op}."),
                );
            }
        };
        if !suits {
            return self.fail(
                &at.name("op"),
                "unsuitable_op",
                format!("{op} does not suit a field of type {}.", kind.name()),
            );
        }
        let at_value = at.name("value");
        let Some(value) = value else {
            return match op {
                "is_empty" => Some((Test::NotEmpty, true)),
                "not_empty" => Some((Test::NotEmpty, false)),
                _ => self.fail(&at_value, "required", format!("{op} needs a value.")),
            };
        };
        let compare = match op {
            "eq" | "ne" => Some(Compare::Eq),
            "lt" => Some(Compare::Lt),
            "lte" => Some(Compare::Lte),
            "gt" => Some(Compare::Gt),
            "gte" => Some(Compare::Gte),
            _ => None,
        };
        if let Some(compare) = compare {
            let test = if kind.is_time() && value.is_object() {
                match period::parse(value, kind, self.now) {
                    Ok(period) => Test::Period(compare, period),
                    Err((rule, message)) => return self.fail(&at_value, rule, message),
                }
            } else {
                Test::Compare(compare, self.operand(column, value, &at_value)?)
            };
            return Some((test, op == "ne"));
        }
        match op {
            "in" | "not_in" => {
                let values = self.list(value, &at_value)?;
                let operands: Vec<_> = values
                    .iter()
                    .enumerate()
                    .map(|(index, value)| self.operand(column, value, &at_value.index(index)))
                    .collect();
                Some((
                    Test::In(operands.into_iter().collect::<Option<_>>()?),
                    op == "not_in",
                ))
            }
            "has_any" | "has_all" => {
                let values = self.list(value, &at_value)?;
                if let Some(index) = values.iter().position(|value| !value.is_string()) {
                    return self.fail(
                        &at_value.index(index),
                        "type",
                        format!("{op} takes a list of texts."),
                    );
                }
                let is_free = matches!(column, Column::Field(field) if field.is_free());
                let values: Vec<Value> = match is_free {
                    true => values
                        .iter()
                        .filter_map(Value::as_str)
                        .map(fold::entry)
                        .map(Value::from)
                        .collect(),
                    false => values.to_vec(),
                };
                Some((
                    if op == "has_any" {
                        Test::HasAny(values)
                    } else {
                        Test::HasAll(values)
                    },
                    false,
                ))
            }
            "contains" | "starts_with" => {
                let Some(text) = value
                    .as_str()
                    .map(|text| match op {
                        "contains" => fold_part(text),
                        // Texts have no leading white space, but a part may end with white space.
                        _ => fold_part(text.trim_start()),
                    })
                    .map(Cow::into_owned)
                    .filter(|text| !text.is_empty())
                else {
                    return self.fail(
                        &at_value,
                        "type",
                        format!("{op} takes a text of one letter or more."),
                    );
                };
                if text.len() > 1_000 {
                    return self.fail(
                        &at_value,
                        "max_length",
                        format!("{op} takes at most 1,000 bytes of text."),
                    );
                }
                Some((
                    if op == "contains" {
                        Test::Contains(text)
                    } else {
                        Test::StartsWith(text)
                    },
                    false,
                ))
            }
            "within" => match area::parse(value) {
                Ok(area) => Some((Test::Within(area), false)),
                Err((rule, message)) => self.fail(&at_value, rule, message),
            },
            _ if value.is_null() => Some((Test::NotEmpty, op == "is_empty")),
            _ => self.fail(
                &at_value,
                "unsuitable_value",
                format!("{op} takes no value."),
            ),
        }
    }

    fn list<'v>(&mut self, value: &'v Value, at: &At<'_>) -> Option<&'v [Value]> {
        match value.as_array() {
            Some(values) if values.len() > MOST_VALUES => self.fail(
                at,
                "max_length",
                format!("A list in a filter has at most {MOST_VALUES} values."),
            ),
            Some(values) => Some(values),
            None => self.fail(at, "type", "This operator takes a list."),
        }
    }

    fn operand(&mut self, column: &Column, value: &Value, at: &At<'_>) -> Option<Operand> {
        match column.order() {
            Order::Folded => match value.as_str() {
                Some(text) if text.len() <= 10_000 => Some(Operand::Text(fold(text).into_owned())),
                _ => self.fail(
                    at,
                    "type",
                    "This field is compared with a text of at most 10,000 bytes.",
                ),
            },
            Order::Exact | Order::None => match value.as_str() {
                Some(text) if text.len() <= 1_000 => Some(Operand::Text(text.trim().to_owned())),
                _ => self.fail(
                    at,
                    "type",
                    format!(
                        "A field of type {} is compared with a text.",
                        column.kind().name()
                    ),
                ),
            },
            Order::Number if column.kind() == Kind::Boolean => match value.as_bool() {
                Some(truth) => Some(Operand::Number(truth.into())),
                None => self.fail(at, "type", "This field is compared with true or false."),
            },
            Order::Number => match value.as_i64().filter(|n| n.abs() <= MAX_INTEGER) {
                Some(number) => Some(Operand::Number(number)),
                None => self.fail(
                    at,
                    "type",
                    format!(
                        "A field of type {} is compared with an integer.",
                        column.kind().name()
                    ),
                ),
            },
            Order::Money => {
                let amount = value
                    .get("amount")
                    .and_then(Value::as_i64)
                    .filter(|n| n.abs() <= MAX_INTEGER);
                let currency = value
                    .get("currency")
                    .and_then(Value::as_str)
                    .filter(|code| code.len() == 3);
                match (amount, currency) {
                    (Some(amount), Some(currency)) => Some(Operand::Money {
                        amount,
                        currency: currency.to_owned(),
                    }),
                    _ => self.fail(at, "type", "Money is compared with {amount, currency}."),
                }
            }
        }
    }
}
