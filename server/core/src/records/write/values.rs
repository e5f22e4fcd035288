//! The values of a record while it is written. Holders share them, they are copied only to be changed, and printed
//! once.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use crm_runtime::JsonObject;

#[derive(Clone, Debug, Default)]
pub struct Values(Arc<Printed>);

#[derive(Clone, Debug, Default)]
struct Printed {
    fields: JsonObject,
    text: OnceLock<String>,
}

impl Values {
    /// Parses stored values and keeps their text.
    pub fn read(text: String) -> serde_json::Result<Self> {
        let fields = serde_json::from_str(&text)?;
        Ok(Self(Arc::new(Printed {
            fields,
            text: text.into(),
        })))
    }

    /// The values as JSON.
    pub fn text(&self) -> &str {
        // A map of JSON values always serializes.
        self.0
            .text
            .get_or_init(|| serde_json::to_string(&self.0.fields).unwrap_or_default())
    }

    pub fn change(&mut self) -> &mut JsonObject {
        let printed = Arc::make_mut(&mut self.0);
        printed.text = OnceLock::new();
        &mut printed.fields
    }
}

impl From<JsonObject> for Values {
    fn from(fields: JsonObject) -> Self {
        Self(Arc::new(Printed {
            fields,
            text: OnceLock::new(),
        }))
    }
}

impl Deref for Values {
    type Target = JsonObject;

    fn deref(&self) -> &JsonObject {
        &self.0.fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_changed_prints_anew_and_what_shared_it_does_not_change() {
        let before = Values::read(r#"{ "a": 1 }"#.to_owned()).unwrap();
        let mut after = before.clone();
        assert_eq!(after.text(), r#"{ "a": 1 }"#);
        after.change().insert("b".into(), true.into());
        assert_eq!(after.text(), r#"{"a":1,"b":true}"#);
        assert_eq!(before.text(), r#"{ "a": 1 }"#);
        assert!(!before.contains_key("b"));
    }
}
