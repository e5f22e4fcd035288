//! Answers: one media type for each status. Several types of success become a union, since a client reads one type;
//! documented failures keep their own bodies. If there are none, or if the contract has error codes, failures are
//! problems of the runtime.

use serde_json::json;

use super::edit::{Edit, followed, node, set, take};
use crate::document::Status;
use crate::lower::is_json;
use crate::names;
use crate::overlay::node_mut;
use crate::source::Node;

pub(super) fn prepare(root: &mut Node, pointer: &str, edit: &mut Edit) {
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
    let mut failures: Vec<(String, Node)> = Vec::new();
    for (status, mut response) in written {
        let status = match status.to_ascii_uppercase().as_str() {
            "2XX" => "200".to_owned(),
            "DEFAULT" if !has_success => "200".to_owned(),
            "DEFAULT" => "default".to_owned(),
            other => other.to_owned(),
        };
        let kept = match is_success(&status) {
            true if status.parse::<u16>().is_ok() => &mut successes,
            false if !has_codes && Status::parse(&status).is_some_and(Status::is_failure) => {
                &mut failures
            }
            _ => continue,
        };
        if !kept.iter().any(|(known, _)| *known == status) {
            one_media_type(root, pointer, &status, &mut response, edit);
            kept.push((status, response));
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
    unite(root, pointer, &mut successes, edit);
    let typed = !failures.is_empty();
    let mut responses = node(json!({}));
    for (status, response) in successes.into_iter().chain(failures) {
        set(&mut responses, &status, response);
    }
    if typed {
        edit.failures.push(pointer.to_owned());
    } else {
        problems(&mut responses, edit);
    }
    if let Some(operation) = node_mut(root, pointer) {
        set(operation, "responses", responses);
        if typed {
            set(operation, TYPED, node(json!(edit.problem)));
        }
        if !has_codes {
            set(operation, "x-error-codes", node(json!([])));
        }
    }
}

/// The extension that marks documented failures.
const TYPED: &str = "x-typed-failures";

/// Replaces the failures by problems of the runtime.
fn problems(responses: &mut Node, edit: &Edit) {
    for range in ["4XX", "5XX"] {
        let schema = json!({"$ref": format!("#/components/schemas/{}", edit.problem)});
        let content = json!({"application/json": {"schema": schema}});
        let response =
            json!({"description": "The request was refused or failed.", "content": content});
        set(responses, range, node(response));
    }
}

/// Drops the documented failures of an operation. False if they were dropped before.
pub(super) fn give_up_failures(root: &mut Node, pointer: &str, edit: &Edit) -> bool {
    let Some(operation) = node_mut(root, pointer) else {
        return false;
    };
    if take(operation, TYPED).is_none() {
        return false;
    }
    let Some(mut responses) = take(operation, "responses") else {
        return false;
    };
    for status in failures_of(&responses) {
        take(&mut responses, &status);
    }
    problems(&mut responses, edit);
    set(operation, "responses", responses);
    true
}

/// The statuses of documented failures.
pub(super) fn failures_of(responses: &Node) -> Vec<String> {
    let statuses = responses.as_map().into_iter().flat_map(|map| map.keys());
    statuses
        .filter(|status| Status::parse(status).is_some_and(Status::is_failure))
        .cloned()
        .collect()
}

/// Keeps one media type: JSON if there is one, else the first.
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

/// If successes have different JSON bodies, all of them get the union.
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
            // There is no union of an empty body and a body.
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
