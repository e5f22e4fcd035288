//! Releases: the published contracts by day, which are never edited. The working contract is compared with them and
//! becomes the next release. This module reads no files and no clock.

mod changelog;
mod checksums;
mod folder;

use std::collections::BTreeMap;

use crate::consumers::{Consumer, operations_of, version_of};
use crate::diagnostic::{Diagnostic, Location};
use crate::diff::{Contract, Finding, Level, Options, diff};
use crate::document::{Date, Document};
use crate::lint;
use crate::overlay::Overlay;
use crate::source::{Content, Written};

pub use changelog::changelog;
pub use checksums::{CHECKSUMS, checksums, edited};
pub use folder::{Folder, Kept, consumers};

/// The generated changelog of a release.
pub const CHANGELOG: &str = "CHANGES.md";

/// One version of the contract.
#[derive(Debug, Clone)]
pub struct Version {
    pub number: u32,
    pub contract: Contract,
    /// The text of the file.
    pub text: Vec<u8>,
}

/// All versions as they were published on a day.
#[derive(Debug, Clone)]
pub struct Release {
    pub day: Date,
    pub versions: Vec<Version>,
}

/// The comparison of one version with the newest release.
#[derive(Debug, Clone)]
pub struct Judged {
    pub version: u32,
    /// Whether no release has it yet.
    pub is_new: bool,
    pub findings: Vec<Finding>,
}

/// Why a release is refused.
#[derive(Debug)]
pub enum Refusal {
    /// The contract or the pins have faults.
    Faults(Vec<Diagnostic>),
    /// A change is breaking.
    Breaks(Vec<Judged>),
    /// The day is not after the newest release's.
    NotAfter { day: Date, newest: Date },
}

/// The name of a version's file.
pub fn file_of(version: u32) -> String {
    format!("v{version}.yaml")
}

/// The version in a file of a release; None if it is not a contract.
pub fn version_in(file: &str) -> Option<u32> {
    file.strip_prefix('v')?.strip_suffix(".yaml")?.parse().ok()
}

impl Version {
    /// Version 1, and one more for each overlay: version N is version N - 1 with its overlay applied.
    pub fn all(
        written: Written,
        overlays: &[(String, Vec<u8>)],
    ) -> Result<Vec<Version>, Vec<Diagnostic>> {
        let mut versions = vec![Version::of(written)?];
        for (file, bytes) in overlays {
            let Some(before) = versions.last() else {
                break;
            };
            let applied = Overlay::read(file, bytes)?.apply(&before.contract.root)?;
            // An action that selects nothing was written for another state of the document.
            if !applied.idle.is_empty() {
                return Err(applied.idle);
            }
            let text = serde_norway::to_string(&applied.document).map_err(|error| {
                let message = format!("the result cannot be printed: {error}");
                let at = Location::of_file(file);
                vec![Diagnostic::new("overlay", &at, message, "report this")]
            })?;
            let number = version_of(&applied.document);
            if number != before.number + 1 {
                let message = format!(
                    "the result is version {number}, and one after {} is expected",
                    before.number
                );
                let at = Location::of_file(file);
                let mend = "update info.version with the first action";
                return Err(vec![Diagnostic::new("overlay-version", &at, message, mend)]);
            }
            versions.push(Version {
                number,
                contract: Contract {
                    file: file.clone(),
                    root: applied.document,
                },
                text: text.into_bytes(),
            });
        }
        Ok(versions)
    }

    pub fn read(file: &str, text: &[u8]) -> Result<Version, Vec<Diagnostic>> {
        Version::of(Written::of_bytes(file, text)?)
    }

    fn of(written: Written) -> Result<Version, Vec<Diagnostic>> {
        if !written.found.is_empty() {
            return Err(written.found);
        }
        let text = written.text.clone();
        let contract = Contract::of(written)?;
        Ok(Version {
            number: version_of(&contract.root),
            contract,
            text,
        })
    }

    /// The parsed document, with its text.
    pub fn into_document(self) -> Result<(Document, String), Vec<Diagnostic>> {
        let document = Document::from_node(&self.contract.file, self.contract.root)?;
        Ok((document, String::from_utf8_lossy(&self.text).into_owned()))
    }

    /// All findings of the version itself.
    fn faults(&self) -> Vec<Diagnostic> {
        match Document::from_node(&self.contract.file, self.contract.root.clone()) {
            Ok(document) => lint::lint(&document),
            Err(found) => found,
        }
    }

    /// The same contract without content, for a removed version.
    fn emptied(&self) -> Contract {
        let mut root = self.contract.root.clone();
        if let Content::Map(map) = &mut root.content
            && let Some(paths) = map.get_mut("paths")
        {
            paths.node.content = Content::Map(indexmap::IndexMap::new());
        }
        Contract {
            file: self.contract.file.clone(),
            root,
        }
    }
}

/// Compares all versions with the newest of the releases, which are sorted by day. A removal is judged by all releases
/// that announced it.
pub fn judge(
    versions: &[Version],
    releases: &[Release],
    today: Date,
    consumers: &[Consumer],
) -> Vec<Judged> {
    let Some((newest, earlier)) = releases.split_last() else {
        return versions
            .iter()
            .map(|version| Judged {
                version: version.number,
                is_new: true,
                findings: Vec::new(),
            })
            .collect();
    };
    let compare = |old: &Version, new: &Contract| {
        let of_same = |release: &Release| {
            let same = release.versions.iter().find(|v| v.number == old.number);
            same.map(|version| version.contract.clone())
        };
        let announced: Vec<Contract> = earlier.iter().filter_map(of_same).collect();
        let options = Options {
            today: Some(today),
            announced: &announced,
            consumers,
        };
        diff(&old.contract, new, &options).findings
    };
    let mut judged: Vec<Judged> = versions
        .iter()
        .map(|version| {
            let old = newest.versions.iter().find(|v| v.number == version.number);
            Judged {
                version: version.number,
                is_new: old.is_none(),
                findings: old.map_or_else(Vec::new, |old| compare(old, &version.contract)),
            }
        })
        .collect();
    for old in &newest.versions {
        if !versions.iter().any(|version| version.number == old.number) {
            judged.push(Judged {
                version: old.number,
                is_new: false,
                findings: compare(old, &old.emptied()),
            });
        }
    }
    judged.sort_by_key(|judged| judged.version);
    judged
}

/// Whether any change is breaking.
pub fn breaks(judged: &[Judged]) -> bool {
    let mut all = judged.iter().flat_map(|version| &version.findings);
    all.any(|finding| finding.level == Level::Breaking)
}

/// The files of the next release, by name. `previous` are the checksums of the newest release: the chain of checksums
/// reveals edits.
pub fn release(
    versions: &[Version],
    releases: &[Release],
    today: Date,
    consumers: &[Consumer],
    previous: Option<&[u8]>,
) -> Result<BTreeMap<String, Vec<u8>>, Refusal> {
    if let Some(newest) = releases.last()
        && today <= newest.day
    {
        return Err(Refusal::NotAfter {
            day: today,
            newest: newest.day,
        });
    }
    let faults: Vec<Diagnostic> = versions.iter().flat_map(Version::faults).collect();
    if !faults.is_empty() {
        return Err(Refusal::Faults(faults));
    }
    // Breaking changes are reported before unknown pins, since they explain them.
    let judged = judge(versions, releases, today, consumers);
    if breaks(&judged) {
        return Err(Refusal::Breaks(judged));
    }
    let mut faults = untrue(versions, consumers);
    for version in versions {
        faults.extend(unrecorded(&version.contract, consumers));
    }
    if !faults.is_empty() {
        return Err(Refusal::Faults(faults));
    }
    let mut files: BTreeMap<String, Vec<u8>> = versions
        .iter()
        .map(|version| (file_of(version.number), version.text.clone()))
        .collect();
    let newest = releases.last().map(|release| release.day);
    let text = changelog(today, newest, &judged);
    files.insert(CHANGELOG.to_owned(), text.into_bytes());
    let previous = newest.zip(previous);
    let sums = checksums(&files, previous);
    files.insert(CHECKSUMS.to_owned(), sums.into_bytes());
    Ok(files)
}

/// Pins that name nothing in their version of the contract.
pub fn untrue(versions: &[Version], consumers: &[Consumer]) -> Vec<Diagnostic> {
    let roots = versions.iter().map(|version| &version.contract.root);
    roots
        .flat_map(|root| consumers.iter().flat_map(|consumer| consumer.unknown(root)))
        .collect()
}

/// Operations of a consumer that its pins do not contain: they were never recorded.
fn unrecorded(contract: &Contract, consumers: &[Consumer]) -> Vec<Diagnostic> {
    let version = version_of(&contract.root);
    let mut missing = Vec::new();
    for consumer in consumers {
        let known = consumer.versions.get(&version);
        for id in operations_of(&contract.root, &consumer.name) {
            if known.is_some_and(|known| !known.contains_key(&id)) {
                let message = format!(
                    "`{}` has {id}, and its pins do not contain it",
                    consumer.name
                );
                let at = Location::of_file(&consumer.file);
                missing.push(Diagnostic::new(
                    "pin-missing",
                    &at,
                    message,
                    "record the pins anew",
                ));
            }
        }
    }
    missing
}
