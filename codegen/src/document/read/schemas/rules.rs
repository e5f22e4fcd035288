//! The constraints of each type.

use indexmap::IndexMap;
use serde_json::Number;

use super::Place;
use super::types::Type;
use crate::document::read::{Dialect, Reader};
use crate::document::{
    Additional, ArrayRules, Kind, NumberRules, ObjectRules, Property, Schema, StringRules,
};

impl<'a> Reader<'a> {
    pub(super) fn kind(&mut self, place: &Place<'a>, kind: Type) -> Kind {
        match kind {
            Type::Null => Kind::Null,
            Type::Boolean => Kind::Boolean,
            Type::Text => Kind::String(self.text_rules(place)),
            Type::Integer => Kind::Integer(self.number_rules(place)),
            Type::Number => Kind::Number(self.number_rules(place)),
            Type::List => Kind::Array(Box::new(self.list_rules(place))),
            Type::Map => Kind::Object(Box::new(self.map_rules(place))),
        }
    }

    pub(super) fn text_rules(&mut self, place: &Place<'a>) -> StringRules {
        StringRules {
            min_length: self.count(place, "minLength"),
            max_length: self.count(place, "maxLength"),
            pattern: self.text(place, "pattern"),
            format: self.text(place, "format"),
            content_media_type: self.text(place, "contentMediaType"),
            content_schema: place
                .child("contentSchema")
                .map(|schema| Box::new(self.schema(&schema))),
        }
    }

    pub(super) fn number_rules(&mut self, place: &Place<'a>) -> NumberRules {
        let (minimum, exclusive_minimum) = self.bound(place, "minimum", "exclusiveMinimum");
        let (maximum, exclusive_maximum) = self.bound(place, "maximum", "exclusiveMaximum");
        NumberRules {
            minimum,
            maximum,
            exclusive_minimum,
            exclusive_maximum,
            multiple_of: self.number(place, "multipleOf"),
            format: self.text(place, "format"),
        }
    }

    /// A bound and its exclusive form, which is a flag in 3.0 and a number in 3.1.
    pub(super) fn bound(
        &mut self,
        place: &Place<'a>,
        key: &str,
        exclusive: &str,
    ) -> (Option<Number>, Option<Number>) {
        let bound = self.number(place, key);
        if self.dialect == Dialect::V31 {
            return (bound, self.number(place, exclusive));
        }
        match self.boolean(place, exclusive) {
            Some(true) => (None, bound),
            _ => (bound, None),
        }
    }

    pub(super) fn list_rules(&mut self, place: &Place<'a>) -> ArrayRules {
        let items = match place.child("items") {
            Some(items) => self.schema(&items),
            None => Schema::of(Kind::Any, self.at(place)),
        };
        ArrayRules {
            items,
            min_items: self.count(place, "minItems"),
            max_items: self.count(place, "maxItems"),
            unique_items: self.boolean(place, "uniqueItems").unwrap_or(false),
        }
    }

    pub(super) fn map_rules(&mut self, place: &Place<'a>) -> ObjectRules {
        let required = self.texts(place, "required");
        let mut properties = IndexMap::new();
        for (name, property) in place
            .child("properties")
            .map(|p| self.all_members(&p))
            .unwrap_or_default()
        {
            let schema = self.schema(&property);
            let required = required.contains(&name);
            properties.insert(name, Property { schema, required });
        }
        let required_elsewhere = required
            .into_iter()
            .filter(|name| !properties.contains_key(name))
            .collect();
        let additional = match place.child("additionalProperties") {
            None => Additional::Unsaid,
            Some(written) => match written.node.as_bool() {
                Some(true) => Additional::Allowed,
                Some(false) => Additional::Refused,
                None => Additional::Schema(Box::new(self.schema(&written))),
            },
        };
        ObjectRules {
            properties,
            additional,
            min_properties: self.count(place, "minProperties"),
            max_properties: self.count(place, "maxProperties"),
            required_elsewhere,
        }
    }
}
