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
    // The versions, the lowest first.
    let sources = [CONTRACT].map(|file| (file, fs::read(file)));
    let (mut documents, mut texts, mut found) = (Vec::new(), Vec::new(), Vec::new());
    for (file, text) in sources {
        let text = text.map_err(|error| vec![format!("{file}: {error}")])?;
        let Reading {
            document,
            diagnostics,
        } = document::read(file, &text);
        found.extend(diagnostics);
        // The conventions are judged even where the document has faults, so that one build tells all.
        found.extend(document.iter().flat_map(lint::lint));
        documents.extend(document);
        texts.push(String::from_utf8_lossy(&text).into_owned());
    }
    if !found.is_empty() {
        return Err(printed(found));
    }
    let (mut modules, mut found) = generate::contract(&documents);
    let (clients, more) = generate::clients(&documents, is_wanted);
    modules.extend(clients);
    found.extend(more.into_sorted());
    let published: Vec<Source<'_>> = documents
        .iter()
        .zip(&texts)
        .map(|(document, text)| Source { document, text })
        .collect();
    let (published, assets, more) = generate::documents(&published);
    modules.extend(published);
    found.extend(more.into_sorted());
    if !found.is_empty() {
        return Err(printed(found.into_sorted()));
    }
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
