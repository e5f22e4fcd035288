//! Distinguishes null from absent: an optional property that may be null is `Option<Option<T>>`, whose outer `None`
//! means absent.

use serde::{Deserialize, Deserializer};

/// Reads a present property, null included, as `Some`. For `deserialize_with` beside `default`.
pub fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    #[derive(serde::Deserialize)]
    struct Patch {
        #[serde(default, deserialize_with = "super::present")]
        name: Option<Option<String>>,
    }

    #[test]
    fn null_is_not_absent() {
        let read = |text| serde_json::from_str::<Patch>(text).unwrap().name;
        assert_eq!(read("{}"), None);
        assert_eq!(read(r#"{"name":null}"#), Some(None));
        assert_eq!(read(r#"{"name":"a"}"#), Some(Some("a".into())));
    }
}
