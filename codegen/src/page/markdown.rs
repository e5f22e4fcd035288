//! The document's texts (CommonMark) as HTML. HTML in them is shown as text; links point to the web or into the page.
//! Code spans with the name of a schema or an error code become links to it.

use std::collections::BTreeSet;

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::document::Document;

/// The names for which the page has an entry.
pub(super) struct Words<'a> {
    schemas: BTreeSet<&'a str>,
    codes: BTreeSet<&'a str>,
}

/// The introduction of a document, and the headings for the table of contents.
pub(super) struct Guide {
    pub text: Markup,
    /// Id and text of each heading.
    pub headings: Vec<(String, String)>,
}

impl<'a> Words<'a> {
    pub(super) fn of(document: &'a Document) -> Self {
        Self {
            schemas: document.schemas.keys().map(String::as_str).collect(),
            codes: document.codes.keys().map(String::as_str).collect(),
        }
    }

    /// A text of paragraphs.
    pub(super) fn text(&self, text: &str) -> Markup {
        let mut out = String::new();
        pulldown_cmark::html::push_html(&mut out, self.events(text).into_iter());
        PreEscaped(out)
    }

    /// A text of one paragraph, without the paragraph.
    pub(super) fn line(&self, text: &str) -> Markup {
        let mut events = self.events(text);
        let paragraphs = events
            .iter()
            .filter(|event| matches!(event, Event::Start(Tag::Paragraph)))
            .count();
        let around = matches!(
            (events.first(), events.last()),
            (
                Some(Event::Start(Tag::Paragraph)),
                Some(Event::End(TagEnd::Paragraph))
            )
        );
        if around && paragraphs == 1 {
            events.remove(0);
            events.pop();
        }
        let mut out = String::new();
        pulldown_cmark::html::push_html(&mut out, events.into_iter());
        PreEscaped(out)
    }

    pub(super) fn guide(&self, text: &str) -> Guide {
        let mut headings = Vec::new();
        let mut events = Vec::new();
        let mut open: Option<String> = None;
        for event in self.events(text) {
            match event {
                Event::Start(Tag::Heading { .. }) => open = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let heading = open.take().unwrap_or_default();
                    let id = anchor(&heading);
                    let markup = html! { h2 id=(id) { a href={ "#" (id) } { (heading) } } };
                    events.push(Event::Html(markup.into_string().into()));
                    headings.push((id, heading));
                }
                Event::Text(text) | Event::Code(text) if open.is_some() => {
                    if let Some(heading) = &mut open {
                        heading.push_str(&text);
                    }
                }
                _ if open.is_some() => {}
                event => events.push(event),
            }
        }
        let mut out = String::new();
        pulldown_cmark::html::push_html(&mut out, events.into_iter());
        Guide {
            text: PreEscaped(out),
            headings,
        }
    }

    fn events<'t>(&self, text: &'t str) -> Vec<Event<'t>> {
        let mut linked = 0_usize;
        let written = |event: Event<'t>| match event {
            Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
            Event::Start(Tag::Heading {
                id, classes, attrs, ..
            }) => Event::Start(Tag::Heading {
                level: HeadingLevel::H4,
                id,
                classes,
                attrs,
            }),
            Event::End(TagEnd::Heading(_)) => Event::End(TagEnd::Heading(HeadingLevel::H4)),
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }) => {
                linked += 1;
                let dest_url = if is_harmless(&dest_url) {
                    dest_url
                } else {
                    CowStr::from("#")
                };
                Event::Start(Tag::Link {
                    link_type,
                    dest_url,
                    title,
                    id,
                })
            }
            Event::End(TagEnd::Link) => {
                linked = linked.saturating_sub(1);
                Event::End(TagEnd::Link)
            }
            // An image would be loaded from elsewhere, so only its text is shown.
            Event::Start(Tag::Image { .. }) => Event::Start(Tag::Emphasis),
            Event::End(TagEnd::Image) => Event::End(TagEnd::Emphasis),
            Event::Code(code) if linked == 0 => match self.target(&code) {
                Some(target) => {
                    let link = html! { a href=(target) { code { (code) } } };
                    Event::InlineHtml(link.into_string().into())
                }
                None => Event::Code(code),
            },
            event => event,
        };
        Parser::new(text).map(written).collect()
    }

    fn target(&self, code: &str) -> Option<String> {
        if self.codes.contains(code) {
            Some(format!("#code-{code}"))
        } else if self.schemas.contains(code) {
            Some(format!("#schema-{code}"))
        } else {
            None
        }
    }
}

fn is_harmless(address: &str) -> bool {
    ["https://", "http://", "#", "mailto:"]
        .iter()
        .any(|start| address.starts_with(start))
}

fn anchor(heading: &str) -> String {
    let dashed: String = heading
        .chars()
        .map(|c| {
            if c.is_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    format!("guide-{}", dashed.trim_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words<'static> {
        Words {
            schemas: BTreeSet::from(["Note"]),
            codes: BTreeSet::from(["GONE"]),
        }
    }

    #[test]
    fn html_in_a_text_is_text() {
        let out = words()
            .text("a <script>alert(1)</script> b\n\n<img src=x onerror=alert(1)>")
            .into_string();
        assert!(!out.contains("<script") && !out.contains("<img"), "{out}");
        assert!(out.contains("&lt;script&gt;"), "{out}");
    }

    #[test]
    fn links_lead_to_the_web_or_within() {
        let out = words()
            .text("[a](javascript:alert(1)) [b](https://b.example) ![c](https://c.example/c.png)")
            .into_string();
        assert!(
            !out.contains("javascript") && !out.contains("<img"),
            "{out}"
        );
        assert!(out.contains(r#"href="https://b.example""#), "{out}");
    }

    #[test]
    fn names_lead_to_their_entries() {
        let out = words().line("A `Note`, `GONE` or `other`.").into_string();
        assert_eq!(
            out,
            r##"A <a href="#schema-Note"><code>Note</code></a>, <a href="#code-GONE"><code>GONE</code></a> or <code>other</code>."##
        );
    }

    #[test]
    fn headings_are_listed() {
        let guide = words().guide("One.\n\n## Getting in\n\nTwo.");
        assert_eq!(
            guide.headings,
            [("guide-getting-in".to_owned(), "Getting in".to_owned())]
        );
        assert!(
            guide
                .text
                .into_string()
                .contains(r#"<h2 id="guide-getting-in">"#)
        );
    }
}
