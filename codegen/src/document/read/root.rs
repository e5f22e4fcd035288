//! The root of a document except its paths: info, servers, tags.

use super::Reader;
use super::place::Place;
use crate::document::{Server, Tag};

impl<'a> Reader<'a> {
    pub(super) fn info(
        &mut self,
        info: Option<&Place<'a>>,
    ) -> (String, String, Option<String>, Option<String>) {
        let Some(info) = info else {
            return Default::default();
        };
        self.known(
            info,
            &[
                "title",
                "summary",
                "description",
                "termsOfService",
                "contact",
                "license",
                "version",
            ],
            &[],
        );
        (
            self.required_text(info, "title").unwrap_or_default(),
            self.required_text(info, "version").unwrap_or_default(),
            self.text(info, "description"),
            self.text(info, "x-media-type"),
        )
    }

    pub(super) fn major(&mut self, version: &str, info: Option<&Place<'a>>) -> u32 {
        let digits: String = version
            .trim_start_matches('v')
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        match (digits.parse(), info) {
            (Ok(major), _) => major,
            (Err(_), Some(info)) if !version.is_empty() => {
                let place = info.child("version").unwrap_or_else(|| info.clone());
                let message = format!(
                    "`{version}` does not begin with a number, so there is no version to ask for"
                );
                self.report_at(
                    "version",
                    &place,
                    message,
                    "write it as MAJOR.MINOR.PATCH, such as \"1.0.0\"",
                );
                0
            }
            _ => 0,
        }
    }

    pub(super) fn servers(&mut self, root: &Place<'a>) -> Vec<Server> {
        let places = self.list(root, "servers");
        let mut servers = Vec::new();
        for place in places {
            self.known(&place, &["url", "description", "variables"], &[]);
            if let Some(url) = self.required_text(&place, "url") {
                servers.push(Server {
                    url,
                    description: self.text(&place, "description"),
                });
            }
        }
        servers
    }

    pub(super) fn tags(&mut self, root: &Place<'a>) -> Vec<Tag> {
        let places = self.list(root, "tags");
        let mut tags: Vec<Tag> = Vec::new();
        for place in places {
            self.known(&place, &["name", "description", "externalDocs"], &[]);
            let Some(name) = self.required_text(&place, "name") else {
                continue;
            };
            if tags.iter().any(|tag| tag.name == name) {
                self.report_at(
                    "duplicate-tag",
                    &place,
                    format!("the tag `{name}` is declared twice"),
                    "remove one of the two",
                );
            }
            tags.push(Tag {
                name,
                description: self.text(&place, "description"),
                at: self.at(&place),
            });
        }
        tags
    }
}
