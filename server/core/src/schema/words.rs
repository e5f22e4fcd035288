//! The search words of a record, by the definition of its type, and the statements that store them.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::ObjectType;
use crate::{
    fold::{earlier, words},
    ports::store::{Statement, admission::TEXT_BYTES},
};

/// Upper bound of the search words of one record.
const MOST_WORDS: usize = 300;

/// The search words of a record.
pub fn search_words(object_type: &ObjectType, data: &Map<String, Json>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    searched(object_type, data, &mut |text| {
        for word in words(text) {
            if found.len() < MOST_WORDS {
                found.insert(word);
            }
        }
    });
    found
}

/// The words of the earlier folding that the database may have for a record. Their number is not bounded here, as it
/// was not then.
pub fn earlier_words(object_type: &ObjectType, data: &Map<String, Json>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    searched(object_type, data, &mut |text| {
        found.extend(earlier::words(text))
    });
    found
}

/// Passes each searchable text to `add`.
fn searched(object_type: &ObjectType, data: &Map<String, Json>, add: &mut impl FnMut(&str)) {
    for (name, value) in data {
        if !object_type
            .field(name)
            .is_some_and(|field| field.definition.searchable)
        {
            continue;
        }
        match value {
            Json::String(text) => add(text),
            Json::Number(number) => add(&number.to_string()),
            Json::Array(entries) => entries.iter().filter_map(Json::as_str).for_each(&mut *add),
            Json::Object(parts) => parts.values().filter_map(Json::as_str).for_each(&mut *add),
            _ => {}
        }
    }
}

/// Changes of the search words of many records, in a few statements.
#[derive(Clone, Default)]
pub struct Words {
    gone: Vec<Json>,
    new: Vec<Json>,
}

impl Words {
    pub fn change(&mut self, id: &str, before: &BTreeSet<String>, after: &BTreeSet<String>) {
        let pair =
            |words: Vec<&String>| (!words.is_empty()).then(|| serde_json::json!([id, words]));
        self.gone.extend(pair(before.difference(after).collect()));
        self.new.extend(pair(after.difference(before).collect()));
    }

    /// The statements must follow those that write the records.
    pub fn statements(self) -> Vec<Statement> {
        const PAIRS: &str = "FROM json_each(?1) j CROSS JOIN records r ON r.id = j.value ->> 0 CROSS JOIN json_each(j.value, '$[1]') w";
        let statement = |start: &str, end: &str, pairs: String| {
            Statement::new(
                format!("{start} SELECT w.value, r.num {PAIRS}{end}"),
                [pairs.into()],
            )
        };
        let gone = arrays(self.gone, TEXT_BYTES)
            .into_iter()
            .map(|pairs| statement("DELETE FROM words WHERE (word, record) IN (", ")", pairs));
        let new = arrays(self.new, TEXT_BYTES)
            .into_iter()
            .map(|pairs| statement("INSERT OR IGNORE INTO words (word, record)", "", pairs));
        gone.chain(new).collect()
    }
}

/// Divides values into JSON arrays of less than `bytes` bytes each.
pub fn arrays(values: Vec<Json>, bytes: usize) -> Vec<String> {
    let mut arrays: Vec<String> = Vec::new();
    for value in values {
        let text = value.to_string();
        match arrays.last_mut() {
            Some(last) if last.len() + text.len() < bytes - 2 => {
                last.push(',');
                last.push_str(&text);
            }
            _ => arrays.push(format!("[{text}")),
        }
    }
    for array in &mut arrays {
        array.push(']');
    }
    arrays
}
