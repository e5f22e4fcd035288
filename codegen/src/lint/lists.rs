//! Lists: `limit` and `cursor` in, `{items, next_cursor}` or `{items, page}` out, and never an offset. All
//! lists of a document have one of the two forms.

use serde_json::json;

use super::Lint;
use super::operations::needs_code;
use crate::diagnostic::Location;
use crate::document::{
    Document, Kind, Method, NumberRules, ObjectRules, Operation, Parameter, ParameterLocation,
    Schema,
};

/// Paging parameters of other APIs; with them, rows that are written meanwhile shift the pages.
const OFFSETS: [&str; 6] = ["offset", "page", "skip", "per_page", "page_size", "start"];

const MOST: u64 = 200;
const USUAL: u64 = 50;

pub(super) fn check(lint: &mut Lint<'_>) {
    let form = form(lint.document);
    for operation in lint
        .document
        .operations
        .iter()
        .filter(|operation| operation.method == Method::Get)
    {
        for name in OFFSETS {
            if let Some(parameter) = query(operation, name) {
                let message = format!(
                    "`{name}` pages by position: rows written meanwhile make a page skip or repeat others"
                );
                lint.report(
                    "list-offset",
                    &parameter.at,
                    message,
                    "page by `limit` and `cursor`",
                );
            }
        }
        match answer(lint.document, operation) {
            Some(Answer::Array(at)) => lint.report(
                "list-shape",
                &at,
                format!(
                    "`{}` answers a bare list, which can neither be paged nor grow",
                    operation.id
                ),
                format!("answer `{}`", form.written()),
            ),
            Some(Answer::Page(rules, at)) => {
                page(lint, operation, rules, &at, form);
                parameters(lint, operation);
            }
            None => {
                if let Some(parameter) = query(operation, "cursor") {
                    let message = format!(
                        "`{}` takes a cursor and answers no `{}`",
                        operation.id,
                        form.written()
                    );
                    lint.report(
                        "list-shape",
                        &parameter.at,
                        message,
                        "answer a page, or remove the parameter",
                    );
                }
            }
        }
    }
}

/// The properties of a list beside its items.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    NextCursor,
    Page,
}

impl Form {
    fn written(self) -> &'static str {
        match self {
            Form::NextCursor => "{items, next_cursor}",
            Form::Page => "{items, page}",
        }
    }
}

/// The form of a document's lists: the newer one if any list has it.
fn form(document: &Document) -> Form {
    let newer = document.operations.iter().any(|operation| {
        matches!(answer(document, operation), Some(Answer::Page(rules, _)) if rules.properties.contains_key("page"))
    });
    if newer { Form::Page } else { Form::NextCursor }
}

enum Answer<'d> {
    Array(Location),
    Page(&'d ObjectRules, Location),
}

fn answer<'d>(document: &'d Document, operation: &'d Operation) -> Option<Answer<'d>> {
    let (_, response) = operation.successes().next()?;
    let schema = response.content.get("application/json")?.schema.as_ref()?;
    let resolved = document.resolve(schema)?;
    match &resolved.kind {
        Kind::Array(_) => Some(Answer::Array(schema.at.clone())),
        Kind::Object(rules) => {
            let items = document.resolve(&rules.properties.get("items")?.schema)?;
            matches!(items.kind, Kind::Array(_)).then(|| Answer::Page(rules, resolved.at.clone()))
        }
        _ => None,
    }
}

fn page(
    lint: &mut Lint<'_>,
    operation: &Operation,
    rules: &ObjectRules,
    at: &Location,
    form: Form,
) {
    if !rules
        .properties
        .get("items")
        .is_some_and(|items| items.required)
    {
        lint.report(
            "list-shape",
            at,
            "a page may come without `items`",
            "mark `items` as required",
        );
    }
    let (owner, cursors) = match form {
        Form::NextCursor => (Some(rules), &["next_cursor"][..]),
        Form::Page => {
            let page = rules.properties.get("page");
            let page = page.filter(|page| page.required);
            let page = page.and_then(|page| lint.document.resolve(&page.schema)?.as_object());
            (page, &["next", "previous"][..])
        }
    };
    for name in cursors {
        let Some(cursor) = owner.and_then(|rules| rules.properties.get(*name)) else {
            let message = format!(
                "`{}` answers `items` without `{name}`, so nobody knows of {}",
                operation.id,
                if *name == "previous" {
                    "the page before"
                } else {
                    "a next page"
                }
            );
            let mend = format!(
                "answer `{}`: `{name}` is a text, or null at the end",
                form.written()
            );
            lint.report("list-shape", at, message, mend);
            continue;
        };
        let resolved = lint.document.resolve(&cursor.schema);
        let text = resolved.is_some_and(|schema| matches!(schema.kind, Kind::String(_)));
        let nullable = cursor.schema.nullable || resolved.is_some_and(|schema| schema.nullable);
        if !(cursor.required && text && nullable) {
            lint.report(
                "list-shape",
                &cursor.schema.at,
                format!("`{name}` is always there: an opaque text, or null at the end"),
                "make it required, of type [string, \"null\"]",
            );
        }
    }
}

fn parameters(lint: &mut Lint<'_>, operation: &Operation) {
    match query(operation, "limit") {
        None => missing(lint, operation, "limit"),
        Some(limit) => {
            let schema = lint.document.resolve(&limit.schema);
            let fits = matches!(schema, Some(Schema { kind: Kind::Integer(rules), .. }) if is_limit(rules));
            let default = schema
                .and_then(|schema| schema.default.as_ref())
                .or(limit.schema.default.as_ref());
            if !fits || default != Some(&json!(USUAL)) || limit.required {
                let message =
                    format!("`limit` is an integer from 1 to {MOST}, {USUAL} if left out");
                lint.report(
                    "list-limit",
                    &limit.at,
                    message,
                    format!("minimum: 1, maximum: {MOST}, default: {USUAL}"),
                );
            }
        }
    }
    match query(operation, "cursor") {
        None => missing(lint, operation, "cursor"),
        Some(cursor) => {
            let schema = lint.document.resolve(&cursor.schema);
            if cursor.required
                || !matches!(
                    schema,
                    Some(Schema {
                        kind: Kind::String(_),
                        ..
                    })
                )
            {
                lint.report(
                    "list-cursor",
                    &cursor.at,
                    "`cursor` is an opaque text that the first page does without",
                    "type: string, not required",
                );
            }
        }
    }
    if let Some(total) = query(operation, "total") {
        let schema = lint.document.resolve(&total.schema);
        let fits = schema.is_some_and(|schema| matches!(schema.kind, Kind::Boolean));
        if !fits || total.required || total.schema.default != Some(json!(false)) {
            lint.report(
                "list-total",
                &total.at,
                "`total` asks for a count, which takes time, so it must be requested explicitly",
                "type: boolean, default: false",
            );
        }
    }
    needs_code(lint, operation, "CURSOR_INVALID", "it takes a cursor");
}

fn is_limit(rules: &NumberRules) -> bool {
    let bound =
        |number: &Option<serde_json::Number>| number.as_ref().and_then(serde_json::Number::as_u64);
    bound(&rules.minimum) == Some(1) && bound(&rules.maximum) == Some(MOST)
}

fn missing(lint: &mut Lint<'_>, operation: &Operation, name: &str) {
    let message = format!("`{}` answers a page and takes no `{name}`", operation.id);
    lint.report(
        "list-parameters",
        &operation.at,
        message,
        format!("add the query parameter `{name}`"),
    );
}

fn query<'d>(operation: &'d Operation, name: &str) -> Option<&'d Parameter> {
    operation.parameter(ParameterLocation::Query, name)
}
