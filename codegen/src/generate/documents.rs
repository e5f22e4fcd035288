//! The documents that are published, compressed, and the module that names them.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use sha2::{Digest, Sha256};

use super::{Module, print};
use crate::{
    diagnostic::Diagnostics,
    page,
    publish::{self, Publication, Source},
};

/// A file that a module includes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    pub file: String,
    pub bytes: Vec<u8>,
}

/// `documents.rs` and the texts that it includes, for all versions.
pub fn documents(versions: &[Source<'_>]) -> (Vec<Module>, Vec<Asset>, Diagnostics) {
    let (publications, mut found) = publish::publish(versions);
    let mut assets = Vec::new();
    let mut failed = Vec::new();
    let published: Vec<TokenStream> = publications
        .iter()
        .map(|publication| entry(publication, &mut assets, &mut failed))
        .collect();
    let policy = page::policy();
    let tokens = quote! {
        /// For each version the whole contract first, then each consumer's part.
        pub const DOCUMENTS: &[::crm_runtime::Published] = &[#(#published),*];

        /// The content security policy of the pages.
        pub const PAGE_POLICY: &str = #policy;
    };
    let mut modules = Vec::new();
    if let Some(first) = versions.first() {
        let at = &first.document.at;
        for message in failed {
            found.report(
                "generator",
                at,
                message,
                "report this: the generator failed on a valid document",
            );
        }
        modules.extend(print("documents.rs".to_owned(), tokens, at, &mut found));
    }
    (modules, assets, found)
}

fn entry(
    publication: &Publication,
    assets: &mut Vec<Asset>,
    failed: &mut Vec<String>,
) -> TokenStream {
    let version = publication.version;
    let consumer = match &publication.consumer {
        Some(consumer) => quote!(Some(#consumer)),
        None => quote!(None),
    };
    let mut text = |name: &str, text: &str| {
        let audience = publication.consumer.as_deref().unwrap_or("whole");
        let file = format!("v{version}_{audience}_{name}.gz");
        match compress(text) {
            Ok(bytes) => assets.push(Asset {
                file: file.clone(),
                bytes,
            }),
            Err(error) => failed.push(format!("`{file}` cannot be compressed: {error}")),
        }
        let path = format!("/{file}");
        let length = Literal::usize_suffixed(text.len());
        let tag = tag(text);
        quote! {
            ::crm_runtime::PublishedText {
                gzip: include_bytes!(concat!(env!("OUT_DIR"), #path)),
                length: #length,
                tag: #tag,
            }
        }
    };
    let json = text("openapi.json", &publication.json);
    let yaml = text("openapi.yaml", &publication.yaml);
    let json_3_0 = text("openapi_3_0.json", &publication.json_3_0);
    let yaml_3_0 = text("openapi_3_0.yaml", &publication.yaml_3_0);
    let page = text("page.html", &publication.page);
    quote! {
        ::crm_runtime::Published {
            version: #version,
            consumer: #consumer,
            json: #json,
            yaml: #yaml,
            json_3_0: #json_3_0,
            yaml_3_0: #yaml_3_0,
            page: #page,
        }
    }
}

fn compress(text: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

/// What stands for the text in an ETag.
fn tag(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
