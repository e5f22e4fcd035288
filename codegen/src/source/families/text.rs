//! Joins several texts, comments included: the lines of a family's section are inserted after those of the root's
//! section. Lines are copied unchanged, so this works for YAML in block style only; [`check`] parses the result and
//! compares it with the tree.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::{EVERY, Family, KEY};
use crate::diagnostic::{Diagnostics, Location};
use crate::source::{Content, Member, Node, Written, escape, read};

/// The lines of a section's members, counted from 0, the end excluded.
struct Span {
    /// The line of the key.
    key: usize,
    end: usize,
}

/// The text of a contract: `text` is the root's text, `root` its tree with the list of families.
pub(super) fn joined(text: &[u8], root: &Node, families: &[Family]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut more: IndexMap<String, String> = IndexMap::new();
    for family in families {
        let bytes = family.text.strip_prefix(b"\xEF\xBB\xBF");
        let text = String::from_utf8_lossy(bytes.unwrap_or(&family.text));
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for (pointer, span) in spans(&family.root, &lines) {
            let body = more.entry(pointer).or_default();
            let section = lines.iter().enumerate().take(span.end).skip(span.key + 1);
            for (index, line) in section {
                match family.copies.get(&index) {
                    Some(copy) => body.push_str(copy),
                    None => push(body, line),
                }
            }
        }
    }
    let spans = spans(root, &lines);
    // The parts for the bundler alone, each with the comment above it.
    let own = [KEY, EVERY].map(|key| {
        let span = spans.get(&format!("/{key}"))?;
        let comments = lines.iter().take(span.key).rev();
        let comments = comments.take_while(|line| line.starts_with('#')).count();
        Some(span.key - comments..span.end)
    });
    let added = || {
        let all = spans.iter();
        all.filter_map(|(pointer, span)| Some((pointer, span, more.get(pointer)?)))
    };
    let opened: HashMap<usize, &String> = added().map(|(key, span, _)| (span.key, key)).collect();
    let ended: HashMap<usize, &String> = added().map(|(_, span, body)| (span.end, body)).collect();
    let mut out = String::new();
    for (index, line) in lines.iter().enumerate() {
        if own.iter().flatten().any(|own| own.contains(&index)) {
            continue;
        }
        match opened.get(&index) {
            Some(pointer) => push(&mut out, &opened_up(line, root.at(pointer))),
            None => push(&mut out, line),
        }
        if let Some(body) = ended.get(&(index + 1)) {
            out.push_str(body);
        }
    }
    out.into_bytes()
}

/// The sections of a file by their pointers. Those of `components` are its members.
fn spans(root: &Node, lines: &[&str]) -> IndexMap<String, Span> {
    let mut heads: Vec<(String, &Member)> = Vec::new();
    for (key, member) in root.as_map().into_iter().flatten() {
        let pointer = format!("/{}", escape(key));
        let inner = member.node.as_map().filter(|_| key == "components");
        heads.push((pointer.clone(), member));
        for (key, member) in inner.into_iter().flatten() {
            heads.push((format!("{pointer}/{}", escape(key)), member));
        }
    }
    let line = |member: &Member| (member.key.line as usize).saturating_sub(1);
    let ends = heads.iter().skip(1).map(|(_, member)| line(member));
    let ends: Vec<usize> = ends.chain([lines.len()]).collect();
    let spans = heads.into_iter().zip(ends).map(|((pointer, member), end)| {
        let key = line(member);
        let indent = (member.key.column as usize).saturating_sub(1);
        let body = lines.iter().take(end).skip(key + 1).rev();
        // Blank lines and comments before the next key belong to that key.
        let next = body.take_while(|line| {
            let text = line.trim_start();
            let is_outside = line.len() - text.len() <= indent;
            text.is_empty() || (text.starts_with('#') && is_outside)
        });
        let end = end.saturating_sub(next.count()).max(key + 1);
        (pointer, Span { key, end })
    });
    spans
        .filter(|(pointer, _)| pointer != "/components")
        .collect()
}

/// The line of a section that was empty (`paths: {}`), ready for members.
fn opened_up(line: &str, section: Option<&Node>) -> String {
    let is_empty = |node: &&Node| match &node.content {
        Content::Map(map) => map.is_empty(),
        Content::List(list) => list.is_empty(),
        _ => false,
    };
    match section.filter(is_empty) {
        Some(node) => {
            let key: String = line
                .chars()
                .take((node.position.column as usize).saturating_sub(1))
                .collect();
            format!("{}\n", key.trim_end())
        }
        None => line.to_owned(),
    }
}

/// Appends a line, with a line end if the file had none.
fn push(out: &mut String, line: &str) {
    out.push_str(line);
    if !line.ends_with('\n') {
        out.push('\n');
    }
}

/// Reports where the text differs from the tree.
pub(super) fn check(whole: &Written, list: &Node, found: &mut Diagnostics) {
    let file: Arc<str> = Arc::from(whole.file.as_str());
    let mut faults = Diagnostics::default();
    let again = read(&whole.file, &whole.text, &mut faults);
    let bounds = ["too-large", "too-much", "too-deep"];
    let faults = faults.into_sorted();
    if let Some(fault) = faults.iter().find(|fault| bounds.contains(&fault.rule)) {
        // The line number is of the joined text, which the author has not seen.
        let at = Location::of_node(&file, &list.position, format!("/{KEY}"));
        found.report(fault.rule, &at, fault.message.as_str(), fault.mend.as_str());
        return;
    }
    let place = match &again {
        Some(again) if faults.is_empty() => differs(&whole.root, again, String::new()),
        _ => Some((list, format!("/{KEY}"))),
    };
    let place = place.map(|place| otherwise_indented(&whole.root).unwrap_or(place));
    if let Some((node, pointer)) = place {
        found.report(
            "family-form",
            &Location::of_node(&file, &node.position, pointer),
            "the files cannot be copied into one document as they are written: this would be lost or become something else",
            "write sections in YAML, a line for each member, indented in families as in the root",
        );
    }
}

/// The first member of a section with another indentation than those before it.
fn otherwise_indented(root: &Node) -> Option<(&Node, String)> {
    let sections = root
        .as_map()
        .into_iter()
        .flatten()
        .flat_map(|(key, member)| {
            let pointer = format!("/{}", escape(key));
            let inner = member.node.as_map().filter(|_| key == "components");
            let inner = inner.into_iter().flatten();
            let inner = inner.map(|(key, member)| (format!("/components/{}", escape(key)), member));
            [(pointer.clone(), member)]
                .into_iter()
                .chain(inner.collect::<Vec<_>>())
        });
    sections
        .filter(|(pointer, _)| pointer != "/components")
        .find_map(|(pointer, section)| {
            let members = section.node.as_map()?;
            let column = members.values().next()?.key.column;
            let (key, member) = members
                .iter()
                .find(|(_, member)| member.key.file.is_some() && member.key.column != column)?;
            Some((&member.node, format!("{pointer}/{}", escape(key))))
        })
}

/// The first node that differs in the other tree.
fn differs<'n>(node: &'n Node, other: &Node, pointer: String) -> Option<(&'n Node, String)> {
    match (&node.content, &other.content) {
        (Content::Map(map), Content::Map(others)) => {
            for (index, (key, member)) in map.iter().enumerate() {
                let pointer = format!("{pointer}/{}", escape(key));
                match others.get_index(index).filter(|(name, _)| *name == key) {
                    Some((_, other)) => {
                        let inner = differs(&member.node, &other.node, pointer);
                        if inner.is_some() {
                            return inner;
                        }
                    }
                    None => return Some((&member.node, pointer)),
                }
            }
            (map.len() != others.len()).then_some((node, pointer))
        }
        (Content::List(list), Content::List(others)) => {
            let pairs = list.iter().zip(others).enumerate();
            let mut inner =
                pairs.filter_map(|(index, (a, b))| differs(a, b, format!("{pointer}/{index}")));
            match inner.next() {
                Some(inner) => Some(inner),
                None => (list.len() != others.len()).then_some((node, pointer)),
            }
        }
        (content, other) => (content != other).then_some((node, pointer)),
    }
}
