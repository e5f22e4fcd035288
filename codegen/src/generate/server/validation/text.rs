//! Validation of texts: enumerations, lengths, patterns and formats.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use super::{Scope, count};
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
    let mut rest = TokenStream::new();
    if let Some(allowed) = allowed {
        rest.extend(quote!(check::one_of(text, &[#(#allowed),*], at, report);));
    }
    let values = scope.deprecations.values(schema);
    if !values.is_empty() {
        let arms = values
            .iter()
            .map(|(value, notice)| quote!(#value => report.uses(#notice),));
        rest.extend(quote!(match text { #(#arms)* _ => {} }));
    }
    if let Some(count) = count(rules.min_length, rules.max_length) {
        rest.extend(quote!(check::length(text, #count, at, report);));
    }
    let (pattern, format) = match (rules.pattern.as_deref(), rules.format.as_deref()) {
        (Some(UUIDV7), Some("uuid") | None) => (None, Some("uuidv7")),
        both => both,
    };
    if let Some(pattern) = pattern {
        rest.extend(quote! {
            static PATTERN: Pattern = Pattern::new(#pattern);
            check::pattern(text, &PATTERN, at, report);
        });
    }
    if let Some(format) = format {
        if CHECKED.contains(&format) {
            rest.extend(quote!(check::format(text, #format, at, report);));
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
    let read = match long || rules.format.as_deref() == Some("password") {
        true => quote!(check::text(value, at, report)),
        false => quote!(check::line(value, at, report)),
    };
    if rest.is_empty() {
        return quote!(#read;);
    }
    quote! {
        if let Some(text) = #read {
            #rest
        }
    }
}
