//! Bodies of requests: JSON and forms are typed, all others are raw bytes.

use serde_json::json;

use super::edit::{Edit, followed, node, set};
use crate::generate::forms::is_form;
use crate::lower::is_json;
use crate::overlay::node_mut;
use crate::source::Node;

pub(super) fn prepare(root: &mut Node, pointer: &str, edit: &mut Edit) {
    let Some(body) = root
        .at(pointer)
        .and_then(|operation| operation.get("requestBody"))
    else {
        return;
    };
    let mut body = followed(root, body).clone();
    let content = body.get("content").and_then(Node::as_map);
    let types: Vec<String> = content
        .into_iter()
        .flat_map(|map| map.keys().cloned())
        .collect();
    let typed = |name: &&String| {
        let media = body.get("content").and_then(|content| content.get(name));
        is_json(name) && media.is_some_and(|media| media.get("schema").is_some())
    };
    let form = |name: &&String| {
        let media = body.get("content").and_then(|content| content.get(name));
        is_form(name) && media.is_some_and(|media| media.get("schema").is_some())
    };
    let kept = types.iter().find(typed).or(types.iter().find(form));
    let Some(kept) = kept.or(types.first()).cloned() else {
        return;
    };
    let is_typed_form = form(&&kept);
    if types.len() > 1 {
        let others: Vec<&str> = types
            .iter()
            .filter(|t| **t != kept)
            .map(String::as_str)
            .collect();
        let message = format!("only {kept} is taken, not {}", others.join(", "));
        edit.say(
            root,
            pointer,
            "generate-media-type",
            &message,
            "make an operation of each",
        );
    }
    let raw = !is_json(&kept) && !is_typed_form;
    if raw {
        let message = match kept.to_ascii_lowercase().starts_with("multipart/") {
            true => format!(
                "{kept} is neither put together nor taken apart: it is sent and arrives as bytes, \
                 and the client names no boundary"
            ),
            false => format!("{kept} is sent and arrives as bytes"),
        };
        edit.say(
            root,
            pointer,
            "generate-media-type",
            &message,
            "use application/json for types",
        );
    }
    let media = body
        .get("content")
        .and_then(|content| content.get(&kept))
        .cloned();
    let mut content = node(json!({}));
    // Raw bytes are not checked against a schema.
    let media = media.filter(|_| !raw).unwrap_or_else(|| node(json!({})));
    set(&mut content, &kept, media);
    set(&mut body, "content", content);
    if let Some(operation) = node_mut(root, pointer) {
        set(operation, "requestBody", body);
        if raw {
            set(operation, "x-raw-body", node(json!(true)));
        }
    }
}
