//! The only build step: makes the modules that `spec/contract.rs` includes from the contract (its root and families) and its
//! overlays in `spec/`. A fault of a document is a build error with file and line.

use std::{env, fs, path::Path, process::ExitCode};

use crm_codegen::document::Reading;
use crm_codegen::{
    Diagnostic, Document, document, generate, lint, publish::Source, release::Version,
    source::Written,
};

const CONTRACT: &str = "spec/openapi.yaml";
/// Version N is version N - 1 with its overlay applied.
const OVERLAYS: [&str; 1] = ["spec/v2.overlay.yaml"];

fn main() -> ExitCode {
    for file in OVERLAYS {
        println!("cargo::rerun-if-changed={file}");
    }
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(findings) => {
            for finding in findings {
                // One line each, since cargo takes each line as an error.
                println!("cargo::error={}", finding.replace('\n', " "));
            }
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), Vec<String>> {
    // The versions, the lowest first.
    let (documents, texts) = versions()?;
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
    let out = Path::new(&out);
    // A document that is no longer published leaves no file: the Worker's build takes the whole folder.
    let published = out.join(generate::DOCUMENTS_FOLDER);
    let _ = fs::remove_dir_all(&published);
    fs::create_dir_all(&published)
        .map_err(|error| vec![format!("{}: {error}", published.display())])?;
    let texts = modules
        .into_iter()
        .map(|module| (out.join(module.file), module.code.into_bytes()));
    let assets = assets
        .into_iter()
        .map(|asset| (published.join(asset.file), asset.bytes));
    for (path, bytes) in texts.chain(assets) {
        fs::write(&path, bytes).map_err(|error| vec![format!("{}: {error}", path.display())])?;
    }
    Ok(())
}

/// The contract of each version, and its text.
fn versions() -> Result<(Vec<Document>, Vec<String>), Vec<String>> {
    let read = |file: &str| fs::read(file).map_err(|error| vec![format!("{file}: {error}")]);
    let written = Written::load(Path::new(CONTRACT)).map_err(|error| vec![error.to_string()])?;
    // Cargo always repeats a failed build, so the names are needed only if all files could be read.
    let written = written.map_err(printed)?;
    for file in &written.files {
        println!("cargo::rerun-if-changed={file}");
    }
    let text = String::from_utf8_lossy(&written.text).into_owned();
    let Reading {
        document,
        diagnostics: mut found,
    } = document::reading(written.clone());
    // The conventions are checked even if the document has faults, so that one build reports everything.
    found.extend(document.iter().flat_map(lint::lint));
    // Faults of one version are usually also in the next, so they are reported once.
    let (Some(document), true) = (document, found.is_empty()) else {
        return Err(printed(found));
    };
    let mut documents = vec![document];
    let mut texts = vec![text];
    let overlays = OVERLAYS
        .iter()
        .map(|file| Ok(((*file).to_owned(), read(file)?)))
        .collect::<Result<Vec<_>, Vec<String>>>()?;
    let all = Version::all(written, &overlays).map_err(printed)?;
    for version in all.into_iter().skip(1) {
        let (document, text) = version.into_document().map_err(printed)?;
        let found = lint::lint(&document);
        if !found.is_empty() {
            return Err(printed(found));
        }
        documents.push(document);
        texts.push(text);
    }
    Ok((documents, texts))
}

/// Whether the feature of a consumer's client is on.
fn is_wanted(consumer: &str) -> bool {
    env::var_os(format!("CARGO_FEATURE_CLIENT_{}", consumer.to_uppercase())).is_some()
}

fn printed(findings: Vec<Diagnostic>) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}
