//! Security schemes and requirements.

use indexmap::IndexMap;

use super::Reader;
use super::place::Place;
use crate::document::{Requirement, SecurityScheme};

impl<'a> Reader<'a> {
    pub(super) fn security_schemes(
        &mut self,
        section: Option<Place<'a>>,
    ) -> IndexMap<String, SecurityScheme> {
        self.section(section, |reader, place| {
            let place = reader.follow(place, "securitySchemes")?.place;
            reader.known(
                &place,
                &[
                    "type",
                    "description",
                    "name",
                    "in",
                    "scheme",
                    "bearerFormat",
                    "flows",
                    "openIdConnectUrl",
                ],
                &[],
            );
            Some(SecurityScheme {
                kind: reader.required_text(&place, "type")?,
                scheme: reader.text(&place, "scheme"),
                description: reader.text(&place, "description"),
                at: reader.at(&place),
            })
        })
    }

    /// Reads a `security` list, of which a caller needs any one entry.
    pub(super) fn security(&mut self, owner: &Place<'a>) -> Option<Vec<Requirement>> {
        owner.child("security")?;
        let mut requirements = Vec::new();
        for entry in self.list(owner, "security") {
            let members = self.members(&entry);
            if members.len() != 1 {
                self.report_at(
                    "security-combination",
                    &entry,
                    format!("this entry names {} security schemes; exactly one is possible", members.len()),
                    "one scheme per entry, any one of the entries suffices; `security: []` makes an operation public",
                );
            }
            for (scheme, scopes) in members {
                if !self.schemes.contains(&scheme) {
                    self.report_at(
                        "security-unknown",
                        &scopes,
                        format!("no security scheme is called `{scheme}`"),
                        "declare it under components.securitySchemes, or use one that is there",
                    );
                }
                let at = self.at(&scopes);
                requirements.push(Requirement {
                    scheme,
                    scopes: self.texts_of(&scopes),
                    at,
                });
            }
        }
        Some(requirements)
    }
}
