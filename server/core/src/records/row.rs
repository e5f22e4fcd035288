//! A record as its row holds it, and what is computed from its values and stored beside them: folded keys and search
//! words.

use serde_json::{Map, Value as Json};

use super::filter::area::on_sphere;
use crate::{
    fold,
    ports::store::Value,
    schema::{
        Field, Kind, ObjectType, Order,
        index::{exact_name, sort_text, unique_text},
    },
};

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

/// A record's keys as JSON. A text has its folded form, if that differs from the text. [`exact_name`] has the form with
/// accents, if that differs from both. A list of free texts has its entries in the form that is compared, if that
/// differs. A place has its point on the unit sphere.
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
                // For ASCII texts both forms are equal.
                if field.kind().order() == Order::Folded
                    && !text.is_ascii()
                    && let Some(exact) = unique_text(text)
                    && exact != folded
                {
                    add(&exact_name(name), &Json::from(exact).to_string());
                }
            }
            (Kind::MultiSelect, Json::Array(entries)) if field.is_free() => {
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

/// The JSON merge patch for a record's keys after a change of these fields. The keys of other fields stay as they are,
/// even if they have an earlier folding.
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
    ) || field.is_free()
}
