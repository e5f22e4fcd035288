//! Families: `x-families` of the root lists further files of the contract. Their members are added to the sections of
//! the root, key by key and in the order of the list. The result does not contain the list.

mod every;
mod join;
mod text;

use std::path::{Component, Path};
use std::sync::Arc;

use every::{Copies, EVERY, Groups};

use super::{Content, MOST_BYTES, Node, Written, read};
use crate::diagnostic::{Diagnostics, Location};

/// The key of the list.
pub(super) const KEY: &str = "x-families";
/// The most families of one contract.
const MOST_FAMILIES: usize = 500;

/// Reads the bytes of a family by its name in the root.
pub(super) type Fetch<'f> = &'f dyn Fn(&str) -> Result<Vec<u8>, Unread>;

/// Why a family cannot be read.
pub(super) enum Unread {
    /// The root comes from standard input or from memory.
    NoFolder,
    Missing,
    /// A link leads out of the folder.
    Outside,
    Failed(String),
}

/// A file of the contract that has been read.
struct Family {
    file: Arc<str>,
    text: Vec<u8>,
    root: Node,
    /// The groups in its text.
    copies: Copies,
}

/// The whole contract; None if a family cannot be read or joined, which is reported.
pub(super) fn joined(
    mut whole: Written,
    fetch: Fetch<'_>,
    found: &mut Diagnostics,
) -> Option<Written> {
    let Some(list) = whole.root.get(KEY).cloned() else {
        return Some(whole);
    };
    let mut faults = Diagnostics::default();
    let file: Arc<str> = Arc::from(whole.file.as_str());
    let mut families = families(&file, &list, whole.text.len(), fetch, &mut faults);
    let written = whole.root.clone();
    if let Content::Map(map) = &mut whole.root.content {
        map.shift_remove(KEY);
        map.shift_remove(EVERY);
    }
    let text = String::from_utf8_lossy(&whole.text);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut groups = Groups::of(&written, &lines, &file, &mut faults);
    for family in &mut families {
        family.copies = groups.expand(family, &mut faults);
    }
    // If one file cannot be read, the others are not checked, since much would be missing.
    if faults.is_empty() {
        for family in &families {
            join::join(&mut whole.root, family, &file, &mut faults);
        }
    }
    if !faults.is_empty() {
        found.extend(faults.into_sorted());
        return None;
    }
    whole
        .files
        .extend(families.iter().map(|family| family.file.to_string()));
    // A root with a fault is not published, so it needs no text.
    if found.is_empty() {
        whole.text = text::joined(&whole.text, &written, &families);
        text::check(&whole, &list, found);
    }
    Some(whole)
}

fn families(
    file: &Arc<str>,
    list: &Node,
    mut bytes: usize,
    fetch: Fetch<'_>,
    found: &mut Diagnostics,
) -> Vec<Family> {
    let pointer = format!("/{KEY}");
    let at = Location::of_node(file, &list.position, pointer.as_str());
    let Some(items) = list.as_list().filter(|items| items.len() <= MOST_FAMILIES) else {
        let message = format!(
            "`{KEY}` is a list of at most {MOST_FAMILIES} files, this is {}",
            list.kind()
        );
        let mend = "write a list of paths: `- families/users.yaml`";
        found.report("family-list", &at, message, mend);
        return Vec::new();
    };
    let mut names: Vec<(&str, u32)> = Vec::new();
    let mut families = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let at = Location::of_node(file, &item.position, format!("{pointer}/{index}"));
        let Some(name) = named(item, &names, &at, found) else {
            continue;
        };
        names.push((name, item.position.line));
        let text = match fetch(name) {
            Ok(text) => text,
            Err(unread) => {
                unread.report(name, &at, found);
                continue;
            }
        };
        bytes += text.len();
        if bytes > MOST_BYTES {
            let message =
                format!("with `{name}` the contract has more than {MOST_BYTES} bytes in all");
            let mend = "move large examples out of it";
            found.report("too-large", &at, message, mend);
            break;
        }
        let path = Path::new(&**file).with_file_name(name);
        let path: Arc<str> = Arc::from(path.display().to_string());
        if let Some(mut root) = read(&path, &text, found) {
            place(&mut root, &path);
            families.push(Family {
                file: path,
                text,
                root,
                copies: Copies::new(),
            });
        }
    }
    families
}

/// The name of a family if it is valid and not a duplicate.
fn named<'n>(
    item: &'n Node,
    before: &[(&str, u32)],
    at: &Location,
    found: &mut Diagnostics,
) -> Option<&'n str> {
    let Some(name) = item.as_str() else {
        let message = format!(
            "the path of a file is expected here, this is {}",
            item.kind()
        );
        found.report("family-list", at, message, "write it as text");
        return None;
    };
    if !is_inside(name) {
        found.report(
            "family-path",
            at,
            format!("`{name}` is no path of a file in the root's folder"),
            "write it relative to the root and with `/`, without `.` and `..`: `families/users.yaml`",
        );
        return None;
    }
    if let Some((_, line)) = before.iter().find(|(known, _)| *known == name) {
        let message = format!("`{name}` is named a second time (first on line {line})");
        found.report("family-twice", at, message, "remove one of the two");
        return None;
    }
    Some(name)
}

fn is_inside(name: &str) -> bool {
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    let normal = |part: Component<'_>| matches!(part, Component::Normal(_));
    !name.contains('\\') && name.split('/').all(plain) && Path::new(name).components().all(normal)
}

impl Unread {
    fn report(self, name: &str, at: &Location, found: &mut Diagnostics) {
        let (rule, message, mend) = match self {
            Unread::NoFolder => (
                "family-no-folder",
                format!("`{name}` is not looked for: this contract was read without its folder"),
                "name the root's file, or give the one document that `contract bundle` prints",
            ),
            Unread::Missing => (
                "family-missing",
                format!("there is no file `{name}` beside the root"),
                "create it, or remove it from the list",
            ),
            Unread::Outside => (
                "family-path",
                format!("`{name}` is a link that leads out of the root's folder"),
                "move the file into the folder",
            ),
            Unread::Failed(why) => (
                "family-unreadable",
                format!("`{name}` cannot be read: {why}"),
                "make it a file that can be read",
            ),
        };
        found.report(rule, at, message, mend);
    }
}

/// Sets the file of all nodes.
fn place(node: &mut Node, file: &Arc<str>) {
    node.position.file = Some(file.clone());
    match &mut node.content {
        Content::List(list) => list.iter_mut().for_each(|item| place(item, file)),
        Content::Map(map) => {
            for member in map.values_mut() {
                member.key.file = Some(file.clone());
                place(&mut member.node, file);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::is_inside;

    #[test]
    fn a_family_stays_in_the_folder_and_has_one_name() {
        for name in ["a.yaml", "families/a.yaml", "a/b/c", "..a"] {
            assert!(is_inside(name), "{name}");
        }
        for name in [
            "",
            "/a.yaml",
            "../a.yaml",
            "a/../b.yaml",
            "./a.yaml",
            "a/./b.yaml",
            "a//b.yaml",
            "a/",
            "a\\b.yaml",
            "..",
        ] {
            assert!(!is_inside(name), "{name}");
        }
    }
}
