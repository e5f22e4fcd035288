//! The projection of answers other than records: the properties that a request asks for, and the ETag of the result.

use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::{failure::Failure, fault::Fault, hex};

/// The properties that an answer shows. Without a choice it shows all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    asked: Option<Vec<String>>,
}

impl Shown {
    /// Parses `?fields=`. The property `identity` is always shown; a name that is not `known` is refused.
    pub fn parse(fields: Option<&str>, identity: &str, known: &[&str]) -> Result<Self, Fault> {
        let mut shown = Self::of_fields(fields, |name| known.contains(&name))?;
        if let Some(asked) = &mut shown.asked
            && let Err(place) = asked.binary_search_by(|name| name.as_str().cmp(identity))
        {
            asked.insert(place, identity.to_owned());
        }
        Ok(shown)
    }

    /// Parses `?fields=`. A name that is not `known` is refused.
    pub fn of_fields(fields: Option<&str>, known: impl Fn(&str) -> bool) -> Result<Self, Fault> {
        let Some(fields) = fields else {
            return Ok(Self::default());
        };
        let mut asked: Vec<String> = fields.split(',').map(str::to_owned).collect();
        let unknown = asked
            .iter()
            .filter(|name| !known(name))
            .map(|name| Failure {
                pointer: "/query/fields".into(),
                rule: "unknown_field",
                message: format!("There is no field {name}."),
            });
        let unknown: Vec<Failure> = unknown.collect();
        if !unknown.is_empty() {
            return Err(Fault::Invalid(unknown));
        }
        asked.sort_unstable();
        asked.dedup();
        Ok(Self { asked: Some(asked) })
    }

    pub fn asks_for(&self, name: &str) -> bool {
        self.asked
            .as_ref()
            .is_none_or(|asked| asked.iter().any(|asked| asked == name))
    }

    pub fn is_whole(&self) -> bool {
        self.asked.is_none()
    }

    /// Reduces a value to the chosen properties.
    pub fn of<T: Serialize + DeserializeOwned>(&self, thing: T) -> Result<T, Fault> {
        let Some(asked) = &self.asked else {
            return Ok(thing);
        };
        let internal = |error: serde_json::Error| Fault::Internal(error.to_string());
        let mut value = serde_json::to_value(thing).map_err(internal)?;
        if let Some(object) = value.as_object_mut() {
            object.retain(|name, _| asked.contains(name));
        }
        serde_json::from_value(value).map_err(internal)
    }

    /// The strong ETag of a version. It differs for each choice of properties.
    pub fn etag(&self, version: i64) -> String {
        self.etag_without(version, std::iter::empty::<&str>())
    }

    /// The same for an answer without these hidden properties.
    pub fn etag_without(
        &self,
        version: i64,
        hidden: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> String {
        let mut hash: Option<Sha256> = None;
        let mut add = |part: &str| hash.get_or_insert_default().update(part.as_bytes());
        for name in self.asked.iter().flatten() {
            add(name);
            add(",");
        }
        for name in hidden {
            add("-");
            add(name.as_ref());
        }
        match hash {
            None => format!("\"{version}\""),
            Some(hash) => format!("\"{version}.{}\"", hex::encode(&hash.finalize()[..6])),
        }
    }
}

#[cfg(test)]
mod tests {
    use crm_contract::latest::types::Role;

    use super::*;

    #[test]
    fn only_what_was_asked_for_is_shown() {
        let role = Role {
            name: "owner".into(),
            label: Some("Owner".into()),
            description: Some("Everything.".into()),
            built_in: Some(true),
        };
        let known = ["name", "label", "description", "built_in"];
        let shown = |fields| Shown::parse(fields, "name", &known).unwrap();
        assert_eq!(shown(None).of(role.clone()).unwrap(), role);
        assert_eq!(
            shown(Some("label")).of(role.clone()).unwrap(),
            Role {
                description: None,
                built_in: None,
                ..role
            }
        );
        assert_eq!(shown(Some("label,name")), shown(Some("name,label,label")));
        let refusal = Shown::parse(Some("label,colour"), "name", &known).unwrap_err();
        let Fault::Invalid(failures) = refusal else {
            panic!("{refusal}");
        };
        assert_eq!(failures[0].pointer, "/query/fields");
        assert!(failures.len() == 1 && failures[0].message.contains("colour"));
    }

    #[test]
    fn tags_name_a_version_as_it_was_shown() {
        let (all, some) = (
            Shown::default(),
            Shown::parse(Some("name"), "id", &["name"]).unwrap(),
        );
        assert_eq!(all.etag(7), "\"7\"");
        assert_ne!(all.etag(7), some.etag(7));
    }
}
