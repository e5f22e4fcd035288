//! `contract`: the tool chain on the command line. Exit code 0: nothing found; 1: findings; 2: the file or the command
//! line could not be read.

mod compare;
mod consumers;
mod releases;

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use crm_codegen::adapt::{self, adapt_written};
use crm_codegen::diff::{self, Contract};
use crm_codegen::document::{self, Date, Reading};
use crm_codegen::overlay::Overlay;
use crm_codegen::release::Version;
use crm_codegen::source::{MOST_BYTES, Written};
use crm_codegen::{Diagnostic, Document, Node, lint, lower, publish, slice};

/// Reads and judges OpenAPI contracts (3.0 and 3.1, YAML or JSON).
#[derive(Parser)]
#[command(
    name = "contract",
    version,
    after_help = "Exit code: 0 fine, 1 findings, 2 cannot read."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Print findings as JSON, one per line.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Check that the document is well formed: syntax, structure, references, paths, bounds.
    Validate {
        /// The document; - is standard input.
        file: PathBuf,
    },
    /// Check that the document keeps the conventions; includes the findings of `validate`.
    Lint {
        /// The document; - is standard input.
        file: PathBuf,
        /// For each further version, the overlay that makes it from the one before.
        #[arg(long = "overlay", value_name = "FILE")]
        overlays: Vec<PathBuf>,
    },
    /// Print one consumer's part as JSON: its operations and the components that they use.
    Slice {
        /// The document; - is standard input.
        file: PathBuf,
        /// A name from x-consumers.
        #[arg(long)]
        consumer: String,
    },
    /// Print the document, or one consumer's part, in the OpenAPI 3.0.3 form for the client generator.
    Lower {
        /// The document; - is standard input.
        file: PathBuf,
        /// A name from x-consumers.
        #[arg(long)]
        consumer: Option<String>,
    },
    /// Write the published documents: whole and per consumer, as OpenAPI 3.1, 3.0 and as a page.
    Publish {
        /// The document; - is standard input.
        file: PathBuf,
        /// The folder; created if it does not exist.
        #[arg(long)]
        out: PathBuf,
        /// For each further version, the overlay that makes it from the one before.
        #[arg(long = "overlay", value_name = "FILE")]
        overlays: Vec<PathBuf>,
    },
    /// Compare two contracts: what changed, and whom it breaks. Exit code 1 means breaking.
    Diff(compare::Diff),
    /// Make the pins: what each consumer relies on, from recordings of its contract tests.
    Pin(consumers::Pin),
    /// Print who relies on something. Exit code 0: nobody, 1: somebody.
    CanRemove(consumers::CanRemove),
    /// Compare the working contract with the newest release and the pins, and check that no release was edited.
    Judge(releases::Judge),
    /// Make a release of the working contract, or say why that is not possible.
    Release(releases::Release),
    /// Print a contract of several files as the one document that is published.
    Bundle {
        /// The root, which names the others under `x-families`; - is standard input.
        file: PathBuf,
    },
    /// Print the document with an overlay (OpenAPI Overlay 1.0) applied, as JSON.
    Overlay {
        /// The document; - is standard input.
        file: PathBuf,
        /// The overlay, YAML or JSON.
        overlay: PathBuf,
        /// An action that selects nothing is a finding, not a note.
        #[arg(long)]
        strict: bool,
    },
    /// Make a crate with types, handler traits, router and client from any contract. For each part that cannot be
    /// generated, a finding names the operation; the rest is generated.
    Generate {
        /// The document; - is standard input.
        file: PathBuf,
        /// The folder of the crate; existing files of the same names are overwritten.
        #[arg(long)]
        out: PathBuf,
        /// The name of the package; by default that of the folder.
        #[arg(long)]
        name: Option<String>,
        /// The path of the crate `crm-runtime`; by default its path when this program was built.
        #[arg(long)]
        runtime: Option<PathBuf>,
    },
}

/// The outcome of a run.
enum Outcome {
    Fine,
    Findings(Vec<Diagnostic>),
    Compared {
        findings: Vec<diff::Finding>,
        shown: compare::Shown,
    },
    /// Findings, which are printed already.
    Found,
    /// The input cannot be read at all.
    Unreadable(Vec<Diagnostic>),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments.command, arguments.json)
        .and_then(|outcome| report(outcome, arguments.json))
    {
        Ok(code) => code,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "contract: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(command: &Command, json: bool) -> io::Result<Outcome> {
    match command {
        Command::Validate { file } => {
            let found = match contract(file)? {
                Ok(written) => document::reading(written).diagnostics,
                Err(found) => found,
            };
            Ok(Outcome::of(found))
        }
        Command::Lint { file, overlays } => {
            let written = match contract(file)? {
                Ok(written) => written,
                Err(found) => return Ok(Outcome::Findings(found)),
            };
            let Reading {
                document,
                mut diagnostics,
            } = document::reading(written.clone());
            if let Some(document) = document {
                diagnostics.extend(lint::lint(&document));
            }
            // A fault of one version is usually also in the next: report it once.
            if diagnostics.is_empty() {
                match versions(written, overlays)? {
                    Ok(newer) => {
                        let found = newer.iter().flat_map(|(document, _)| lint::lint(document));
                        diagnostics.extend(found);
                    }
                    Err(found) => diagnostics.extend(found),
                }
            }
            Ok(Outcome::of(diagnostics))
        }
        Command::Slice { file, consumer } => {
            let document = match well_formed(file)? {
                Ok(document) => document,
                Err(found) => return Ok(Outcome::Findings(found)),
            };
            print(&sliced(&document, consumer)?)?;
            Ok(Outcome::Fine)
        }
        Command::Lower { file, consumer } => {
            let whole = well_formed(file)?;
            let document = match (whole, consumer) {
                (Ok(whole), Some(consumer)) => {
                    Document::from_node(&whole.at.file, sliced(&whole, consumer)?)
                }
                (whole, _) => whole,
            };
            match document.and_then(|document| lower::lower(&document)) {
                Ok(lowered) => {
                    print(&lowered.json)?;
                    Ok(Outcome::Fine)
                }
                Err(found) => Ok(Outcome::Findings(found)),
            }
        }
        Command::Publish {
            file,
            out,
            overlays,
        } => {
            let written = match contract(file)? {
                Ok(written) => written,
                Err(found) => return Ok(Outcome::Findings(found)),
            };
            let text = String::from_utf8_lossy(&written.text).into_owned();
            let first = match Document::of(written.clone()) {
                Ok(document) => (document, text),
                Err(found) => return Ok(Outcome::Findings(found)),
            };
            match versions(written, overlays)? {
                Ok(newer) => publish_to(out, &first, &newer),
                Err(found) => Ok(Outcome::Findings(found)),
            }
        }
        Command::Bundle { file } => match contract(file)? {
            Ok(written) if written.found.is_empty() => {
                let mut out = io::stdout().lock();
                out.write_all(&written.text)?;
                out.flush()?;
                Ok(Outcome::Fine)
            }
            Ok(Written { found, .. }) | Err(found) => Ok(Outcome::Findings(found)),
        },
        Command::Diff(command) => compare::diff(command),
        Command::Pin(command) => consumers::pin(command),
        Command::CanRemove(command) => consumers::can_remove(command, json),
        Command::Judge(command) => releases::judge(command),
        Command::Release(command) => releases::release(command),
        Command::Generate {
            file,
            out,
            name,
            runtime,
        } => generate(file, out, name.as_deref(), runtime.as_deref()),
        Command::Overlay {
            file,
            overlay,
            strict,
        } => {
            let document = match contract(file)?.and_then(Contract::of) {
                Ok(contract) => contract.root,
                Err(found) => return Ok(Outcome::Unreadable(found)),
            };
            let (name, bytes) = read(overlay)?;
            let overlay = match Overlay::read(&name, &bytes) {
                Ok(overlay) => overlay,
                Err(found) => return Ok(Outcome::Unreadable(found)),
            };
            match overlay.apply(&document) {
                Ok(applied) if *strict && !applied.idle.is_empty() => {
                    Ok(Outcome::Findings(applied.idle))
                }
                Ok(applied) => {
                    print(&applied.document)?;
                    for note in applied.idle {
                        writeln!(io::stderr(), "{note}")?;
                    }
                    Ok(Outcome::Fine)
                }
                Err(found) => Ok(Outcome::Findings(found)),
            }
        }
    }
}

/// Writes the crate, and reports the parts that were left out.
fn generate(
    file: &Path,
    out: &Path,
    name: Option<&str>,
    runtime: Option<&Path>,
) -> io::Result<Outcome> {
    let adapted = match contract(file)?.and_then(adapt_written) {
        Ok(adapted) => adapted,
        Err(found) => return Ok(Outcome::Unreadable(found)),
    };
    let folder = out.file_name().and_then(|name| name.to_str());
    let name = name.or(folder).unwrap_or("generated");
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if !is_name {
        let message = format!("`{name}` is not a valid package name; give one with --name");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let built = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime"));
    let runtime = std::path::absolute(runtime.unwrap_or(built))?;
    let runtime = runtime.canonicalize().unwrap_or(runtime);
    for file in adapt::files(&adapted, name, &runtime.display().to_string()) {
        let path = out.join(&file.path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, file.text)?;
    }
    Ok(Outcome::of(adapted.left))
}

fn day(text: &str) -> Result<Date, String> {
    Date::parse(text)
        .ok_or_else(|| format!("`{text}` is not a day of the calendar; write YYYY-MM-DD"))
}

/// `v1.json`, `v1-web.yaml`, `v1-web-3.0.json`, `v1.html` ...
fn publish_to(
    out: &Path,
    first: &(Document, String),
    newer: &[(Document, String)],
) -> io::Result<Outcome> {
    let sources = std::iter::once(first).chain(newer);
    let sources = sources.map(|(document, text)| publish::Source { document, text });
    let (publications, found) = publish::publish(&sources.collect::<Vec<_>>());
    std::fs::create_dir_all(out)?;
    for publication in publications {
        let name = match &publication.consumer {
            Some(consumer) => format!("v{}-{consumer}", publication.version),
            None => format!("v{}", publication.version),
        };
        for (end, text) in [
            (".json", &publication.json),
            (".yaml", &publication.yaml),
            ("-3.0.json", &publication.json_3_0),
            ("-3.0.yaml", &publication.yaml_3_0),
            (".html", &publication.page),
        ] {
            std::fs::write(out.join(format!("{name}{end}")), text)?;
        }
    }
    Ok(Outcome::of(found.into_sorted()))
}

/// Documents, each with its text, or their findings.
type Texts = Result<Vec<(Document, String)>, Vec<Diagnostic>>;

/// The versions that overlays make from a document, each with its text.
fn versions(written: Written, overlays: &[PathBuf]) -> io::Result<Texts> {
    let overlays = overlays.iter().map(|file| read(file));
    let overlays = overlays.collect::<io::Result<Vec<_>>>()?;
    let all = match Version::all(written, &overlays) {
        Ok(all) => all,
        Err(found) => return Ok(Err(found)),
    };
    let newer = all.into_iter().skip(1).map(Version::into_document);
    Ok(newer.collect())
}

fn sliced(document: &Document, consumer: &str) -> io::Result<Node> {
    slice::slice(document, consumer)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}

impl Outcome {
    fn of(diagnostics: Vec<Diagnostic>) -> Outcome {
        if diagnostics.is_empty() {
            Outcome::Fine
        } else {
            Outcome::Findings(diagnostics)
        }
    }
}

fn well_formed(file: &Path) -> io::Result<Result<Document, Vec<Diagnostic>>> {
    Ok(contract(file)?.and_then(Document::of))
}

/// A contract, with the files that it names; - is standard input.
fn contract(file: &Path) -> io::Result<Result<Written, Vec<Diagnostic>>> {
    if file == Path::new("-") {
        let (name, bytes) = read(file)?;
        return Ok(Written::of_bytes(&name, &bytes));
    }
    Written::load(file)
}

/// The bytes of a file and its name in findings. It reads one byte beyond the bound, so that a larger file is
/// recognised.
fn read(file: &Path) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let most = MOST_BYTES as u64 + 1;
    if file == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
        return Ok(("<stdin>".to_owned(), bytes));
    }
    let name = file.display().to_string();
    let context =
        |error: io::Error| io::Error::new(error.kind(), format!("cannot read {name}: {error}"));
    File::open(file)
        .map_err(context)?
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(context)?;
    Ok((name, bytes))
}

fn print_line(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}

fn print(value: &impl serde::Serialize) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    out.flush()
}

fn report(outcome: Outcome, json: bool) -> io::Result<ExitCode> {
    let (found, code) = match outcome {
        Outcome::Fine => return Ok(ExitCode::SUCCESS),
        Outcome::Found => return Ok(ExitCode::from(1)),
        Outcome::Compared { findings, shown } => return compare::report(&findings, shown, json),
        Outcome::Findings(found) => (found, 1),
        Outcome::Unreadable(found) => (found, 2),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    for diagnostic in &found {
        if json {
            serde_json::to_writer(&mut out, diagnostic)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{diagnostic}")?;
        }
    }
    out.flush()?;
    if !json {
        let s = if found.len() == 1 { "" } else { "s" };
        writeln!(io::stderr(), "{} finding{s}", found.len())?;
    }
    Ok(ExitCode::from(code))
}
