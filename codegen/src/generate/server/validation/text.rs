//! Validation of texts: enumerations, lengths, patterns and formats.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::Value;

use super::Scope;
use crate::diagnostic::Diagnostics;
use crate::document::{Schema, StringRules};

/// The formats that the runtime checks.
const CHECKED: &[&str] = &[
    "byte",
    "date",
    "date-time",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uuid",
    "uuidv7",
];

/// Formats without a check.
const DESCRIBING: &[&str] = &["binary", "password"];

/// A text that may have this many characters may have several lines. A shorter one is a name, a label or an id, with
/// one line.
const LONG: u64 = 1_000;

/// The pattern of a UUID of version 7, which documents write beside `format: uuid`, since the format has no version. It
/// is checked like a format, without a regular expression.
const UUIDV7: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";

pub fn text(
    scope: &Scope<'_, '_>,
    schema: &Schema,
    rules: &StringRules,
    found: &mut Diagnostics,
) -> TokenStream {
    let allowed = match (&schema.constant, &schema.enumeration, &schema.extensible) {
        (Some(constant), ..) => Some(vec![constant.as_str().unwrap_or_default()]),
        (None, Some(values), _) => Some(values.iter().filter_map(Value::as_str).collect()),
        // A request may hold only values that this server knows; answers to later clients may hold more.
        (None, None, Some(values)) => Some(values.iter().map(String::as_str).collect()),
        (None, None, None) => None,
    };
    let mut rest = Vec::new();
    if let Some(allowed) = allowed {
        rest.push(quote!(Rule::OneOf(&[#(#allowed),*])));
    }
    let values = scope.deprecations.values(schema);
    if !values.is_empty() {
        let going = values
            .iter()
            .map(|(value, notice)| quote!((#value, #notice)));
        rest.push(quote!(Rule::Going(&[#(#going),*])));
    }
    let least = rules.min_length.filter(|least| *least > 0);
    let literal = Literal::u64_unsuffixed;
    match (least.map(literal), rules.max_length.map(literal)) {
        (None, None) => {}
        (Some(least), None) => rest.push(quote!(check::at_least(#least))),
        (None, Some(most)) => rest.push(quote!(check::at_most(#most))),
        (Some(least), Some(most)) => rest.push(quote!(check::between(#least, #most))),
    }
    let (pattern, format) = match (rules.pattern.as_deref(), rules.format.as_deref()) {
        (Some(UUIDV7), Some("uuid") | None) => (None, Some("uuidv7")),
        both => both,
    };
    if let Some(pattern) = pattern {
        rest.push(quote!(Rule::Matches(pattern!(#pattern))));
    }
    if let Some(format) = format {
        if CHECKED.contains(&format) {
            rest.push(quote!(Rule::Format(#format)));
        } else if !DESCRIBING.contains(&format) {
            let message = format!("the format `{format}` is not known, so it would not be checked");
            let mend = format!(
                "use a pattern, or one of: {}, {}",
                CHECKED.join(", "),
                DESCRIBING.join(", ")
            );
            found.report("format", &schema.at, message, mend);
        }
    }
    // Passwords may hold any typed character; they are normalised later.
    let long = rules.max_length.is_none_or(|most| most >= LONG);
    let kind = match long || rules.format.as_deref() == Some("password") {
        true => quote!(text),
        false => quote!(line),
    };
    quote!(check::#kind(value, &[#(#rest),*], at, report))
}
