//! Where the files of the published documents lie: the native program holds them, the Worker has them as static assets
//! beside it. What the files hold is in `crm_contract::documents`.

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
    /// The bytes of the file of that name, as the build of the contract wrote it.
    fn file<'a>(&'a self, name: &'a str) -> Answer<'a, Result<Bytes, DocumentError>>;
}

/// All files in the program itself.
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
