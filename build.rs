//! The one build step: the documents in `spec/` become the modules that `spec/contract.rs` includes.
//! What is wrong with a document is an error of the build, with file and line.

use std::{env, fs, path::Path, process::ExitCode};

use crm_codegen::document::Reading;
use crm_codegen::{Diagnostic, document, generate, lint, publish::Source};

const CONTRACT: &str = "spec/openapi.yaml";

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed={CONTRACT}");
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(findings) => {
            for finding in findings {
                // One line each: Cargo takes a line for an error.
                println!("cargo::error={}", finding.replace('\n', " "));
            }
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), Vec<String>> {
    let text = fs::read(CONTRACT).map_err(|error| vec![format!("{CONTRACT}: {error}")])?;
    let Reading {
        document,
        diagnostics: mut found,
    } = document::read(CONTRACT, &text);
    // The conventions are judged even where the document has faults, so that one build tells all.
    found.extend(document.iter().flat_map(lint::lint));
    let document = document
        .filter(|_| found.is_empty())
        .ok_or_else(|| printed(found))?;
    let (clients, mut found) = generate::clients(&document, is_wanted);
    let source = String::from_utf8_lossy(&text);
    let published = Source {
        document: &document,
        text: &source,
    };
    let (documents, assets, more) = generate::documents(&[published]);
    found.extend(more.into_sorted());
    let (mut modules, more) = generate::contract(&[document]);
    found.extend(more.into_sorted());
    if !found.is_empty() {
        return Err(printed(found.into_sorted()));
    }
    modules.extend(clients);
    modules.extend(documents);
    let out = env::var_os("OUT_DIR").ok_or_else(|| vec!["OUT_DIR is not set".to_owned()])?;
    let texts = modules
        .into_iter()
        .map(|module| (module.file, module.code.into_bytes()));
    let files = texts.chain(assets.into_iter().map(|asset| (asset.file, asset.bytes)));
    for (file, bytes) in files {
        let path = Path::new(&out).join(&file);
        fs::write(&path, bytes).map_err(|error| vec![format!("{}: {error}", path.display())])?;
    }
    Ok(())
}

/// Whether the feature of a consumer's client is on.
fn is_wanted(consumer: &str) -> bool {
    env::var_os(format!("CARGO_FEATURE_CLIENT_{}", consumer.to_uppercase())).is_some()
}

fn printed(findings: Vec<Diagnostic>) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}
