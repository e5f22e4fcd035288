//! Version N of the contract: version N - 1 with its overlay (OpenAPI Overlay 1.0). This second implementation is
//! independent of the generator, so it checks what the server publishes.

use serde_json::Value;
use serde_json_path::JsonPath;

/// The document after the overlay.
pub fn apply(mut document: Value, overlay: &Value) -> Value {
    for action in super::elements(&overlay["actions"]) {
        let target = action["target"].as_str().expect("a target");
        let path = JsonPath::parse(target).unwrap_or_else(|error| panic!("{target}: {error}"));
        let located = path.query_located(&document);
        let mut targets: Vec<String> = located
            .iter()
            .map(|node| node.location().to_json_pointer())
            .collect();
        assert!(!targets.is_empty(), "{target} selects nothing");
        // Later items of a list first, so that the indexes of the others stay valid.
        targets.reverse();
        for target in targets {
            if action["remove"] == true {
                remove(&mut document, &target);
            } else if let Some(target) = document.pointer_mut(&target) {
                update(target, &action["update"]);
            }
        }
    }
    document
}

fn remove(document: &mut Value, pointer: &str) {
    let (owner, key) = pointer.rsplit_once('/').expect("not the whole document");
    match document.pointer_mut(owner) {
        Some(Value::Object(members)) => {
            members.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => {
            items.remove(key.parse().expect("an index"));
        }
        _ => panic!("{pointer} is nowhere"),
    }
}

fn update(target: &mut Value, with: &Value) {
    match (target, with) {
        (Value::Object(members), Value::Object(more)) => {
            for (name, value) in more {
                match members.get_mut(name) {
                    Some(known) => update(known, value),
                    None => {
                        members.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(items), Value::Array(more)) => items.extend(more.iter().cloned()),
        (Value::Array(items), one) => items.push(one.clone()),
        (target, value) => *target = value.clone(),
    }
}
