//! A published document of the contract.

/// One version of the contract, whole or as one consumer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    pub version: u32,
    /// None: the whole of it.
    pub consumer: Option<&'static str>,
    pub json: &'static str,
    pub yaml: &'static str,
}
