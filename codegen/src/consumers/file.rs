//! The file format of pins: sorted YAML with wrapped lists, so that people can read it and a small change of the pins
//! is a small diff.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::{Consumer, Operations, Used};
use crate::diagnostic::{Diagnostic, Diagnostics, Location};
use crate::source::{self, Node, Position};

/// Lines are wrapped before this column.
const WIDTH: usize = 110;

pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Consumer, Vec<Diagnostic>> {
    let mut reader = Reader {
        file,
        found: Diagnostics::default(),
    };
    let consumer = source::read(file, bytes, &mut reader.found).map(|root| reader.consumer(&root));
    match consumer {
        Some(consumer) if reader.found.is_empty() => Ok(consumer),
        _ => Err(reader.found.into_sorted()),
    }
}

struct Reader<'f> {
    file: &'f str,
    found: Diagnostics,
}

impl Reader<'_> {
    fn consumer(&mut self, root: &Node) -> Consumer {
        let name = root.get("consumer").and_then(Node::as_str);
        if name.is_none() {
            self.report(
                &root.position,
                "no consumer is named",
                "write `consumer: web`",
            );
        }
        let mut versions = BTreeMap::new();
        for (key, member) in self.members(root) {
            if key == "consumer" {
                continue;
            }
            match key.strip_prefix('v').and_then(|number| number.parse().ok()) {
                Some(number) => {
                    let operations = self.operations(&member);
                    versions.insert(number, operations);
                }
                None => self.unknown(&key, &member.position),
            }
        }
        Consumer {
            name: name.unwrap_or_default().to_owned(),
            file: self.file.to_owned(),
            versions,
        }
    }

    fn operations(&mut self, node: &Node) -> Operations {
        let mut operations = Operations::new();
        for (id, member) in self.members(node) {
            let used = self.used(&member);
            operations.insert(id, used);
        }
        operations
    }

    fn used(&mut self, node: &Node) -> Used {
        let mut used = Used::default();
        for (key, member) in self.members(node) {
            match key.as_str() {
                "parameters" => used.parameters = self.texts(&member),
                "sends" => used.sends = self.texts(&member),
                "codes" => used.codes = self.texts(&member),
                "reads" => {
                    for (status, list) in self.members(&member) {
                        let properties = self.texts(&list);
                        used.reads.insert(status, properties);
                    }
                }
                _ => self.unknown(&key, &member.position),
            }
        }
        used
    }

    fn members(&mut self, node: &Node) -> Vec<(String, Node)> {
        match node.as_map() {
            Some(map) => map
                .iter()
                .map(|(key, member)| (key.clone(), member.node.clone()))
                .collect(),
            None => {
                self.report(
                    &node.position,
                    "a map is expected here",
                    "see docs/contract.md",
                );
                Vec::new()
            }
        }
    }

    fn texts(&mut self, node: &Node) -> BTreeSet<String> {
        let mut texts = BTreeSet::new();
        for item in node.as_list().unwrap_or_default() {
            texts.extend(item.as_str().map(str::to_owned));
        }
        if Some(texts.len()) != node.as_list().map(<[_]>::len) {
            let message = "a list of texts, each once, is expected here";
            self.report(&node.position, message, "see docs/contract.md");
        }
        texts
    }

    fn unknown(&mut self, key: &str, at: &Position) {
        let message = format!("`{key}` is nothing that pins know");
        self.report(at, message, "remove it, or record the pins anew");
    }

    fn report(&mut self, at: &Position, message: impl Into<String>, mend: &str) {
        let at = Location {
            line: at.line,
            column: at.column,
            ..Location::of_file(self.file)
        };
        self.found.report("pins", &at, message, mend);
    }
}

pub(super) fn write(consumer: &Consumer) -> String {
    let mut out = format!(
        "# What `{0}` relies on, recorded from its contract tests (`cargo xtask pin`) and kept. Properties are JSON pointers;\n\
         # `*` is any item or name, `fields(job)` the fields of a record type. What an answer held counts as read.\n\
         consumer: {0}\n",
        consumer.name
    );
    for (version, operations) in &consumer.versions {
        let _ = writeln!(out, "v{version}:");
        for (id, used) in operations {
            let empty = used == &Used::default();
            let _ = writeln!(out, "  {}:{}", scalar(id), if empty { " {}" } else { "" });
            list(&mut out, 4, "parameters", &used.parameters);
            list(&mut out, 4, "sends", &used.sends);
            if !used.reads.is_empty() {
                out.push_str("    reads:\n");
                for (status, properties) in &used.reads {
                    list(&mut out, 6, &format!("'{status}'"), properties);
                }
            }
            list(&mut out, 4, "codes", &used.codes);
        }
    }
    out
}

/// Writes `key: [a, b]`, wrapped; nothing for an empty list.
fn list(out: &mut String, indent: usize, key: &str, texts: &BTreeSet<String>) {
    if texts.is_empty() {
        return;
    }
    let mut line = format!("{:indent$}{key}: [", "");
    let mut first = true;
    for text in texts {
        let text = scalar(text);
        if !first {
            line.push(',');
            if line.len() + text.len() + 2 > WIDTH {
                out.push_str(&line);
                out.push('\n');
                line = format!("{:1$}", "", indent + 2);
            } else {
                line.push(' ');
            }
        }
        line.push_str(&text);
        first = false;
    }
    out.push_str(&line);
    out.push_str("]\n");
}

/// A YAML scalar: plain if YAML reads it as the same text, else quoted.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c == '/' || c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/*()_-.~$ ".contains(c))
        && !text.ends_with(' ')
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    if plain {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}
