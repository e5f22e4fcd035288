//! What things other than records show of themselves: the properties that a request asks for, and the tag that stands for
//! them.

use crm_contract::codes::Code;
use crm_runtime::server::{At, Problem, Report};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::{fault::Fault, hex};

/// The properties that an answer shows; none given: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    asked: Option<Vec<String>>,
}

impl Shown {
    /// Reads `?fields=`. `identity` always stays; a name that is not among the `known` is refused.
    pub fn parse(
        fields: Option<&str>,
        identity: &str,
        known: &[&str],
    ) -> Result<Self, Problem<Code>> {
        let Some(fields) = fields else {
            return Ok(Self::default());
        };
        let mut asked: Vec<String> = fields.split(',').map(str::to_owned).collect();
        let mut report = Report::new();
        for name in asked.iter().filter(|name| !known.contains(&name.as_str())) {
            report.add(
                &At::QUERY.name("fields"),
                "unknown_field",
                format!("There is no property {name}."),
            );
        }
        if !report.is_clean() {
            return Err(report.problem().map(|_| Code::ValidationFailed));
        }
        asked.push(identity.to_owned());
        asked.sort_unstable();
        asked.dedup();
        Ok(Self { asked: Some(asked) })
    }

    /// The thing with what was asked for of it.
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

    /// The strong tag of a version as shown: distinct for each choice of properties.
    pub fn etag(&self, version: i64) -> String {
        match &self.asked {
            None => format!("\"{version}\""),
            Some(asked) => {
                let hash = hex::encode(&Sha256::digest(asked.join(",")));
                format!("\"{version}.{}\"", hash.get(..8).unwrap_or_default())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crm_contract::v1::types::Role;

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
        assert_eq!(
            (
                refusal.code(),
                refusal.context()["errors"][0]["pointer"].as_str()
            ),
            (Code::ValidationFailed, Some("/query/fields"))
        );
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
