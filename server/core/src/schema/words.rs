//! The words that a record is found by, as the definition of its type says, and the statements that keep them.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::ObjectType;
use crate::{
    fold::{earlier, words},
    ports::store::{Statement, admission::TEXT_BYTES},
};

/// Words of one record that `GET /search` finds it by, at most.
const MOST_WORDS: usize = 300;

/// The words that a record is found by.
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

/// Words of the earlier folding that a record may have in the database. They are as many as they were then.
pub fn earlier_words(object_type: &ObjectType, data: &Map<String, Json>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    searched(object_type, data, &mut |text| {
        found.extend(earlier::words(text))
    });
    found
}

/// Gives each text that the record is found by.
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

/// Changes of the words that records are found by, of many records in a few statements.
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

    /// After the statements that write the records themselves.
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

/// Values as JSON arrays, in as many as it takes for each to have less than so many bytes.
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
