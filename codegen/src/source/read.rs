//! Reads bytes into a tree. Characters that no text may hold are refused here, with their place, before parsing.

use std::path::Path;
use std::sync::Arc;

use super::tree::Tree;
use super::{Node, json, yaml};
use crate::diagnostic::{Diagnostics, Location};

/// The largest source that is read, in bytes.
pub const MOST_BYTES: usize = 16 * 1024 * 1024;

/// Parses YAML or JSON. None if the source cannot be parsed; then there is a finding. A tree may have findings as well
/// (a duplicate key).
pub fn read(file: &str, bytes: &[u8], diagnostics: &mut Diagnostics) -> Option<Node> {
    let file: Arc<str> = Arc::from(file);
    let text = text(&file, bytes, diagnostics)?;
    let mut tree = Tree::new(file.clone(), diagnostics);
    let read = if is_json(&file, text) {
        json::read(text, &mut tree)
    } else {
        yaml::read(text, &mut tree)
    };
    read.ok()?;
    let root = tree.finish();
    if root.is_none() {
        diagnostics.report(
            "empty-document",
            &Location::of_file(&file),
            "the file holds no document",
            "write an OpenAPI document: openapi, info, paths",
        );
    }
    root
}

/// The ending of the name decides; with another ending, a text that begins like JSON is JSON.
fn is_json(file: &str, text: &str) -> bool {
    match Path::new(file)
        .extension()
        .and_then(|extension| extension.to_str())
    {
        Some(extension) if extension.eq_ignore_ascii_case("json") => true,
        Some(extension)
            if extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml") =>
        {
            false
        }
        _ => text.trim_start().starts_with(['{', '[']),
    }
}

fn text<'a>(file: &Arc<str>, bytes: &'a [u8], diagnostics: &mut Diagnostics) -> Option<&'a str> {
    if bytes.len() > MOST_BYTES {
        diagnostics.report(
            "too-large",
            &Location::of_file(file),
            format!(
                "the file has {} bytes; at most {MOST_BYTES} are read",
                bytes.len()
            ),
            "split the contract, or move large examples out of it",
        );
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let (text, whole) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, true),
        Err(error) => (
            std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
            false,
        ),
    };
    // YAML 1.2 and JSON allow no control characters except tabs and line ends; a parser may take NUL for the end.
    let forbidden = text.char_indices().find(|(_, c)| {
        matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\x7f' | '\u{fffe}' | '\u{ffff}')
    });
    if let Some((offset, c)) = forbidden {
        diagnostics.report(
            "control-character",
            &place(file, text, offset),
            format!(
                "the control character U+{:04X} cannot stand in a document",
                u32::from(c)
            ),
            "remove it; in a quoted text, write it as an escape such as \\u0007",
        );
        return None;
    }
    if !whole {
        diagnostics.report(
            "not-utf8",
            &place(file, text, text.len()),
            "the file is not UTF-8 from here on",
            "save the file as UTF-8",
        );
        return None;
    }
    Some(text)
}

/// The place of a byte offset.
fn place(file: &Arc<str>, text: &str, offset: usize) -> Location {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |rest| rest.chars().count())
        + 1;
    let bound = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Location {
        file: file.clone(),
        line: bound(line),
        column: bound(column),
        pointer: String::new(),
    }
}
