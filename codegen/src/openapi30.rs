//! Writes a document as OpenAPI 3.0.3, for tools without support of newer versions: nothing is lost, everything is in
//! the form of 3.0, in the order of the source. (The profile that the client generator understands is `lower`, not
//! this.)

mod keywords;
mod schema;

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Diagnostics, Location};
use crate::document::Method;
use crate::source::{Content, Member, Node, escape};

type Map = IndexMap<String, Member>;

/// Converts a tree that was read without findings; anything that 3.0 cannot express is a finding.
pub fn openapi30(source: &Node, at: &Location) -> Result<Node, Vec<Diagnostic>> {
    let mut writer = Writer {
        root: source,
        at,
        pointer: String::new(),
        found: Diagnostics::default(),
    };
    let node = writer.document();
    let found = writer.found.into_sorted();
    if found.is_empty() {
        Ok(node)
    } else {
        Err(found)
    }
}

struct Writer<'a> {
    root: &'a Node,
    at: &'a Location,
    pointer: String,
    found: Diagnostics,
}

/// The function for the members of a map.
type Each<'a> = fn(&mut Writer<'a>, &'a Node) -> Node;

impl<'a> Writer<'a> {
    fn document(&mut self) -> Node {
        self.members(self.root, |writer, key, node| match key {
            "openapi" => Some(text("3.0.3")),
            "info" => Some(writer.info(node)),
            "paths" => Some(writer.each(node, Writer::path_item)),
            "components" => Some(writer.components(node)),
            "security" => Some(writer.security(node).0),
            "jsonSchemaDialect" => None,
            "webhooks" => {
                writer.refuse(
                    node,
                    "OpenAPI 3.0 has no `webhooks`",
                    "describe them in the text",
                );
                None
            }
            _ => Some(node.clone()),
        })
    }

    /// 3.0 has no summary of the document, and names a licence by address, not by SPDX expression.
    fn info(&mut self, info: &'a Node) -> Node {
        self.rename(info, |writer, key, node| match key {
            "summary" => Some(("x-summary".to_owned(), node.clone())),
            "license" => Some((key.to_owned(), writer.license(node))),
            _ => Some((key.to_owned(), node.clone())),
        })
    }

    fn license(&mut self, license: &'a Node) -> Node {
        self.rename(license, |_, key, node| match (key, node.as_str()) {
            ("identifier", Some(expression)) => {
                let page = match expression.contains(' ') {
                    true => String::new(),
                    false => format!("{expression}.html"),
                };
                let url = format!("https://spdx.org/licenses/{page}");
                Some(("url".to_owned(), text(&url)))
            }
            _ => Some((key.to_owned(), node.clone())),
        })
    }

    fn components(&mut self, components: &'a Node) -> Node {
        self.members(components, |writer, key, node| {
            let each: Each<'a> = match key {
                "schemas" => Writer::schema,
                "responses" => Writer::response,
                "parameters" | "headers" => Writer::parameter,
                "requestBodies" => Writer::body,
                "callbacks" => Writer::callback,
                // Inlined at their references.
                "pathItems" => return None,
                _ => return Some(node.clone()),
            };
            Some(writer.each(node, each))
        })
    }

    fn path_item(&mut self, item: &'a Node) -> Node {
        self.members(self.target(item, "pathItems"), |writer, key, node| {
            Some(match key {
                "parameters" => writer.list(node, Writer::parameter),
                _ if Method::parse(key).is_some() => writer.operation(node),
                _ => node.clone(),
            })
        })
    }

    /// 3.0 allows scopes in a requirement only for OAuth 2 and OpenID Connect; others go into an extension.
    fn operation(&mut self, operation: &'a Node) -> Node {
        let mut scopes = None;
        let mut written = self.members(operation, |writer, key, node| {
            Some(match key {
                "parameters" => writer.list(node, Writer::parameter),
                "requestBody" => writer.body(node),
                "responses" => writer.each(node, Writer::response),
                "callbacks" => writer.each(node, Writer::callback),
                "security" => {
                    let (security, moved) = writer.security(node);
                    scopes = moved;
                    security
                }
                _ => node.clone(),
            })
        });
        if let (Some(scopes), Content::Map(map)) = (scopes, &mut written.content) {
            map.insert("x-required-scopes".to_owned(), member(scopes));
        }
        written
    }

    /// The requirements, and the scopes that were moved out of them, by scheme.
    fn security(&mut self, security: &'a Node) -> (Node, Option<Node>) {
        let mut moved = Map::new();
        let mut list = Vec::new();
        for requirement in security.as_list().unwrap_or_default() {
            let mut kept = Map::new();
            for (scheme, scopes) in requirement.as_map().into_iter().flatten() {
                let kind = self.root.at(&format!(
                    "/components/securitySchemes/{}/type",
                    escape(scheme)
                ));
                let has_scopes = matches!(
                    kind.and_then(Node::as_str),
                    Some("oauth2" | "openIdConnect")
                );
                let none = scopes.node.as_list().is_none_or(<[Node]>::is_empty);
                if has_scopes || none {
                    kept.insert(scheme.clone(), scopes.clone());
                } else {
                    kept.insert(scheme.clone(), member(content(Content::List(Vec::new()))));
                    moved.insert(scheme.clone(), scopes.clone());
                }
            }
            list.push(content(Content::Map(kept)));
        }
        let moved = (!moved.is_empty()).then(|| content(Content::Map(moved)));
        (content(Content::List(list)), moved)
    }

    /// A parameter, or a header of an answer.
    fn parameter(&mut self, parameter: &'a Node) -> Node {
        self.part(parameter, |writer, key, node| match key {
            "schema" => writer.schema(node),
            "content" => writer.each(node, Writer::media),
            _ => node.clone(),
        })
    }

    fn body(&mut self, body: &'a Node) -> Node {
        self.part(body, |writer, key, node| match key {
            "content" => writer.each(node, Writer::media),
            _ => node.clone(),
        })
    }

    fn response(&mut self, response: &'a Node) -> Node {
        self.part(response, |writer, key, node| match key {
            "headers" => writer.each(node, Writer::parameter),
            "content" => writer.each(node, Writer::media),
            _ => node.clone(),
        })
    }

    fn media(&mut self, media: &'a Node) -> Node {
        self.part(media, |writer, key, node| match key {
            "schema" => writer.schema(node),
            "encoding" => writer.each(node, Writer::response),
            _ => node.clone(),
        })
    }

    fn callback(&mut self, callback: &'a Node) -> Node {
        match callback.get("$ref") {
            Some(_) => self.part(callback, |_, _, node| node.clone()),
            None => self.each(callback, Writer::path_item),
        }
    }

    /// A map that may be a reference, beside which 3.0 allows nothing.
    fn part(
        &mut self,
        node: &'a Node,
        mut with: impl FnMut(&mut Self, &str, &'a Node) -> Node,
    ) -> Node {
        let is_reference = node.get("$ref").is_some();
        self.members(node, |writer, key, node| {
            (!is_reference || key == "$ref").then(|| with(writer, key, node))
        })
    }

    /// Follows a reference to a component of that section. The chains are short, since the reader has checked them.
    fn target(&self, node: &'a Node, section: &str) -> &'a Node {
        let mut node = node;
        for _ in 0..32 {
            let pointer = node
                .get("$ref")
                .and_then(Node::as_str)
                .and_then(|text| text.strip_prefix('#'));
            let inside =
                pointer.filter(|pointer| pointer.starts_with(&format!("/components/{section}/")));
            match inside.and_then(|pointer| self.root.at(pointer)) {
                Some(target) => node = target,
                None => break,
            }
        }
        node
    }

    fn each(&mut self, node: &'a Node, with: Each<'a>) -> Node {
        self.members(node, |writer, key, node| {
            Some(if key.starts_with("x-") {
                node.clone()
            } else {
                with(writer, node)
            })
        })
    }

    fn list(&mut self, node: &'a Node, with: Each<'a>) -> Node {
        let Some(list) = node.as_list() else {
            return node.clone();
        };
        let mut written = Vec::with_capacity(list.len());
        for (index, item) in list.iter().enumerate() {
            let length = self.step(&index.to_string());
            written.push(with(self, item));
            self.pointer.truncate(length);
        }
        content(Content::List(written))
    }

    /// The map with each member converted or left out.
    fn members(
        &mut self,
        node: &'a Node,
        mut with: impl FnMut(&mut Self, &str, &'a Node) -> Option<Node>,
    ) -> Node {
        self.rename(node, |writer, key, node| {
            Some((key.to_owned(), with(writer, key, node)?))
        })
    }

    fn rename(
        &mut self,
        node: &'a Node,
        mut with: impl FnMut(&mut Self, &str, &'a Node) -> Option<(String, Node)>,
    ) -> Node {
        let Some(map) = node.as_map() else {
            return node.clone();
        };
        let mut written = Map::with_capacity(map.len());
        for (key, old) in map {
            let length = self.step(key);
            if let Some((key, node)) = with(self, key, &old.node) {
                written.insert(key, member(node));
            }
            self.pointer.truncate(length);
        }
        content(Content::Map(written))
    }

    fn step(&mut self, key: &str) -> usize {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&escape(key));
        length
    }

    fn refuse(&mut self, node: &Node, message: &str, mend: &str) {
        let at = Location::of_node(&self.at.file, &node.position, self.pointer.as_str());
        self.found.report("openapi30", &at, message, mend);
    }
}

fn content(content: Content) -> Node {
    Node {
        content,
        ..Node::default()
    }
}

fn member(node: Node) -> Member {
    Member {
        node,
        ..Member::default()
    }
}

fn text(text: &str) -> Node {
    content(Content::Text(text.to_owned()))
}
