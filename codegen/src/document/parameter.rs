//! Parameters of a request and headers of an answer.

use std::fmt;

use indexmap::IndexMap;
use serde_json::Value;

use super::{Deprecation, Example, Schema};
use crate::diagnostic::Location;

#[derive(Debug, Clone)]
pub struct Parameter {
    pub name: String,
    pub location: ParameterLocation,
    pub required: bool,
    pub description: Option<String>,
    pub schema: Schema,
    /// The media type of the parameter's text (`content` instead of `schema`), such as `application/json` for a JSON
    /// filter in the query. Then `style` and `explode` do not apply.
    pub content: Option<String>,
    pub style: Style,
    /// `explode`, or the default of its style.
    pub explode: bool,
    pub examples: IndexMap<String, Example>,
    pub deprecation: Option<Deprecation>,
    pub extensions: serde_json::Map<String, Value>,
    /// The name under `components.parameters` if it was a reference.
    pub component: Option<String>,
    pub at: Location,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ParameterLocation {
    Path,
    Query,
    Header,
    Cookie,
}

impl ParameterLocation {
    /// The value of `in`.
    pub fn name(self) -> &'static str {
        match self {
            ParameterLocation::Path => "path",
            ParameterLocation::Query => "query",
            ParameterLocation::Header => "header",
            ParameterLocation::Cookie => "cookie",
        }
    }

    pub fn parse(text: &str) -> Option<ParameterLocation> {
        use ParameterLocation::{Cookie, Header, Path, Query};
        [Path, Query, Header, Cookie]
            .into_iter()
            .find(|location| location.name() == text)
    }

    /// The default style of a parameter.
    pub fn default_style(self) -> Style {
        match self {
            ParameterLocation::Path | ParameterLocation::Header => Style::Simple,
            ParameterLocation::Query | ParameterLocation::Cookie => Style::Form,
        }
    }
}

impl fmt::Display for ParameterLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The style of lists and objects in a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    Simple,
    Form,
    SpaceDelimited,
    PipeDelimited,
    DeepObject,
    Label,
    Matrix,
}

impl Style {
    pub const ALL: [Style; 7] = [
        Style::Simple,
        Style::Form,
        Style::SpaceDelimited,
        Style::PipeDelimited,
        Style::DeepObject,
        Style::Label,
        Style::Matrix,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Style::Simple => "simple",
            Style::Form => "form",
            Style::SpaceDelimited => "spaceDelimited",
            Style::PipeDelimited => "pipeDelimited",
            Style::DeepObject => "deepObject",
            Style::Label => "label",
            Style::Matrix => "matrix",
        }
    }

    pub fn parse(text: &str) -> Option<Style> {
        Style::ALL.into_iter().find(|style| style.name() == text)
    }
}

/// A header of an answer.
#[derive(Debug, Clone)]
pub struct Header {
    pub description: Option<String>,
    pub required: bool,
    pub schema: Schema,
    /// `x-set-by`: who sets it; handlers do not set `host` headers.
    pub set_by: Option<String>,
    pub examples: IndexMap<String, Example>,
    pub deprecation: Option<Deprecation>,
    pub extensions: serde_json::Map<String, Value>,
    /// The name under `components.headers` if it was a reference.
    pub component: Option<String>,
    pub at: Location,
}
