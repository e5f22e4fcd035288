//! Unique names within one scope: if two words of the document become the same Rust name, a number distinguishes them.

use std::collections::HashSet;

use proc_macro2::Ident;

use crate::names;

/// Names of variants or types, in the order of the texts, other than those `taken`.
pub fn unique_types<'t>(texts: impl Iterator<Item = &'t str>, taken: &[&str]) -> Vec<Ident> {
    unique(texts.map(names::type_name), taken)
        .iter()
        .map(|name| names::ident(name))
        .collect()
}

/// Names of fields, in the order of the texts, other than those `taken`.
pub fn unique_values<'t>(texts: impl Iterator<Item = &'t str>, taken: &[&str]) -> Vec<Ident> {
    unique(texts.map(names::value_name), taken)
        .iter()
        .map(|name| names::ident(name))
        .collect()
}

/// Names of constants, in the order of the texts.
pub fn unique_constants<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<Ident> {
    unique(texts.map(names::constant_name), &[])
        .iter()
        .map(|name| names::ident(name))
        .collect()
}

fn unique(texts: impl Iterator<Item = String>, taken: &[&str]) -> Vec<String> {
    let mut seen: HashSet<String> = taken.iter().map(|&name| name.to_owned()).collect();
    let mut names = Vec::new();
    for text in texts {
        let mut name = text.clone();
        let mut number = 2;
        while !seen.insert(name.clone()) {
            name = format!("{text}_{number}");
            number += 1;
        }
        names.push(name);
    }
    names
}
