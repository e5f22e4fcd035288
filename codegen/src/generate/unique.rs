//! Names within one scope: two words of the document that lead to one name of Rust are told apart
//! by a number.

use std::collections::HashSet;

use proc_macro2::Ident;

use crate::names;

/// Variants or types, in the order of the texts; the `taken` are not given.
pub fn unique_types<'t>(texts: impl Iterator<Item = &'t str>, taken: &[&str]) -> Vec<Ident> {
    unique(texts.map(names::type_name), taken)
        .iter()
        .map(|name| names::ident(name))
        .collect()
}

/// Fields, in the order of the texts; the `taken` are not given.
pub fn unique_values<'t>(texts: impl Iterator<Item = &'t str>, taken: &[&str]) -> Vec<Ident> {
    unique(texts.map(names::value_name), taken)
        .iter()
        .map(|name| names::ident(name))
        .collect()
}

/// Constants, in the order of the texts.
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
