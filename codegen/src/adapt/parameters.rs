//! Parameters: an object that is sent as `name[property]` or as its properties becomes several parameters, which is the
//! same on the wire. Cookies are left to the gate.

use serde_json::json;

use super::edit::{Edit, followed, node, set, take};
use crate::overlay::node_mut;
use crate::source::{Content, Node};

/// Headers that are described elsewhere in a contract, and not as parameters (OpenAPI 3.1, 4.8.12.2).
const ELSEWHERE: [&str; 3] = ["accept", "content-type", "authorization"];

pub(super) fn prepare(root: &mut Node, pointer: &str, edit: &mut Edit) {
    let item = pointer.rsplit_once('/').map_or("", |(item, _)| item);
    let list = |owner: &str| -> Vec<Node> {
        let list = root.at(owner).and_then(|owner| owner.get("parameters"));
        let list = list.and_then(Node::as_list).unwrap_or_default();
        list.iter()
            .map(|parameter| followed(root, parameter).clone())
            .collect()
    };
    let own = list(pointer);
    let identity = |parameter: &Node| {
        let text = |key: &str| {
            parameter
                .get(key)
                .and_then(Node::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        (text("in"), text("name"))
    };
    let mut all: Vec<Node> = list(item)
        .into_iter()
        .filter(|shared| !own.iter().any(|own| identity(own) == identity(shared)))
        .collect();
    all.extend(own);
    let mut out: Vec<Node> = Vec::new();
    let mut notes: Vec<(&'static str, String, &'static str)> = Vec::new();
    for parameter in all {
        let (place, name) = identity(&parameter);
        if place == "header" && ELSEWHERE.contains(&name.to_ascii_lowercase().as_str()) {
            continue;
        }
        if place == "cookie" {
            let message = format!("the cookie `{name}` is neither sent nor read by generated code");
            notes.push((
                "generate-cookie",
                message,
                "read it in the gate, or use a header",
            ));
            continue;
        }
        match spread(root, &parameter, &name) {
            Some(more) => out.extend(more),
            None => out.push(parameter),
        }
    }
    for (rule, message, mend) in notes {
        edit.say(root, pointer, rule, &message, mend);
    }
    if let Some(operation) = node_mut(root, pointer) {
        if out.is_empty() {
            take(operation, "parameters");
        } else {
            let list = Node {
                content: Content::List(out),
                ..Node::default()
            };
            set(operation, "parameters", list);
        }
    }
}

/// The parameters that an object in the query consists of.
fn spread(root: &Node, parameter: &Node, name: &str) -> Option<Vec<Node>> {
    let style = parameter
        .get("style")
        .and_then(Node::as_str)
        .unwrap_or("form");
    let explode = parameter
        .get("explode")
        .and_then(Node::as_bool)
        .unwrap_or(true);
    let schema = followed(root, parameter.get("schema")?);
    let properties = schema.get("properties")?.as_map()?;
    let deep = style == "deepObject";
    let fits = parameter.get("in").and_then(Node::as_str) == Some("query")
        && (deep || style == "form" && explode);
    if !fits {
        return None;
    }
    let all_required = parameter.get("required").and_then(Node::as_bool) == Some(true);
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Node::as_list)
        .into_iter()
        .flatten()
        .filter_map(Node::as_str)
        .collect();
    let mut out = Vec::new();
    for (property, member) in properties {
        let mut one = node(json!({"in": "query"}));
        one.position = parameter.position.clone();
        let wire = if deep {
            format!("{name}[{property}]")
        } else {
            property.clone()
        };
        set(&mut one, "name", node(json!(wire)));
        let is_required = all_required && required.contains(&property.as_str());
        set(&mut one, "required", node(json!(is_required)));
        if let Some(description) = member.node.get("description") {
            set(&mut one, "description", description.clone());
        }
        set(&mut one, "schema", member.node.clone());
        out.push(one);
    }
    Some(out)
}
