//! Changes of a document in the cases: pointers that are set, moved and removed.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    #[serde(default, rename = "move")]
    pub moves: BTreeMap<String, String>,
    #[serde(default)]
    pub remove: Vec<String>,
    #[serde(default)]
    pub set: BTreeMap<String, Value>,
}

impl Patch {
    /// Moves, then removes (the last first, so that indexes stay valid), then sets.
    pub fn apply(&self, document: &mut Value) {
        for (from, to) in &self.moves {
            let value = take(document, from);
            set(document, to, value);
        }
        for pointer in self.remove.iter().rev() {
            take(document, pointer);
        }
        for (pointer, value) in &self.set {
            set(document, pointer, value.clone());
        }
    }
}

fn parent<'v>(document: &'v mut Value, pointer: &str) -> (&'v mut Value, String) {
    let (owner, key) = pointer.rsplit_once('/').expect("a pointer begins with /");
    let owner = document
        .pointer_mut(owner)
        .unwrap_or_else(|| panic!("nothing at {owner}"));
    (owner, key.replace("~1", "/").replace("~0", "~"))
}

fn take(document: &mut Value, pointer: &str) -> Value {
    let (owner, key) = parent(document, pointer);
    match owner {
        Value::Object(map) => map
            .remove(&key)
            .unwrap_or_else(|| panic!("nothing at {pointer}")),
        Value::Array(list) => list.remove(key.parse().unwrap()),
        _ => panic!("nothing at {pointer}"),
    }
}

fn set(document: &mut Value, pointer: &str, value: Value) {
    let (owner, key) = parent(document, pointer);
    match owner {
        Value::Object(map) => {
            map.insert(key, value);
        }
        Value::Array(list) => {
            let index: usize = key.parse().unwrap();
            if index == list.len() {
                list.push(value);
            } else {
                list[index] = value;
            }
        }
        _ => panic!("nothing can be set at {pointer}"),
    }
}
