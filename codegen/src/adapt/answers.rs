//! Answers: each success of its own status, one media type each; several types of success become a union,
//! since a client reads one. Failures are problems of the runtime, with a code for each documented status.

use std::collections::BTreeMap;

use serde_json::json;

use super::edit::{Edit, followed, node, set, take};
use crate::lower::is_json;
use crate::names;
use crate::overlay::node_mut;
use crate::source::Node;

pub(super) fn prepare(
    root: &mut Node,
    pointer: &str,
    edit: &mut Edit,
    codes: &mut BTreeMap<String, u16>,
) {
    let Some(operation) = root.at(pointer) else {
        return;
    };
    let written: Vec<(String, Node)> = operation
        .get("responses")
        .and_then(Node::as_map)
        .into_iter()
        .flatten()
        .filter(|(status, _)| !status.starts_with("x-"))
        .map(|(status, member)| (status.clone(), followed(root, &member.node).clone()))
        .collect();
    let has_codes = operation.get("x-error-codes").is_some();
    let is_success = |status: &str| status.starts_with(['2', '3']);
    let has_success = written.iter().any(|(status, _)| status.starts_with('2'));
    let mut successes: Vec<(String, Node)> = Vec::new();
    let mut own: Vec<String> = Vec::new();
    let mut typed_failures = false;
    for (status, mut response) in written {
        let status = match status.to_ascii_uppercase().as_str() {
            "2XX" => "200".to_owned(),
            "DEFAULT" if !has_success => "200".to_owned(),
            _ => status,
        };
        if is_success(&status) {
            if status.parse::<u16>().is_ok() && !successes.iter().any(|(known, _)| *known == status)
            {
                one_media_type(root, pointer, &status, &mut response, edit);
                successes.push((status, response));
            }
            continue;
        }
        typed_failures |= response.get("content").is_some();
        if let Ok(number) = status.parse::<u16>()
            && (400..600).contains(&number)
            && !matches!(number, 401 | 403 | 405 | 413 | 415 | 429 | 500)
        {
            if has_codes {
                continue;
            }
            let code = code_of(number);
            codes.insert(code.clone(), number);
            own.push(code);
        }
    }
    if successes.is_empty() {
        successes.push(("204".to_owned(), node(json!({"description": "Done."}))));
        let message = "no success is documented; 204 without a body is answered";
        edit.say(
            root,
            pointer,
            "generate-answer",
            message,
            "document the success",
        );
    }
    if typed_failures {
        edit.failures.push(pointer.to_owned());
    }
    unite(root, pointer, &mut successes, edit);
    let mut responses = node(json!({}));
    for (status, response) in successes {
        set(&mut responses, &status, response);
    }
    for range in ["4XX", "5XX"] {
        let schema = json!({"$ref": format!("#/components/schemas/{}", edit.problem)});
        let content = json!({"application/json": {"schema": schema}});
        let response =
            json!({"description": "The request was refused or failed.", "content": content});
        set(&mut responses, range, node(response));
    }
    if let Some(operation) = node_mut(root, pointer) {
        set(operation, "responses", responses);
        if !has_codes {
            set(operation, "x-error-codes", node(json!(own)));
        }
    }
}

/// JSON if it is there, else what stands first.
fn one_media_type(root: &Node, pointer: &str, status: &str, response: &mut Node, edit: &mut Edit) {
    take(response, "links");
    let Some(mut content) = take(response, "content") else {
        return;
    };
    let types: Vec<String> = content
        .as_map()
        .into_iter()
        .flat_map(|map| map.keys().cloned())
        .collect();
    let Some(kept) = types
        .iter()
        .find(|name| is_json(name))
        .or(types.first())
        .cloned()
    else {
        return;
    };
    if types.len() > 1 {
        let message = format!("{status} is answered as {kept} alone");
        edit.say(
            root,
            pointer,
            "generate-media-type",
            &message,
            "make an operation of each",
        );
    }
    let mut media = take(&mut content, &kept).unwrap_or_default();
    take(&mut media, "encoding");
    if media.as_map().is_none() {
        media = node(json!({}));
    }
    if is_json(&kept) && media.get("schema").is_none() {
        set(&mut media, "schema", node(json!({})));
    }
    let mut content = node(json!({}));
    set(&mut content, &kept, media);
    set(response, "content", content);
}

/// Where successes hold different JSON, each may be answered: all of them name the union.
fn unite(root: &mut Node, pointer: &str, successes: &mut [(String, Node)], edit: &mut Edit) {
    let schema = |response: &Node| -> Option<Node> {
        let (name, media) = response.get("content")?.as_map()?.first()?;
        is_json(name).then(|| media.node.get("schema").cloned())?
    };
    let mut kinds: Vec<Node> = Vec::new();
    let typed: Vec<&mut (String, Node)> = successes
        .iter_mut()
        .filter(|(status, _)| status.starts_with('2'))
        .collect();
    for (_, response) in &typed {
        match schema(response) {
            Some(found) if !kinds.iter().any(|known| known.to_json() == found.to_json()) => {
                kinds.push(found);
            }
            Some(_) => {}
            // Nothing beside something has no union.
            None => return,
        }
    }
    if kinds.len() < 2 {
        return;
    }
    let id = root
        .at(pointer)
        .and_then(|operation| operation.get("operationId"));
    let mut name = names::nested(id.and_then(Node::as_str).unwrap_or("operation"), "Answer");
    while edit.schemas.contains(&name) {
        name.push_str("Union");
    }
    edit.schemas.push(name.clone());
    let reference = node(json!({"$ref": format!("#/components/schemas/{name}")}));
    for (_, response) in typed {
        let media = response
            .get("content")
            .and_then(Node::as_map)
            .and_then(|content| content.keys().next().cloned());
        if let Some(media) = media
            && let Some(media) = node_mut(
                response,
                &format!("/content/{}", crate::source::escape(&media)),
            )
        {
            set(media, "schema", reference.clone());
        }
    }
    let union = Node {
        content: crate::source::Content::List(kinds),
        ..Node::default()
    };
    let mut schema = node(json!({"description": "What the operation answers where it succeeds."}));
    set(&mut schema, "anyOf", union);
    if let Some(schemas) = node_mut(root, "/components/schemas") {
        set(schemas, &name, schema);
    }
}

/// `NOT_FOUND` for 404.
fn code_of(status: u16) -> String {
    let phrase = match status {
        400 => "BAD_REQUEST",
        402 => "PAYMENT_REQUIRED",
        404 => "NOT_FOUND",
        406 => "NOT_ACCEPTABLE",
        408 => "TIMED_OUT",
        409 => "CONFLICT",
        410 => "GONE",
        412 => "PRECONDITION_FAILED",
        422 => "UNPROCESSABLE",
        423 => "LOCKED",
        501 => "NOT_IMPLEMENTED",
        502 => "BAD_GATEWAY",
        503 => "UNAVAILABLE",
        504 => "GATEWAY_TIMED_OUT",
        _ => return format!("STATUS_{status}"),
    };
    phrase.to_owned()
}
