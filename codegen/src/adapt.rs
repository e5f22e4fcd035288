//! Makes a crate from any contract. It adds facts that the generator needs and other contracts do not have (consumers,
//! error codes, names), and leaves out operations that it cannot generate, each with a finding that names it. The rest
//! is generated.

mod answers;
mod bodies;
mod crates;
mod edit;
mod operations;
mod parameters;
mod reach;

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Location};
use crate::document::{Document, Method, Status};
use crate::generate::{self, Module, forms};
use crate::overlay;
use crate::source::{self, Node, Written, escape};
use edit::Edit;

pub use crates::{File, files};

/// The one consumer of a foreign contract.
pub const CONSUMER: &str = "client";

/// Each round mends or removes the findings of the round before; this many rounds are enough for any contract.
const MOST_ROUNDS: usize = 24;

/// The result for a contract.
#[derive(Debug)]
pub struct Adapted {
    /// The document from which code is generated.
    pub document: Document,
    pub modules: Vec<Module>,
    /// The parts that were left out or are generated differently from the document, by place.
    pub left: Vec<Diagnostic>,
}

/// Rules whose findings are about keywords that the generator does not need, so that they can be removed.
const NEEDLESS: &[&str] = &[
    "unknown-field",
    "keyword-without-effect",
    "nullable",
    "duplicate-tag",
    "duplicate-item",
    "date",
    "discriminator-mapping",
    "discriminator-variant",
];

/// Generates types, server and client from a contract. An error if it is not a contract at all, or if a fault does not
/// belong to an operation.
pub fn adapt(file: &str, bytes: &[u8]) -> Result<Adapted, Vec<Diagnostic>> {
    adapt_written(Written::of_bytes(file, bytes)?)
}

/// The same for a contract that may be written in several files.
pub fn adapt_written(written: Written) -> Result<Adapted, Vec<Diagnostic>> {
    let Written { file, mut root, .. } = written;
    let file = file.as_str();
    let mut edit = Edit::new(file, &root);
    operations::prepare(&mut root, &mut edit);
    for _ in 0..MOST_ROUNDS {
        let faults = match generated(file, &root) {
            Ok((document, modules)) => {
                return Ok(Adapted {
                    document,
                    modules,
                    left: edit.found.into_sorted(),
                });
            }
            Err(faults) => faults,
        };
        if !edit.mend(&mut root, &faults) {
            return Err(faults);
        }
    }
    Err(vec![Diagnostic::new(
        "generate",
        &Location::of_file(file),
        format!("there is still something wrong after {MOST_ROUNDS} rounds of leaving out"),
        "mend what is reported, and generate again",
    )])
}

fn generated(file: &str, root: &Node) -> Result<(Document, Vec<Module>), Vec<Diagnostic>> {
    let document = Document::from_node(file, root.clone())?;
    let versions = std::slice::from_ref(&document);
    let (mut modules, mut found) = generate::clients(versions, |_| true);
    let (more, also) = generate::contract(versions);
    modules.extend(more);
    found.extend(also.into_sorted());
    if found.is_empty() {
        Ok((document, modules))
    } else {
        Err(found.into_sorted())
    }
}

impl Edit {
    /// Removes the causes of findings: a needless keyword, an optional parameter, or the operations that depend on it.
    /// False if nothing could be removed.
    fn mend(&mut self, root: &mut Node, faults: &[Diagnostic]) -> bool {
        let mut gone: BTreeSet<String> = BTreeSet::new();
        let mut given_up: BTreeSet<String> = BTreeSet::new();
        for fault in faults {
            let pointer = &fault.at.pointer;
            if NEEDLESS.contains(&fault.rule) && !pointer.is_empty() {
                gone.insert(pointer.clone());
                continue;
            }
            if fault.rule == forms::RULE {
                self.say(
                    root,
                    pointer,
                    "generate-form",
                    &format!("{}; it is sent and arrives as bytes", fault.message),
                    &fault.mend,
                );
                // Raw bytes are not checked against a schema.
                gone.insert(format!("{pointer}/schema"));
                continue;
            }
            if let Some(keyword) = narrowing(root, pointer) {
                let operations = concerned(root, pointer);
                let named: Vec<String> = operations.iter().map(|at| edit::name(at)).collect();
                let message = format!("`{keyword}` is not checked, in {}", named.join(", "));
                self.say(root, pointer, "generate-constraint", &message, &fault.mend);
                gone.insert(pointer.clone());
                continue;
            }
            if let Some(parameter) = optional_parameter(root, pointer) {
                self.say(
                    root,
                    &parameter,
                    "generate-parameter",
                    &fault.message,
                    &fault.mend,
                );
                gone.insert(parameter);
                continue;
            }
            for operation in concerned(root, pointer) {
                if given_up.contains(&operation) && only_in_failures(root, &operation, pointer) {
                    continue;
                }
                if only_in_failures(root, &operation, pointer)
                    && answers::give_up_failures(root, &operation, self)
                {
                    let message = format!(
                        "failures are answered as `code`, `message` and `context`, not as documented: {}",
                        fault.message
                    );
                    self.say(root, &operation, "generate-failures", &message, &fault.mend);
                    given_up.insert(operation);
                } else if !gone.contains(&operation) {
                    self.left_out(root, &operation, fault);
                    gone.insert(operation);
                }
            }
        }
        let mut gone: Vec<&String> = gone.iter().collect();
        gone.sort_by(|a, b| overlay::tokens(b).cmp(&overlay::tokens(a)));
        let mut any = !given_up.is_empty();
        for pointer in gone {
            any |= overlay::node_mut(root, pointer).is_some()
                && overlay::remove(root, pointer).is_ok();
        }
        any
    }
}

/// The keyword at this place, if it only narrows the valid values, so that types are the same without it.
fn narrowing<'p>(root: &Node, pointer: &'p str) -> Option<&'p str> {
    const ALL: [&str; 16] = [
        "not",
        "if",
        "then",
        "else",
        "contains",
        "minContains",
        "maxContains",
        "propertyNames",
        "patternProperties",
        "dependentRequired",
        "dependentSchemas",
        "dependencies",
        "unevaluatedProperties",
        "unevaluatedItems",
        "contentEncoding",
        "$anchor",
    ];
    let (owner, keyword) = pointer.rsplit_once('/')?;
    // Beside other rules for names, a pattern does more than narrow.
    let says_more =
        keyword == "patternProperties" && root.at(owner)?.get("additionalProperties").is_some();
    (ALL.contains(&keyword) && !says_more).then_some(keyword)
}

/// The parameter to which a place belongs, if it is optional.
fn optional_parameter(root: &Node, pointer: &str) -> Option<String> {
    let tokens: Vec<&str> = pointer.split('/').collect();
    let at = tokens.iter().position(|token| *token == "parameters")?;
    if tokens.get(1) != Some(&"paths") {
        return None;
    }
    let parameter = tokens.get(..at + 2)?.join("/");
    let node = root.at(&parameter)?;
    let required = node.get("required").and_then(Node::as_bool) == Some(true);
    (!required && node.get("in").and_then(Node::as_str) != Some("path")).then_some(parameter)
}

/// The operations that depend on a place.
fn concerned(root: &Node, pointer: &str) -> Vec<String> {
    let tokens: Vec<&str> = pointer.split('/').collect();
    match tokens.as_slice() {
        ["", "paths", path, method, ..] if Method::parse(method).is_some() => {
            vec![format!("/paths/{path}/{method}")]
        }
        ["", "paths", path, ..] => all_operations(root)
            .into_iter()
            .filter(|operation| operation.starts_with(&format!("/paths/{path}/")))
            .collect(),
        ["", "components", section, name, ..] => {
            let component = (section.to_string(), source::unescape(name));
            all_operations(root)
                .into_iter()
                .filter(|operation| reach::reaches(root, operation, &component))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Whether an operation depends on a place only through its failures.
fn only_in_failures(root: &Node, operation: &str, pointer: &str) -> bool {
    if let Some(inside) = pointer.strip_prefix(operation) {
        let mut tokens = inside.split('/').skip(1);
        return tokens.next() == Some("responses")
            && tokens
                .next()
                .and_then(Status::parse)
                .is_some_and(Status::is_failure);
    }
    match pointer.split('/').collect::<Vec<_>>().as_slice() {
        ["", "components", section, name, ..] => {
            let component = (section.to_string(), source::unescape(name));
            !reach::reaches_otherwise(root, operation, &component)
        }
        _ => false,
    }
}

/// The pointers of all operations.
fn all_operations(root: &Node) -> Vec<String> {
    let mut all = Vec::new();
    for (path, item) in root
        .get("paths")
        .and_then(Node::as_map)
        .into_iter()
        .flatten()
    {
        for method in item.node.as_map().into_iter().flat_map(|item| item.keys()) {
            if Method::parse(method).is_some() {
                all.push(format!("/paths/{}/{method}", escape(path)));
            }
        }
    }
    all
}
