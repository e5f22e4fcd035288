//! The keywords of a schema with the same meaning in both forms of OpenAPI.

pub(super) const SAME: &[&str] = &[
    "$ref",
    "default",
    "deprecated",
    "description",
    "discriminator",
    "enum",
    "externalDocs",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minItems",
    "minLength",
    "minProperties",
    "multipleOf",
    "pattern",
    "readOnly",
    "required",
    "title",
    "uniqueItems",
    "writeOnly",
    "xml",
];

pub(super) fn is_annotation(key: &str) -> bool {
    key.starts_with("x-")
}
