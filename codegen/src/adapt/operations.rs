//! Prepares every operation for the generator: a name, a family, a consumer, security with one scheme per alternative,
//! error codes. The other files convert parameters, bodies and answers.

use serde_json::json;

use super::edit::{Edit, followed, node, set, take};
use super::{CONSUMER, all_operations, answers, bodies, parameters};
use crate::names;
use crate::overlay::node_mut;
use crate::source::{Content, Node, unescape};

/// Converts a contract to the forms of the generator.
pub(super) fn prepare(root: &mut Node, edit: &mut Edit) {
    let numbered = root
        .at("/info/version")
        .and_then(Node::as_str)
        .is_some_and(|version| {
            version
                .trim_start_matches('v')
                .starts_with(|c: char| c.is_ascii_digit())
        });
    if !numbered && let Some(info) = node_mut(root, "/info") {
        set(info, "version", node(json!("1.0.0")));
    }
    inline_path_items(root);
    if root.get("components").is_none() {
        set(root, "components", node(json!({})));
    }
    if root.at("/components/schemas").is_none()
        && let Some(components) = node_mut(root, "/components")
    {
        set(components, "schemas", node(json!({})));
    }
    let problem = json!({
        "type": "object",
        "description": "Why a request was refused or failed.",
        "required": ["code", "message", "context"],
        "properties": {
            "code": {"type": "string"},
            "message": {"type": "string"},
            "context": {"type": "object", "additionalProperties": true},
        },
    });
    if let Some(schemas) = node_mut(root, "/components/schemas") {
        set(schemas, &edit.problem.clone(), node(problem));
    }
    let mut taken: Vec<String> = Vec::new();
    for operation in all_operations(root) {
        name(root, &operation, &mut taken);
        security(root, &operation, edit);
        parameters::prepare(root, &operation, edit);
        bodies::prepare(root, &operation, edit);
        answers::prepare(root, &operation, edit);
    }
    for (_, item) in paths(root) {
        take(item, "parameters");
    }
    edit.tell_failures(root);
    registry(root);
    schemes(root, edit);
    for keyword in ["security", "webhooks"] {
        take(root, keyword);
    }
}

fn paths(root: &mut Node) -> impl Iterator<Item = (&String, &mut Node)> {
    let map = match node_mut(root, "/paths").map(|paths| &mut paths.content) {
        Some(Content::Map(map)) => Some(map),
        _ => None,
    };
    map.into_iter().flat_map(|map| {
        map.iter_mut()
            .map(|(path, member)| (path, &mut member.node))
    })
}

/// Replaces path items that are references by their targets.
fn inline_path_items(root: &mut Node) {
    let whole = root.clone();
    for (_, item) in paths(root) {
        if item.get("$ref").is_some() {
            *item = followed(&whole, item).clone();
        }
    }
}

/// Sets a unique `operationId` without underscores, since the generator splits there; the first tag, or the first word
/// of the path; the consumer.
fn name(root: &mut Node, pointer: &str, taken: &mut Vec<String>) {
    let mut parts = pointer.rsplitn(2, '/');
    let method = parts.next().unwrap_or_default().to_owned();
    let path = parts.next().and_then(|item| item.strip_prefix("/paths/"));
    let path = unescape(path.unwrap_or_default());
    let Some(operation) = node_mut(root, pointer) else {
        return;
    };
    let written = operation.get("operationId").and_then(Node::as_str);
    let words = match written {
        Some(id) => names::value_name(id),
        None => names::value_name(&format!("{method} {path}")),
    };
    let camel = names::type_name(&words);
    let mut letters = camel.chars();
    let id: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_lowercase)
        .chain(letters)
        .collect();
    let mut unique = id.clone();
    let mut number = 2;
    while taken.contains(&unique) {
        unique = format!("{id}{number}");
        number += 1;
    }
    taken.push(unique.clone());
    set(operation, "operationId", node(json!(unique)));
    let tag = operation
        .get("tags")
        .and_then(Node::as_list)
        .and_then(|tags| tags.first())
        .and_then(Node::as_str)
        .map(str::to_owned);
    let tag = tag.unwrap_or_else(|| {
        let mut segments = path
            .split('/')
            .filter(|part| !part.is_empty() && !part.starts_with('{'));
        segments.next().unwrap_or("root").to_owned()
    });
    set(operation, "tags", node(json!([tag])));
    set(operation, "x-consumers", node(json!([CONSUMER])));
    take(operation, "callbacks");
}

/// Keeps one scheme of each alternative. The generated server passes the list to its gate; a gate that needs more reads
/// the request itself.
fn security(root: &mut Node, pointer: &str, edit: &mut Edit) {
    let written = root
        .at(pointer)
        .and_then(|operation| operation.get("security"))
        .or_else(|| root.get("security"))
        .and_then(Node::as_list)
        .unwrap_or_default()
        .to_vec();
    let known = |name: &str| {
        root.at("/components/securitySchemes")
            .is_some_and(|all| all.get(name).is_some())
    };
    let mut ways: Vec<Node> = Vec::new();
    let mut several = false;
    let mut open = false;
    for way in &written {
        let members = way.as_map();
        open |= members.is_none_or(|map| map.is_empty());
        several |= members.is_some_and(|map| map.len() > 1);
        let first = members
            .into_iter()
            .flatten()
            .find(|(name, _)| known(name))
            .map(|(name, member)| (name.clone(), member.node.to_json()));
        if let Some((name, scopes)) = first {
            let scopes = if scopes.is_array() { scopes } else { json!([]) };
            let mut entry = serde_json::Map::new();
            entry.insert(name, scopes);
            let entry = node(serde_json::Value::Object(entry));
            if !ways.iter().any(|way| way.to_json() == entry.to_json()) {
                ways.push(entry);
            }
        }
    }
    if several {
        let message =
            "of schemes that are needed together the generated server names the first alone";
        edit.say(
            root,
            pointer,
            "generate-security",
            message,
            "check the others in the gate",
        );
    }
    if open {
        ways.clear();
    }
    if let Some(operation) = node_mut(root, pointer) {
        let list = Node {
            content: Content::List(ways),
            ..Node::default()
        };
        set(operation, "security", list);
    }
}

/// Reduces schemes to names, which is all that generated code uses: the gate checks credentials, and clients send a
/// bearer token.
fn schemes(root: &mut Node, edit: &mut Edit) {
    let pointer = "/components/securitySchemes";
    let names: Vec<String> = root
        .at(pointer)
        .and_then(Node::as_map)
        .into_iter()
        .flat_map(|map| map.keys().cloned())
        .collect();
    for name in names {
        let at = format!("{pointer}/{}", crate::source::escape(&name));
        let scheme = root
            .at(&at)
            .map(|scheme| followed(root, scheme).clone())
            .unwrap_or_default();
        let text = |key: &str| scheme.get(key).and_then(Node::as_str).unwrap_or_default();
        let bearer = matches!(text("type"), "oauth2" | "openIdConnect")
            || text("type") == "http" && text("scheme").eq_ignore_ascii_case("bearer");
        if !bearer {
            let message = "the generated client sends a bearer token, and no other credentials";
            edit.say(
                root,
                &at,
                "generate-security",
                message,
                "send them by a header of your own",
            );
        }
        let mut plain = node(json!({"type": "http", "scheme": "bearer"}));
        plain.position = scheme.position.clone();
        if let Some(description) = scheme.get("description") {
            set(&mut plain, "description", description.clone());
        }
        if let Some(all) = node_mut(root, pointer) {
            set(all, &name, plain);
        }
    }
}

/// Adds the codes of generated servers' own refusals.
fn registry(root: &mut Node) {
    let mut all = serde_json::Map::new();
    for (code, status, applies, description) in [
        ("INTERNAL", 500, "every", "The server failed."),
        (
            "VALIDATION_FAILED",
            400,
            "every",
            "The request is against the contract.",
        ),
        ("UNAUTHENTICATED", 401, "every", "The caller is not known."),
        ("FORBIDDEN", 403, "every", "The caller may not do this."),
        (
            "RATE_LIMITED",
            429,
            "every",
            "There were too many requests.",
        ),
        ("MALFORMED_JSON", 400, "body", "The body is not JSON."),
        ("PAYLOAD_TOO_LARGE", 413, "body", "The body is too large."),
        (
            "UNSUPPORTED_MEDIA_TYPE",
            415,
            "body",
            "The body is of another media type.",
        ),
        (
            "METHOD_NOT_ALLOWED",
            405,
            "router",
            "The path has no such method.",
        ),
    ] {
        all.insert(
            code.to_owned(),
            json!({"status": status, "applies": applies, "description": description}),
        );
    }
    if root.get("x-error-codes").is_none() {
        set(root, "x-error-codes", node(json!({})));
    }
    if let Some(registry) = node_mut(root, "/x-error-codes") {
        for (code, entry) in all {
            if registry.get(&code).is_none() {
                set(registry, &code, node(entry));
            }
        }
    }
}
