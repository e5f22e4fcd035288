//! Changes of typed fields: values to set, and names to clear, which are sent as null. A struct of fields leaves out
//! fields that are `None`, so it cannot clear a field.

use std::collections::BTreeSet;

use serde::ser::{Error, Serialize, Serializer};
use serde_json::Value;

use crate::RecordFields;

/// The fields to set, and the names of fields to clear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch<F> {
    /// The fields to set; absent ones stay unchanged.
    pub set: F,
    cleared: BTreeSet<String>,
}

impl<F> Patch<F> {
    /// A change that sets these fields.
    pub fn new(set: F) -> Self {
        Self {
            set,
            cleared: BTreeSet::new(),
        }
    }

    /// Clears a field of the contract, even if `set` has a value for it.
    #[must_use]
    pub fn clear(self, field: F::Name) -> Self
    where
        F: RecordFields,
    {
        self.clear_named(field.as_ref())
    }

    /// Clears a field by name, for custom fields of the tenant.
    #[must_use]
    pub fn clear_named(mut self, name: impl Into<String>) -> Self {
        self.cleared.insert(name.into());
        self
    }

    /// The names of the fields that are cleared.
    pub fn cleared(&self) -> impl Iterator<Item = &str> {
        self.cleared.iter().map(String::as_str)
    }
}

impl<F> From<F> for Patch<F> {
    fn from(set: F) -> Self {
        Self::new(set)
    }
}

impl<F: Serialize> Serialize for Patch<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.cleared.is_empty() {
            return self.set.serialize(serializer);
        }
        let Value::Object(mut fields) =
            serde_json::to_value(&self.set).map_err(S::Error::custom)?
        else {
            return Err(S::Error::custom("the fields are no JSON object"));
        };
        let nulls = self.cleared.iter().map(|name| (name.clone(), Value::Null));
        fields.extend(nulls);
        fields.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::JsonObject;

    #[test]
    fn what_is_cleared_is_null_and_what_is_not_named_is_absent() {
        let mut set = JsonObject::new();
        set.insert("a".into(), json!(1));
        set.insert("b".into(), json!(2));
        let patch = Patch::new(set).clear_named("b").clear_named("c");
        assert_eq!(
            serde_json::to_value(&patch).unwrap(),
            json!({"a": 1, "b": null, "c": null})
        );
        let text = serde_json::to_string(&patch).unwrap();
        assert_eq!(text.matches("\"b\"").count(), 1, "{text}");
    }

    #[test]
    fn fields_that_are_no_object_are_an_error() {
        assert!(serde_json::to_string(&Patch::new(7).clear_named("a")).is_err());
        assert_eq!(serde_json::to_string(&Patch::new(7)).unwrap(), "7");
    }
}
