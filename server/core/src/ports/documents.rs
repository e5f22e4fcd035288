//! Reads the files of the published documents. The native program contains them; the Worker has them as static assets.
//! `crm_contract::documents` says which text is in which file.

use bytes::Bytes;
use crm_contract::documents::FILES;

use super::Answer;

#[cfg(feature = "conformance")]
pub mod conformance;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file {name} of a published document cannot be read: {why}")]
pub struct DocumentError {
    pub name: String,
    pub why: String,
}

pub trait Documents: Send + Sync + 'static {
    /// The bytes of the file with this name, as the build of the contract wrote them.
    fn file<'a>(&'a self, name: &'a str) -> Answer<'a, Result<Bytes, DocumentError>>;
}

/// The files as a part of the program.
pub struct Embedded;

impl Documents for Embedded {
    fn file<'a>(&'a self, name: &'a str) -> Answer<'a, Result<Bytes, DocumentError>> {
        let found = FILES.iter().find(|(file, _)| *file == name);
        let bytes = found.map(|(_, bytes)| Bytes::from_static(bytes));
        let answer = bytes.ok_or_else(|| DocumentError {
            name: name.to_owned(),
            why: "there is no such file".to_owned(),
        });
        Box::pin(std::future::ready(answer))
    }
}
