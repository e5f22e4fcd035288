//! The published documents: a compressed file for each text, and the module that names the files.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;
use sha2::{Digest, Sha256};

mod delta;

use super::{Module, print};
use crate::{
    diagnostic::Diagnostics,
    page,
    publish::{self, Publication, Source},
};

/// The folder of the texts' files, below the folder of the modules.
pub const FOLDER: &str = "documents";

/// A file that holds a text, named without its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    pub file: String,
    pub bytes: Vec<u8>,
}

/// `documents.rs` and the files of the texts that it names, for all versions.
pub fn documents(versions: &[Source<'_>]) -> (Vec<Module>, Vec<Asset>, Diagnostics) {
    let (publications, mut found) = publish::publish(versions);
    let mut texts = Texts::default();
    let bases = publications.first().map(|first| Bases {
        json: &first.json,
        yaml: &first.yaml,
        page: &first.page,
    });
    let base_texts = bases.map(|bases| {
        let json = texts.whole("base_openapi.json", bases.json);
        let yaml = texts.whole("base_openapi.yaml", bases.yaml);
        let page = texts.whole("base_page.html", bases.page);
        quote! {
            static JSON: ::crm_runtime::PublishedText = #json;
            static YAML: ::crm_runtime::PublishedText = #yaml;
            static PAGE: ::crm_runtime::PublishedText = #page;
        }
    });
    let published: Vec<TokenStream> = bases
        .iter()
        .flat_map(|bases| {
            publications
                .iter()
                .map(|publication| entry(publication, *bases, &mut texts))
                .collect::<Vec<_>>()
        })
        .collect();
    let policy = page::policy();
    let files = texts.assets.iter().map(|asset| {
        let (file, path) = (&asset.file, format!("/{FOLDER}/{}", asset.file));
        quote!((#file, include_bytes!(concat!(env!("OUT_DIR"), #path))))
    });
    let tokens = quote! {
        /// For each version the whole contract first, then each consumer's part.
        pub static DOCUMENTS: &[::crm_runtime::Published] = &[#(#published),*];

        /// The content security policy of the pages.
        pub const PAGE_POLICY: &str = #policy;

        /// The files of all texts, by their names. A program that does not use this list does not hold them.
        pub static FILES: &[(&str, &[u8])] = &[#(#files),*];

        #base_texts
    };
    let mut modules = Vec::new();
    if let Some(first) = versions.first() {
        let at = &first.document.at;
        for message in texts.failed {
            found.report(
                "generator",
                at,
                message,
                "report this: the generator failed on a valid document",
            );
        }
        modules.extend(print("documents.rs".to_owned(), tokens, at, &mut found));
    }
    (modules, texts.assets, found)
}

/// The texts of the first publication, which have whole files; all others are stored as differences from them.
#[derive(Clone, Copy)]
struct Bases<'a> {
    json: &'a str,
    yaml: &'a str,
    page: &'a str,
}

fn entry(publication: &Publication, bases: Bases<'_>, texts: &mut Texts) -> TokenStream {
    let version = publication.version;
    let consumer = match &publication.consumer {
        Some(consumer) => quote!(Some(#consumer)),
        None => quote!(None),
    };
    let audience = publication.consumer.as_deref().unwrap_or("whole");
    let mut text = |name: &str, text: &str, base: &str, place: &str| {
        texts.part(&format!("v{version}_{audience}_{name}"), text, base, place)
    };
    let json = text("openapi.json", &publication.json, bases.json, "JSON");
    let yaml = text("openapi.yaml", &publication.yaml, bases.yaml, "YAML");
    let json_3_0 = text(
        "openapi_3_0.json",
        &publication.json_3_0,
        bases.json,
        "JSON",
    );
    let yaml_3_0 = text(
        "openapi_3_0.yaml",
        &publication.yaml_3_0,
        bases.yaml,
        "YAML",
    );
    let page = text("page.html", &publication.page, bases.page, "PAGE");
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

/// The files beside the module.
#[derive(Default)]
struct Texts {
    assets: Vec<Asset>,
    failed: Vec<String>,
}

impl Texts {
    fn whole(&mut self, name: &str, text: &str) -> TokenStream {
        self.add(name, text.as_bytes(), text, &quote!(None))
    }

    /// A text as the difference from `base`, which is in the static `place`.
    fn part(&mut self, name: &str, text: &str, base: &str, place: &str) -> TokenStream {
        let place = Ident::new(place, Span::call_site());
        let difference = delta::delta(base.as_bytes(), text.as_bytes());
        self.add(name, &difference, text, &quote!(Some(&#place)))
    }

    fn add(&mut self, name: &str, bytes: &[u8], text: &str, base: &TokenStream) -> TokenStream {
        let file = format!("{name}.gz");
        match compress(bytes) {
            Ok(bytes) => self.assets.push(Asset {
                file: file.clone(),
                bytes,
            }),
            Err(error) => self
                .failed
                .push(format!("`{file}` cannot be compressed: {error}")),
        }
        let length = Literal::usize_suffixed(text.len());
        let tag = tag(text);
        quote! {
            ::crm_runtime::PublishedText {
                file: #file,
                base: #base,
                length: #length,
                tag: #tag,
            }
        }
    }
}

fn compress(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// The fingerprint of the text for an ETag.
fn tag(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
