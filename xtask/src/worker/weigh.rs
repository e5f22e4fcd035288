//! Reports the parts of a Worker's module: the code of each crate, and its data. It reads the module that cargo wrote,
//! where functions still have names; later wasm-opt shrinks the code and drops the names. The published documents must
//! not be in the module: they are static assets.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use rustc_demangle::demangle;
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

use super::{Module, assets, build::compiled};

/// The number of crates that the report names; the others share one line.
const NAMED: usize = 15;
/// The crates of Rust itself.
const RUST: [&str; 4] = ["alloc", "compiler_builtins", "core", "std"];

/// Sizes in bytes.
#[derive(Debug, PartialEq)]
struct Weights {
    /// The code of each crate, the largest first.
    crates: Vec<(String, usize)>,
    data: usize,
    /// The bytes of published documents that the data contains unchanged.
    files: usize,
}

/// Prints the parts of the module that cargo built for `module`. Published documents in it are an error.
pub fn report(module: &Module) -> Result<(), String> {
    let weights = weigh(&read(&compiled(module))?, &files(&assets::place())?)?;
    print!("{weights}");
    if weights.files > 0 {
        return Err(format!(
            "the module holds {} bytes of published documents, which are static assets",
            weights.files
        ));
    }
    Ok(())
}

/// The published documents, as the build wrote them beside the module.
fn files(place: &Path) -> Result<Vec<Vec<u8>>, String> {
    let mut paths = entries(place)?;
    paths.retain(|path| path.extension().is_some_and(|kind| kind == "gz"));
    paths.iter().map(|path| read(path)).collect()
}

fn weigh(wasm: &[u8], files: &[Vec<u8>]) -> Result<Weights, String> {
    let failed = |error: wasmparser::BinaryReaderError| format!("the module: {error}");
    let (mut imported, mut code, mut names) = (0, Vec::new(), BTreeMap::new());
    let mut weights = Weights {
        crates: Vec::new(),
        data: 0,
        files: 0,
    };
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(failed)? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import.map_err(failed)?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => code.push(body.range().len()),
            Payload::DataSection(segments) => {
                for segment in segments {
                    let segment = segment.map_err(failed)?.data;
                    weights.data += segment.len();
                    let held = files.iter().filter(|file| holds(segment, file));
                    weights.files += held.map(Vec::len).sum::<usize>();
                }
            }
            Payload::CustomSection(section) => {
                let KnownCustom::Name(sections) = section.as_known() else {
                    continue;
                };
                for section in sections {
                    let Name::Function(functions) = section.map_err(failed)? else {
                        continue;
                    };
                    for function in functions {
                        let function = function.map_err(failed)?;
                        names.insert(function.index, owner(function.name));
                    }
                }
            }
            _ => {}
        }
    }
    let mut crates: BTreeMap<String, usize> = BTreeMap::new();
    for (index, size) in (imported..).zip(code) {
        let owner = names.get(&index).map_or(UNNAMED, String::as_str);
        *crates.entry(owner.to_owned()).or_default() += size;
    }
    weights.crates = crates.into_iter().collect();
    weights
        .crates
        .sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    Ok(weights)
}

const UNNAMED: &str = "(no crate in the name)";

/// The crate to which a function counts: the first crate in its name that is not Rust's own, so that `drop_in_place` of
/// a type counts to the crate of the type.
fn owner(symbol: &str) -> String {
    let name = format!("{:#}", demangle(symbol));
    let mut rust = None;
    let mut before = "";
    for (at, _) in name.match_indices("::") {
        let path = &name[before.len()..at];
        before = &name[..at + 2];
        let start = path
            .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .map_or(0, |last| last + 1);
        // A name right after `::` is part of the same path.
        let begins = start > 0 || before.len() == path.len() + 2;
        let first = &path[start..];
        if !begins || first.is_empty() || !first.starts_with(|c: char| c.is_ascii_lowercase()) {
            continue;
        }
        if !RUST.contains(&first) {
            return first.to_owned();
        }
        rust = Some("Rust's own (core, alloc, std)");
    }
    rust.unwrap_or(UNNAMED).to_owned()
}

/// Files are large: the first bytes tell most places apart.
fn holds(data: &[u8], file: &[u8]) -> bool {
    let Some(first) = file.first() else {
        return false;
    };
    let mut places = data.iter().enumerate().filter(|(_, byte)| *byte == first);
    places.any(|(at, _)| data[at..].starts_with(file))
}

impl std::fmt::Display for Weights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kb = |bytes: usize| bytes as f64 / 1_000.0;
        let code: usize = self.crates.iter().map(|(_, size)| size).sum();
        writeln!(
            f,
            "the module before wasm-opt: {:.0} kB of code, {:.0} kB of data",
            kb(code),
            kb(self.data)
        )?;
        let (named, others) = self.crates.split_at(self.crates.len().min(NAMED));
        let others: usize = others.iter().map(|(_, size)| size).sum();
        let rest = (others > 0).then(|| ("all others".to_owned(), others));
        for (name, size) in named.iter().chain(&rest) {
            let share = 100.0 * *size as f64 / code as f64;
            writeln!(f, "  {name:<32} {:>8.1} kB {share:>5.1} %", kb(*size))?;
        }
        Ok(())
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()).map_err(failed))
        .collect()
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
