//! A record as its row holds it, and what is computed from its values beside them: folded keys and words to search.

use std::{borrow::Cow, collections::BTreeSet};

use serde_json::{Map, Value as Json};

use super::{
    filter::area::on_sphere,
    fold::{self, earlier, exact, fold, words},
};
use crate::{
    ports::store::{Statement, Value, admission::TEXT_BYTES},
    schema::{
        Field, Kind, ObjectType, Order,
        index::{AFTER_ALL_TEXT, exact_name},
    },
};

/// Words of one record that `GET /search` finds it by, at most.
const MOST_WORDS: usize = 300;

/// A row of `records` in the columns of `list::COLUMNS`.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: String,
    pub object_type: String,
    pub version: i64,
    /// JSON object of the values.
    pub data: String,
    pub created_at: i64,
    pub updated_at: i64,
    /// `user:`, `key:`, `portal:` or `system:`, and the id.
    pub created_by: String,
    pub updated_by: String,
    pub deleted_at: Option<i64>,
}

impl Row {
    pub fn read(row: Vec<Value>) -> Option<Self> {
        let mut columns = row.into_iter();
        let mut text = || columns.next()?.into_text();
        let id = text()?;
        let object_type = text()?;
        let version = columns.next()?.as_i64()?;
        let data = columns.next()?.into_text()?;
        let created_at = columns.next()?.as_i64()?;
        let updated_at = columns.next()?.as_i64()?;
        let created_by = columns.next()?.into_text()?;
        let updated_by = columns.next()?.into_text()?;
        let deleted_at = columns.next()?.as_i64();
        Some(Self {
            id,
            object_type,
            version,
            data,
            created_at,
            updated_at,
            created_by,
            updated_by,
            deleted_at,
        })
    }
}

/// What a text is sorted and compared by: its folded form. A text of white space alone is empty and sorts like it.
pub fn sort_text(text: &str) -> Cow<'_, str> {
    let folded = fold(text);
    if folded.is_empty() {
        return Cow::Borrowed(AFTER_ALL_TEXT);
    }
    folded
}

/// What a unique text is compared by: its form with accents. None if it is empty.
pub fn unique_text(text: &str) -> Option<Cow<'_, str>> {
    Some(exact(text)).filter(|exact| !exact.is_empty())
}

/// The keys of a record as JSON: of each text its folded form where it differs, and under [`exact_name`] the form with
/// accents where that is another again; of each list of free texts its entries as they are compared, where these differ;
/// of each place its point on the sphere.
pub fn keys(object_type: &ObjectType, data: &Map<String, Json>) -> String {
    let mut keys = String::from("{");
    let mut add = |name: &str, value: &str| {
        if keys.len() > 1 {
            keys.push(',');
        }
        keys.push('"');
        keys.push_str(name);
        keys.push_str("\":");
        keys.push_str(value);
    };
    for (name, value) in data {
        let Some(field) = object_type.field(name) else {
            continue;
        };
        match (field.kind(), value) {
            (Kind::Text | Kind::LongText | Kind::Email | Kind::Url, Json::String(text)) => {
                let folded = sort_text(text);
                if folded != *text {
                    add(name, &Json::from(&*folded).to_string());
                }
                // Of an ASCII text both forms are one.
                if field.kind().order() == Order::Folded
                    && !text.is_ascii()
                    && let Some(exact) = unique_text(text)
                    && exact != folded
                {
                    add(&exact_name(name), &Json::from(exact).to_string());
                }
            }
            (Kind::MultiSelect, Json::Array(entries)) if is_free(field) => {
                let texts = || entries.iter().filter_map(Json::as_str);
                if texts().any(|text| fold::entry(text) != text) {
                    let entries: Vec<_> = texts().map(fold::entry).collect();
                    add(name, &serde_json::json!(entries).to_string());
                }
            }
            (Kind::Geo, value) => {
                let degrees = |name: &str| value.get(name).and_then(Json::as_f64);
                if let (Some(latitude), Some(longitude)) =
                    (degrees("latitude"), degrees("longitude"))
                {
                    let [x, y, z] = on_sphere(latitude, longitude);
                    add(name, &serde_json::json!([x, y, z]).to_string());
                }
            }
            _ => {}
        }
    }
    keys.push('}');
    keys
}

/// What a change of these fields makes of a record's keys, as a JSON merge patch: the keys of other fields stay as they
/// are, also where they are of an earlier folding.
pub fn changed_keys(
    object_type: &ObjectType,
    data: &Map<String, Json>,
    changed: &[String],
) -> String {
    let mut patch = Map::new();
    let mut values = Map::new();
    for name in changed {
        let Some(field) = object_type.field(name).filter(|field| has_key(field)) else {
            continue;
        };
        patch.insert(name.clone(), Json::Null);
        if field.kind().order() == Order::Folded {
            patch.insert(exact_name(name), Json::Null);
        }
        if let Some(value) = data.get(name) {
            values.insert(name.clone(), value.clone());
        }
    }
    let now = serde_json::from_str::<Map<String, Json>>(&keys(object_type, &values));
    patch.extend(now.unwrap_or_default());
    Json::Object(patch).to_string()
}

/// Whether values of this field have a key.
pub fn has_key(field: &Field) -> bool {
    matches!(
        field.kind(),
        Kind::Text | Kind::LongText | Kind::Email | Kind::Url | Kind::Geo
    ) || is_free(field)
}

/// Whether the field is a list of any texts.
pub fn is_free(field: &Field) -> bool {
    field.kind() == Kind::MultiSelect && field.definition.options.is_empty()
}

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
