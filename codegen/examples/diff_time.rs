//! Measures the time of a comparison: `cargo run --release -p crm-codegen --example diff_time [FILE]`. Without a file
//! it generates a contract of about 2 MB. It compares the contract with a copy in which 100 bounds are changed.
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::time::Instant;

use crm_codegen::diff::{Contract, Options, diff};

fn main() {
    let (name, text) = match std::env::args().nth(1) {
        Some(file) => {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            (file, text)
        }
        None => ("made-up.json".to_owned(), made_up()),
    };
    let edited = edit(&text);
    for round in 0..5 {
        let start = Instant::now();
        let (Ok(old), Ok(new)) = (
            Contract::read(&name, text.as_bytes()),
            Contract::read(&name, edited.as_bytes()),
        ) else {
            println!("{name} cannot be read");
            return;
        };
        let read = start.elapsed();
        let start = Instant::now();
        let result = diff(&old, &new, &Options::default());
        println!(
            "round {round}: {} kB read twice in {read:?}, compared in {:?}: {} findings, {} steps",
            text.len() / 1_000,
            start.elapsed(),
            result.findings.len(),
            result.work
        );
    }
}

/// Lowers the first 100 upper bounds of texts by one.
fn edit(text: &str) -> String {
    let mut out = String::new();
    let mut count = 0;
    for (index, part) in text.split("maxLength").enumerate() {
        if index == 0 {
            out.push_str(part);
            continue;
        }
        out.push_str("maxLength");
        let digits = part.find(|c: char| c.is_ascii_digit());
        match digits {
            Some(at) if count < 100 && at < 4 => {
                count += 1;
                let end = part[at..]
                    .find(|c: char| !c.is_ascii_digit())
                    .map_or(part.len(), |end| at + end);
                let bound: u64 = part[at..end].parse().unwrap_or(1);
                out.push_str(&part[..at]);
                out.push_str(&(bound.saturating_sub(1)).to_string());
                out.push_str(&part[end..]);
            }
            _ => out.push_str(part),
        }
    }
    out
}

fn made_up() -> String {
    let mut paths = serde_json::Map::new();
    let mut schemas = serde_json::Map::new();
    let operations = 1_000;
    for n in 0..operations {
        let mut properties = serde_json::Map::new();
        for p in 0..16 {
            properties.insert(
                format!("property_{p}"),
                serde_json::json!({"type": "string", "maxLength": 100, "description": "Some words about what it is."}),
            );
        }
        let other = format!("#/components/schemas/Thing{}", (n * 7 + 1) % operations);
        properties.insert("other".to_owned(), serde_json::json!({"$ref": other}));
        schemas.insert(
            format!("Thing{n}"),
            serde_json::json!({"type": "object", "required": ["property_1"], "properties": properties}),
        );
        let schema = serde_json::json!({"$ref": format!("#/components/schemas/Thing{n}")});
        let content = serde_json::json!({"application/json": {"schema": schema}});
        paths.insert(
            format!("/things/{n}/{{id}}"),
            serde_json::json!({"post": {
                "operationId": format!("things_make_{n}"),
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
                "requestBody": {"required": true, "content": content.clone()},
                "responses": {"200": {"description": "What was made.", "content": content}},
            }}),
        );
    }
    serde_json::json!({
        "openapi": "3.1.0",
        "info": {"title": "Made up", "version": "1.0.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    })
    .to_string()
}
