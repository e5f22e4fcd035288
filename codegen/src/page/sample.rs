//! Samples: formatted JSON, and a call for the shell.

use maud::{Markup, html};

use crate::document::{Document, Example, Operation, ParameterLocation};
use crate::source::{Content, Node};

/// The longest list or object on one line, in characters.
const LINE: usize = 58;

/// An example in the order of the source.
pub(super) fn example(document: &Document, example: &Example) -> Markup {
    let node = match document.source.at(&example.at.pointer) {
        Some(node) => node.clone(),
        None => Node::from_json(&example.value),
    };
    match &node.content {
        Content::Text(text) => html! { pre { code { (text) } } },
        _ => html! { pre { code.json { (json(&node, 0)) } } },
    }
}

fn json(node: &Node, depth: usize) -> Markup {
    let flat = node.to_string();
    let indent = "  ".repeat(depth);
    match &node.content {
        Content::List(list)
            if !list.is_empty()
                && (flat.len() + indent.len() > LINE || list.iter().any(is_nested)) =>
        {
            html! {
                "[\n"
                @for (index, item) in list.iter().enumerate() {
                    (indent) "  " (json(item, depth + 1)) @if index + 1 < list.len() { "," } "\n"
                }
                (indent) "]"
            }
        }
        Content::Map(map)
            if !map.is_empty() && (flat.len() + indent.len() > LINE || depth == 0) =>
        {
            html! {
                "{\n"
                @for (index, (key, member)) in map.iter().enumerate() {
                    (indent) "  " b { (quoted(key)) } ": " (json(&member.node, depth + 1)) @if index + 1 < map.len() { "," } "\n"
                }
                (indent) "}"
            }
        }
        Content::List(list) => html! {
            "["
            @for (index, item) in list.iter().enumerate() { @if index > 0 { ", " } (json(item, depth + 1)) }
            "]"
        },
        Content::Map(map) => html! {
            "{"
            @for (index, (key, member)) in map.iter().enumerate() {
                @if index > 0 { ", " } b { (quoted(key)) } ": " (json(&member.node, depth + 1))
            }
            "}"
        },
        Content::Text(_) => html! { i { (flat) } },
        _ => html! { (flat) },
    }
}

fn is_nested(node: &Node) -> bool {
    node.as_map().is_some_and(|map| map.len() > 3)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The operation as a command; the reader sets `$CRM` and `$TOKEN`.
pub(super) fn call(document: &Document, operation: &Operation) -> String {
    let mut path = operation.path.clone();
    for parameter in &operation.parameters {
        let example = parameter
            .examples
            .values()
            .next()
            .map(|example| match &example.value {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            });
        if let (ParameterLocation::Path, Some(example)) = (parameter.location, example) {
            path = path.replace(&format!("{{{}}}", parameter.name), &example);
        }
    }
    let method = operation.method.as_str();
    let mut lines = vec![match method {
        "GET" => format!("curl \"$SERVER{path}\""),
        _ => format!("curl -X {method} \"$SERVER{path}\""),
    }];
    if !operation.security.is_empty() {
        lines.push("-H \"Authorization: Bearer $TOKEN\"".to_owned());
    }
    if let Some(media_type) = document
        .versioned_media_type()
        .filter(|_| answers_json(operation))
    {
        lines.push(format!("-H 'Accept: {media_type}'"));
    }
    if operation.takes_idempotency_key() {
        lines.push("-H \"Idempotency-Key: $(uuidgen)\"".to_owned());
    }
    let body = operation
        .body
        .as_ref()
        .and_then(|body| body.content.first());
    if let Some((media_type, media)) = body {
        lines.push(format!("-H 'Content-Type: {media_type}'"));
        if let Some(example) = media.examples.values().next() {
            let text = document
                .source
                .at(&example.at.pointer)
                .map_or_else(|| example.value.to_string(), Node::to_string);
            lines.push(format!("-d '{}'", text.replace('\'', r"'\''")));
        }
    }
    lines.join(" \\\n  ")
}

fn answers_json(operation: &Operation) -> bool {
    operation.successes().all(|(_, response)| {
        response
            .content
            .keys()
            .all(|media_type| media_type.contains("json"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_reads_as_it_was_written() {
        let node = Node::from_json(
            &serde_json::json!({"a": "<b>", "list": [1, 2], "empty": {}, "none": null}),
        );
        let out = json(&node, 0)
            .into_string()
            .replace("<b>", "")
            .replace("</b>", "")
            .replace("<i>", "")
            .replace("</i>", "");
        let text = out
            .replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">");
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["list"], serde_json::json!([1, 2]), "{text}");
        assert_eq!(read["a"], serde_json::json!("<b>"), "{text}");
    }
}
