//! Times, money, ids, and formats of texts: one form for each, everywhere.

use super::Lint;
use super::sites::Site;
use crate::diagnostic::Location;
use crate::document::{Document, Kind, ObjectRules, ParameterLocation, Schema, StringRules};

const FORMATS: [&str; 9] = [
    "byte", "email", "hostname", "ipv4", "ipv6", "password", "uri", "uuid", "uuidv7",
];
const TIMES: [&str; 4] = ["date-time", "date", "time", "duration"];
/// Last words of properties that hold money.
const MONEY: [&str; 9] = [
    "amount", "price", "total", "subtotal", "balance", "cost", "fee", "tax", "discount",
];

pub(super) fn check(lint: &mut Lint<'_>) {
    let document = lint.document;
    let mut found: Vec<Breach> = Vec::new();
    for site in &lint.sites {
        match &site.schema.kind {
            Kind::String(rules) => format(site, rules, &mut found),
            Kind::Object(rules) => money(document, site.schema, rules, &mut found),
            _ => {}
        }
        if let Some((name, _)) = site.property {
            time(document, name, site.schema, &mut found);
            amount(document, name, site.schema, &mut found);
            if is_id(name) {
                id(document, name, site.schema, &mut found);
            }
        }
    }
    for parameter in document
        .operations
        .iter()
        .flat_map(|operation| &operation.parameters)
    {
        let name = parameter.name.as_str();
        let names_one = parameter.location == ParameterLocation::Path && is_id(name);
        if names_one {
            id(document, name, &parameter.schema, &mut found);
        }
        if parameter.location == ParameterLocation::Query {
            time(document, name, &parameter.schema, &mut found);
        }
    }
    for (rule, at, message, mend) in found {
        lint.report(rule, &at, message, mend);
    }
}

type Breach = (&'static str, Location, String, &'static str);

fn format(site: &Site<'_>, rules: &StringRules, found: &mut Vec<Breach>) {
    let Some(format) = rules.format.as_deref() else {
        return;
    };
    if site.header {
        return;
    }
    if TIMES.contains(&format) {
        let message = format!("`{format}` is a time as text; every time is an integer in this API");
        found.push((
            "time-text",
            site.schema.at.clone(),
            message,
            "milliseconds since the epoch as an int64 (days for a date)",
        ));
    } else if !FORMATS.contains(&format) {
        let message =
            format!("no format of a text is called `{format}`, so it would not be checked");
        found.push((
            "format-unknown",
            site.schema.at.clone(),
            message,
            "use a known format (email, uri, uuid ...) or a pattern",
        ));
    }
}

/// A property with the name of a time must be an int64.
fn time(document: &Document, name: &str, schema: &Schema, found: &mut Vec<Breach>) {
    let Some(resolved) = document.resolve(schema) else {
        return;
    };
    let instant = name == "at" || name.ends_with("_at");
    let fits =
        matches!(&resolved.kind, Kind::Integer(rules) if rules.format.as_deref() == Some("int64"));
    if instant && !fits && !matches!(resolved.kind, Kind::Any) {
        let message = format!("`{name}` is a time and no int64");
        found.push((
            "time-integer",
            schema.at.clone(),
            message,
            "milliseconds since the epoch: type integer, format int64",
        ));
    }
    let other = ["_date", "_time", "_on", "_until"]
        .iter()
        .any(|end| name.ends_with(end));
    if other && matches!(&resolved.kind, Kind::String(rules) if rules.pattern.is_none()) {
        let message = format!("`{name}` is a time as text");
        found.push((
            "time-text",
            schema.at.clone(),
            message,
            "use an integer: milliseconds, or days for a date",
        ));
    }
}

/// An object with an amount and a currency must have the common form of money.
fn money(document: &Document, schema: &Schema, rules: &ObjectRules, found: &mut Vec<Breach>) {
    let (Some(amount), Some(currency)) = (
        rules.properties.get("amount"),
        rules.properties.get("currency"),
    ) else {
        return;
    };
    let minor = document.resolve(&amount.schema);
    let code = document.resolve(&currency.schema);
    let is_minor = matches!(minor, Some(Schema { kind: Kind::Integer(rules), .. }) if rules.format.as_deref() == Some("int64"));
    let is_code = code.is_some_and(|code| match &code.kind {
        Kind::String(rules) => {
            rules.pattern.is_some() || (rules.min_length, rules.max_length) == (Some(3), Some(3))
        }
        _ => false,
    });
    if !(is_minor && is_code && amount.required && currency.required) {
        let message = "money is `{amount, currency}`, both required: integer minor units (int64) and an ISO 4217 code";
        found.push((
            "money-shape",
            schema.at.clone(),
            message.to_owned(),
            "refer to the schema Money",
        ));
    }
}

/// A fraction cannot hold money: 0.1 + 0.2 is not 0.3.
fn amount(document: &Document, name: &str, schema: &Schema, found: &mut Vec<Breach>) {
    let last = name.rsplit('_').next().unwrap_or(name);
    let fraction = document
        .resolve(schema)
        .is_some_and(|schema| matches!(schema.kind, Kind::Number(_)));
    if MONEY.contains(&last) && fraction {
        let message = format!("`{name}` holds money as a fraction, which rounds");
        found.push((
            "money-shape",
            schema.at.clone(),
            message,
            "use `{amount, currency}` with integer minor units",
        ));
    }
}

/// Ids of external systems have any form.
fn is_id(name: &str) -> bool {
    (name == "id" || name.ends_with("_id")) && !name.starts_with("external_")
}

/// Ids must be UUIDv7 in canonical form.
fn id(document: &Document, name: &str, schema: &Schema, found: &mut Vec<Breach>) {
    let fits = match document.resolve(schema).map(|schema| &schema.kind) {
        Some(Kind::String(rules)) => match rules.format.as_deref() {
            Some("uuidv7") => true,
            Some("uuid") => rules
                .pattern
                .as_deref()
                .is_some_and(|pattern| pattern.contains("-7[0-9a-f]{3}-")),
            _ => false,
        },
        Some(Kind::Any) => true,
        _ => false,
    };
    if !fits {
        let message = format!("`{name}` is an id and not said to be a UUIDv7");
        found.push((
            "id-form",
            schema.at.clone(),
            message,
            "refer to the schema Id, or `type: string, format: uuidv7`",
        ));
    }
}
