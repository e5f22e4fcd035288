//! Parameters and headers.

use indexmap::IndexMap;
use serde_json::Value;

use super::Reader;
use super::place::Place;
use crate::document::{
    Date, Deprecation, Example, Header, Kind, Parameter, ParameterLocation, Schema, Style,
};

impl<'a> Reader<'a> {
    /// A list of `parameters`; of two with the same name and location the later is reported.
    pub(super) fn parameters(&mut self, owner: &Place<'a>) -> Vec<Parameter> {
        let mut parameters: Vec<Parameter> = Vec::new();
        for place in self.list(owner, "parameters") {
            let Some(parameter) = self.parameter(&place) else {
                continue;
            };
            if parameters.iter().any(|other| same(other, &parameter)) {
                let message = format!(
                    "the {} parameter `{}` is there twice",
                    parameter.location, parameter.name
                );
                self.report_at(
                    "duplicate-parameter",
                    &place,
                    message,
                    "remove one of the two",
                );
            } else {
                parameters.push(parameter);
            }
        }
        parameters
    }

    pub(super) fn parameter(&mut self, place: &Place<'a>) -> Option<Parameter> {
        if !self.charge(1) {
            return None;
        }
        let target = self.follow(place, "parameters")?;
        let place = &target.place;
        self.map(place)?;
        self.known(
            place,
            &[
                "name",
                "in",
                "description",
                "required",
                "deprecated",
                "schema",
                "content",
                "style",
                "explode",
                "example",
                "examples",
            ],
            &["allowReserved", "allowEmptyValue"],
        );
        let name = self.required_text(place, "name");
        let location = self.parameter_location(place);
        let (schema, content) = self.schema_or_content(place);
        let (name, location) = (name?, location?);
        let required = self.boolean(place, "required").unwrap_or(false);
        if location == ParameterLocation::Path && !required {
            let message = format!(
                "the path parameter `{name}` is not marked required; a path without it is another path"
            );
            self.report_at(
                "path-parameter-required",
                place,
                message,
                "add `required: true`",
            );
        }
        let style = self.style(place).unwrap_or(location.default_style());
        if !allowed(location).contains(&style) {
            let message = format!(
                "a {location} parameter cannot be written in the style `{}`",
                style.name()
            );
            let possible = allowed(location)
                .iter()
                .map(|style| style.name())
                .collect::<Vec<_>>()
                .join(", ");
            self.report_at(
                "parameter-style",
                place,
                message,
                &format!("possible: {possible}"),
            );
        }
        Some(Parameter {
            name,
            location,
            required: required || location == ParameterLocation::Path,
            description: self.text(place, "description"),
            schema,
            content,
            style,
            explode: self
                .boolean(place, "explode")
                .unwrap_or(style == Style::Form || style == Style::DeepObject),
            examples: self.examples(place),
            deprecation: self.deprecation(place),
            extensions: self.extensions(place),
            component: target.name,
            at: self.at(place),
        })
    }

    pub(super) fn header(&mut self, place: &Place<'a>) -> Option<Header> {
        if !self.charge(1) {
            return None;
        }
        let target = self.follow(place, "headers")?;
        let place = &target.place;
        self.map(place)?;
        self.known(
            place,
            &[
                "description",
                "required",
                "deprecated",
                "schema",
                "content",
                "style",
                "explode",
                "example",
                "examples",
            ],
            &[],
        );
        let (schema, _) = self.schema_or_content(place);
        Some(Header {
            description: self.text(place, "description"),
            required: self.boolean(place, "required").unwrap_or(false),
            schema,
            set_by: self.text(place, "x-set-by"),
            examples: self.examples(place),
            deprecation: self.deprecation(place),
            extensions: self.extensions(place),
            component: target.name,
            at: self.at(place),
        })
    }

    fn parameter_location(&mut self, place: &Place<'a>) -> Option<ParameterLocation> {
        let text = self.required_text(place, "in")?;
        let location = ParameterLocation::parse(&text);
        if location.is_none() {
            let at = place.child("in").unwrap_or_else(|| place.clone());
            self.report_at(
                "parameter-location",
                &at,
                format!("a parameter cannot be in `{text}`"),
                "one of: path, query, header, cookie",
            );
        }
        location
    }

    pub(super) fn style(&mut self, place: &Place<'a>) -> Option<Style> {
        let text = self.text(place, "style")?;
        let style = Style::parse(&text);
        if style.is_none() {
            let at = place.child("style").unwrap_or_else(|| place.clone());
            let all = Style::ALL.map(Style::name).join(", ");
            self.report_at(
                "parameter-style",
                &at,
                format!("no style is called `{text}`"),
                &format!("one of: {all}"),
            );
        }
        style
    }

    /// Either a schema, or the schema of the one media type in `content`.
    fn schema_or_content(&mut self, place: &Place<'a>) -> (Schema, Option<String>) {
        match (place.child("schema"), place.child("content")) {
            (Some(schema), None) => (self.schema(&schema), None),
            (None, Some(content)) => {
                let members = self.members(&content);
                if members.len() != 1 {
                    let message = format!(
                        "`content` names {} media types here; exactly one is possible",
                        members.len()
                    );
                    self.report_at(
                        "parameter-content",
                        &content,
                        message,
                        "leave one, or use `schema`",
                    );
                }
                match members.into_iter().next() {
                    Some((name, media)) => {
                        let schema = media.child("schema").map(|schema| self.schema(&schema));
                        (
                            schema.unwrap_or_else(|| Schema::of(Kind::Any, self.at(&media))),
                            Some(name),
                        )
                    }
                    None => (Schema::of(Kind::Any, self.at(place)), None),
                }
            }
            (both, _) => {
                let what = if both.is_some() {
                    "both `schema` and `content`"
                } else {
                    "neither `schema` nor `content`"
                };
                self.report_at(
                    "parameter-schema",
                    place,
                    format!("{what} is given here"),
                    "give exactly one of them",
                );
                (Schema::of(Kind::Any, self.at(place)), None)
            }
        }
    }

    /// `example` and `examples` beside a schema, in a map by name.
    pub(super) fn examples(&mut self, place: &Place<'a>) -> IndexMap<String, Example> {
        let mut examples = IndexMap::new();
        if let Some(value) = place.child("example") {
            let example = Example {
                summary: None,
                description: None,
                value: self.json(&value),
                extensions: serde_json::Map::new(),
                at: self.at(&value),
            };
            examples.insert("example".to_owned(), example);
        }
        let Some(list) = place.child("examples") else {
            return examples;
        };
        if !examples.is_empty() {
            self.report_at(
                "examples-twice",
                &list,
                "`example` and `examples` exclude each other",
                "keep `examples`",
            );
        }
        for (name, example) in self.members(&list) {
            let Some(target) = self.follow(&example, "examples") else {
                continue;
            };
            let example = target.place;
            if self.map(&example).is_none() {
                continue;
            }
            self.known(
                &example,
                &["summary", "description", "value"],
                &["externalValue"],
            );
            let Some(value) = self.required(&example, "value") else {
                continue;
            };
            let example = Example {
                summary: self.text(&example, "summary"),
                description: self.text(&example, "description"),
                value: self.json(&value),
                extensions: self.extensions(&example),
                at: self.at(&value),
            };
            examples.insert(name, example);
        }
        examples
    }

    /// The deprecation of a thing that may be `deprecated`.
    pub(super) fn deprecation(&mut self, place: &Place<'a>) -> Option<Deprecation> {
        let deprecated = self.boolean(place, "deprecated").unwrap_or(false);
        let deprecation = Deprecation {
            deprecated_at: self.date(place, "x-deprecated-at"),
            sunset: self.date(place, "x-sunset"),
            replacement: self.text(place, "x-replacement"),
        };
        deprecated.then_some(deprecation)
    }

    pub(super) fn date(&mut self, place: &Place<'a>, key: &str) -> Option<Date> {
        let text = self.text(place, key)?;
        let date = Date::parse(&text);
        if date.is_none() {
            let at = place.child(key).unwrap_or_else(|| place.clone());
            self.report_at(
                "date",
                &at,
                format!("`{text}` is not a day of the calendar"),
                "write it as YYYY-MM-DD",
            );
        }
        date
    }
}

/// Whether two parameters are the same in a request. Header names are case-insensitive.
pub(super) fn same(a: &Parameter, b: &Parameter) -> bool {
    a.location == b.location
        && match a.location {
            ParameterLocation::Header => a.name.eq_ignore_ascii_case(&b.name),
            _ => a.name == b.name,
        }
}

fn allowed(location: ParameterLocation) -> &'static [Style] {
    match location {
        ParameterLocation::Path => &[Style::Simple, Style::Label, Style::Matrix],
        ParameterLocation::Query => &[
            Style::Form,
            Style::SpaceDelimited,
            Style::PipeDelimited,
            Style::DeepObject,
        ],
        ParameterLocation::Header => &[Style::Simple],
        ParameterLocation::Cookie => &[Style::Form],
    }
}

/// The examples of a schema: `examples` of 3.1 is a list, `example` a value.
pub(super) fn schema_examples<'a>(reader: &mut Reader<'a>, place: &Place<'a>) -> Vec<Value> {
    let mut places: Vec<Place<'a>> = place.child("example").into_iter().collect();
    places.extend(reader.list(place, "examples"));
    places.iter().map(|place| reader.json(place)).collect()
}
