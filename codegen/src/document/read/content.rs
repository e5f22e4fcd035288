//! Bodies of requests and answers.

use indexmap::IndexMap;

use super::Reader;
use super::place::Place;
use crate::document::{Body, Encoding, Media, Response, Status, Style};

impl<'a> Reader<'a> {
    pub(super) fn body(&mut self, operation: &Place<'a>) -> Option<Body> {
        let place = operation.child("requestBody")?;
        let place = self.follow(&place, "requestBodies")?.place;
        self.map(&place)?;
        self.known(&place, &["description", "content", "required"], &[]);
        self.required(&place, "content");
        let content = self.content(&place);
        if content.is_empty() {
            self.report_at(
                "body-content",
                &place,
                "this request body names no media type",
                "add `content` with `application/json`",
            );
        }
        Some(Body {
            required: self.boolean(&place, "required").unwrap_or(false),
            description: self.text(&place, "description"),
            content,
            at: self.at(&place),
        })
    }

    pub(super) fn responses(&mut self, operation: &Place<'a>) -> IndexMap<Status, Response> {
        let mut responses = IndexMap::new();
        let Some(place) = self.required(operation, "responses") else {
            return responses;
        };
        let members = self.members(&place);
        if members.is_empty() {
            self.report_at(
                "responses",
                &place,
                "an operation without any response answers nothing",
                "document its success, `4XX` and `5XX`",
            );
        }
        for (key, place) in members {
            let status = Status::parse(&key);
            if status.is_none() {
                let message = format!("`{key}` is not a status");
                self.report_at(
                    "status",
                    &place,
                    message,
                    "use three digits (200), a range (4XX) or default",
                );
            }
            let response = self.response(&place);
            if let (Some(status), Some(response)) = (status, response) {
                responses.insert(status, response);
            }
        }
        responses
    }

    pub(super) fn response(&mut self, place: &Place<'a>) -> Option<Response> {
        if !self.charge(1) {
            return None;
        }
        let target = self.follow(place, "responses")?;
        let place = target.place;
        self.map(&place)?;
        self.known(&place, &["description", "headers", "content"], &["links"]);
        let description = self
            .required_text(&place, "description")
            .unwrap_or_default();
        let mut headers = IndexMap::new();
        for (name, header) in place
            .child("headers")
            .map(|headers| self.all_members(&headers))
            .unwrap_or_default()
        {
            if !is_token(&name) {
                let message = format!("`{name}` cannot be the name of a header (RFC 9110, 5.1)");
                self.report_at(
                    "header-name",
                    &header,
                    message,
                    "use letters, digits and hyphens",
                );
            } else if headers
                .keys()
                .any(|other: &String| other.eq_ignore_ascii_case(&name))
            {
                let message = format!(
                    "the header `{name}` is there twice; names of headers are case-insensitive"
                );
                self.report_at(
                    "duplicate-header",
                    &header,
                    message,
                    "remove one of the two",
                );
            } else if let Some(header) = self.header(&header) {
                headers.insert(name, header);
            }
        }
        Some(Response {
            description,
            headers,
            content: self.content(&place),
            component: target.name,
            at: self.at(&place),
        })
    }

    fn content(&mut self, owner: &Place<'a>) -> IndexMap<String, Media> {
        let mut content = IndexMap::new();
        for (name, place) in owner
            .child("content")
            .map(|content| self.members(&content))
            .unwrap_or_default()
        {
            if !is_media_type(&name) {
                self.report_at(
                    "media-type",
                    &place,
                    format!("`{name}` is no media type"),
                    "write type/subtype, such as application/json",
                );
                continue;
            }
            if self.map(&place).is_none() {
                continue;
            }
            self.known(&place, &["schema", "encoding", "example", "examples"], &[]);
            let media = Media {
                schema: place.child("schema").map(|schema| self.schema(&schema)),
                encoding: self.encoding(&place),
                examples: self.examples(&place),
                at: self.at(&place),
            };
            content.insert(name, media);
        }
        content
    }
}

impl<'a> Reader<'a> {
    fn encoding(&mut self, media: &Place<'a>) -> IndexMap<String, Encoding> {
        let mut encoding = IndexMap::new();
        let Some(all) = media.child("encoding") else {
            return encoding;
        };
        for (name, place) in self.all_members(&all) {
            if self.map(&place).is_none() {
                continue;
            }
            self.known(
                &place,
                &["contentType", "style", "explode", "allowReserved"],
                &["headers"],
            );
            let style = self.style(&place);
            let of_style = style.is_none_or(|style| style == Style::Form);
            let read = Encoding {
                content_type: self.text(&place, "contentType"),
                style,
                explode: self.boolean(&place, "explode").unwrap_or(of_style),
            };
            encoding.insert(name, read);
        }
        encoding
    }
}

/// A token of RFC 9110, 5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn is_media_type(text: &str) -> bool {
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    essence
        .split_once('/')
        .is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}
