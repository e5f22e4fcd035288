//! A published document of the contract.

/// One version of the contract, whole or as one consumer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    pub version: u32,
    /// None: the whole of it.
    pub consumer: Option<&'static str>,
    pub json: PublishedText,
    pub yaml: PublishedText,
    /// The same as OpenAPI 3.0.
    pub json_3_0: PublishedText,
    pub yaml_3_0: PublishedText,
    /// For people, in HTML.
    pub page: PublishedText,
}

/// A text that rests compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedText {
    pub gzip: &'static [u8],
    /// Of the text itself, in bytes.
    pub length: usize,
    /// Stands for the text: the inside of an ETag.
    pub tag: &'static str,
}
