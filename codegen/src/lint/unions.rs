//! `oneOf` and `anyOf`: a reader of a value must be able to tell its variant.

use super::Lint;
use crate::document::{Discriminator, Document, Kind, Schema};

pub(super) fn check(lint: &mut Lint<'_>) {
    let document = lint.document;
    let mut found = Vec::new();
    for site in &lint.sites {
        let (variants, discriminator) = match &site.schema.kind {
            Kind::OneOf {
                variants,
                discriminator,
            }
            | Kind::AnyOf {
                variants,
                discriminator,
            } => (variants, discriminator),
            _ => continue,
        };
        match discriminator {
            Some(discriminator) => {
                for (value, name) in &discriminator.mapping {
                    if let Some(why) = mismatch(document, discriminator, value, name) {
                        found.push(("discriminator", discriminator.at.clone(), why));
                    }
                }
            }
            None => {
                let objects = variants.iter().filter(|variant| {
                    document
                        .resolve(variant)
                        .is_some_and(|variant| matches!(variant.kind, Kind::Object(_)))
                });
                if objects.count() > 1 {
                    let message = "several of the variants are objects, and nothing says which one a value is".to_owned();
                    found.push(("discriminator", site.schema.at.clone(), message));
                }
            }
        }
    }
    for (rule, at, message) in found {
        lint.report(rule, &at, message, "give each variant a required property with its own constant, and name it in `discriminator`");
    }
}

fn mismatch(
    document: &Document,
    discriminator: &Discriminator,
    value: &str,
    name: &str,
) -> Option<String> {
    let property = &discriminator.property;
    let schema = document.resolve(document.schemas.get(name)?)?;
    let Schema {
        kind: Kind::Object(rules),
        ..
    } = schema
    else {
        return Some(format!(
            "the variant `{name}` is not an object, so it cannot have the property `{property}`"
        ));
    };
    let Some(own) = rules.properties.get(property) else {
        return Some(format!(
            "the variant `{name}` has no property `{property}`, by which it is chosen"
        ));
    };
    if !own.required {
        return Some(format!(
            "`{property}` of the variant `{name}` is not required, so the choice may be missing"
        ));
    }
    let resolved = document.resolve(&own.schema)?;
    let listed = resolved
        .constant
        .iter()
        .chain(resolved.enumeration.iter().flatten());
    let closed = resolved.constant.is_some() || resolved.enumeration.is_some();
    let holds = listed
        .clone()
        .any(|allowed| allowed.as_str() == Some(value));
    (closed && !holds).then(|| {
        format!("`{property}` of the variant `{name}` can never be `{value}`, which chooses it")
    })
}
