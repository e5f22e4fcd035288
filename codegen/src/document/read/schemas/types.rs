//! The type of a schema, declared or inferred from its other keywords, and the values that it lists.

use serde_json::Value;

use super::{LIST, MAP, NUMBER, Place, TEXT};
use crate::document::read::{Dialect, Reader};
use crate::document::{Kind, Schema};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Null,
    Boolean,
    Text,
    Integer,
    Number,
    List,
    Map,
}

impl Type {
    fn parse(name: &str) -> Option<Type> {
        Some(match name {
            "null" => Type::Null,
            "boolean" => Type::Boolean,
            "string" => Type::Text,
            "integer" => Type::Integer,
            "number" => Type::Number,
            "array" => Type::List,
            "object" => Type::Map,
            _ => return None,
        })
    }

    fn of(value: &Value) -> Type {
        match value {
            Value::Null => Type::Null,
            Value::Bool(_) => Type::Boolean,
            Value::Number(number) if number.is_f64() => Type::Number,
            Value::Number(_) => Type::Integer,
            Value::String(_) => Type::Text,
            Value::Array(_) => Type::List,
            Value::Object(_) => Type::Map,
        }
    }
}

impl<'a> Reader<'a> {
    /// `type`, without null, and whether null is among them.
    pub(super) fn types(&mut self, place: &Place<'a>) -> (Vec<Type>, bool) {
        let Some(written) = place.child("type") else {
            return (Vec::new(), false);
        };
        let names = match (written.node.as_str(), self.dialect) {
            (Some(name), _) => vec![name.to_owned()],
            (None, Dialect::V31) => self.texts_of(&written),
            (None, Dialect::V30) => {
                self.report_at(
                    "type",
                    &written,
                    "OpenAPI 3.0 knows only one type per schema",
                    "write one, and `nullable: true` for null",
                );
                Vec::new()
            }
        };
        let mut types = Vec::new();
        for name in names {
            match Type::parse(&name) {
                Some(Type::Null) if self.dialect == Dialect::V30 => {
                    self.report_at(
                        "type",
                        &written,
                        "OpenAPI 3.0 has no type null",
                        "write `nullable: true` beside the other type",
                    );
                }
                Some(kind) => types.push(kind),
                None => self.report_at(
                    "type",
                    &written,
                    format!("no type is called `{name}`"),
                    "one of: string, integer, number, boolean, array, object, null",
                ),
            }
        }
        let null = types.contains(&Type::Null);
        types.retain(|kind| *kind != Type::Null);
        (types, null)
    }

    pub(super) fn nullable_30(&mut self, place: &Place<'a>) -> bool {
        let nullable = self.boolean(place, "nullable").unwrap_or(false);
        if let Some(written) = place.child("nullable")
            && self.dialect == Dialect::V31
        {
            self.report_at(
                "nullable",
                &written,
                "OpenAPI 3.1 has no `nullable`; it would be ignored",
                "write `type: [..., \"null\"]`",
            );
            return false;
        }
        nullable
    }

    pub(super) fn values(&mut self, place: &Place<'a>, schema: &mut Schema) {
        schema.constant = place.child("const").map(|value| self.json(&value));
        let Some(written) = place.child("enum") else {
            return;
        };
        let mut values: Vec<Value> = Vec::new();
        for item in self.list_of(&written) {
            let value = self.json(&item);
            if values.contains(&value) {
                self.report_at(
                    "duplicate-item",
                    &item,
                    format!("{value} stands twice in this enumeration"),
                    "remove one of the two",
                );
            } else {
                values.push(value);
            }
        }
        if values.is_empty() {
            self.report_at(
                "enum",
                &written,
                "an enumeration without values allows nothing",
                "list its values",
            );
        }
        values.retain(|value| !value.is_null());
        schema.enumeration = (!values.is_empty()).then_some(values);
    }

    /// The kind by `type`, or by the other keywords if `type` is left out. None if only composition defines the value.
    pub(super) fn base(
        &mut self,
        place: &Place<'a>,
        schema: &Schema,
        declared: &[Type],
        composed: bool,
    ) -> Option<Kind> {
        let has = |keys: &[&str]| keys.iter().any(|key| place.has(key));
        let kinds: Vec<Type> = if declared.is_empty() {
            self.inferred(place, schema)
        } else {
            declared.to_vec()
        };
        for (group, fits, name) in [
            (TEXT, kinds.contains(&Type::Text), "string"),
            (
                NUMBER,
                kinds.contains(&Type::Integer) || kinds.contains(&Type::Number),
                "integer or number",
            ),
            (LIST, kinds.contains(&Type::List), "array"),
            (MAP, kinds.contains(&Type::Map), "object"),
        ] {
            for key in group
                .iter()
                .filter(|key| !fits && !declared.is_empty() && place.has(key))
            {
                if let Some(written) = place.child(key) {
                    let message =
                        format!("`{key}` says nothing about a value that is not of type {name}");
                    self.report_at(
                        "keyword-without-effect",
                        &written,
                        message,
                        "remove it, or correct `type`",
                    );
                }
            }
        }
        if composed && (kinds.is_empty() || (kinds == [Type::Map] && !has(MAP))) {
            return None;
        }
        let mut read: Vec<Kind> = kinds.iter().map(|kind| self.kind(place, *kind)).collect();
        match read.len() {
            0 if place.has("type") => None,
            0 | 1 => Some(read.pop().unwrap_or(Kind::Any)),
            _ => {
                let variants = read
                    .into_iter()
                    .map(|kind| Schema::of(kind, schema.at.clone()))
                    .collect();
                Some(Kind::AnyOf {
                    variants,
                    discriminator: None,
                })
            }
        }
    }

    pub(super) fn inferred(&self, place: &Place<'a>, schema: &Schema) -> Vec<Type> {
        let has = |keys: &[&str]| keys.iter().any(|key| place.has(key));
        let by_keyword = [
            (MAP, Type::Map),
            (LIST, Type::List),
            (TEXT, Type::Text),
            (NUMBER, Type::Number),
        ];
        if let Some((_, kind)) = by_keyword.iter().find(|(keys, _)| has(keys)) {
            return vec![*kind];
        }
        if schema.extensible.is_some() {
            return vec![Type::Text];
        }
        let values = schema
            .constant
            .iter()
            .chain(schema.enumeration.iter().flatten());
        let mut kinds: Vec<Type> = Vec::new();
        for kind in values.map(Type::of).filter(|kind| *kind != Type::Null) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        // A constant list or object is defined by its value alone.
        if kinds
            .iter()
            .any(|kind| matches!(kind, Type::List | Type::Map))
        {
            Vec::new()
        } else {
            kinds
        }
    }
}

pub(super) fn enum_holds_null(place: &Place<'_>) -> bool {
    place
        .child("enum")
        .and_then(|list| {
            list.node
                .as_list()
                .map(|list| list.iter().any(|node| node.kind() == "null"))
        })
        .unwrap_or(false)
}
