//! The files of a generated crate: manifest, root, and the modules, which are included by the root.

use super::{Adapted, CONSUMER};

/// A file of the crate, by its path from the crate's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub path: String,
    pub text: String,
}

/// All files. `name` is the name of the package; `runtime` is the path of the crate `crm-runtime` for the manifest.
pub fn files(adapted: &Adapted, name: &str, runtime: &str) -> Vec<File> {
    let version = format!("v{}", adapted.document.major);
    let mut files = vec![
        File {
            path: "Cargo.toml".to_owned(),
            text: manifest(name, runtime),
        },
        File {
            path: "src/lib.rs".to_owned(),
            text: root(&adapted.document.title, &version),
        },
    ];
    files.extend(adapted.modules.iter().map(|module| File {
        path: format!("src/{}", module.file),
        text: module.code.clone(),
    }));
    files
}

fn manifest(name: &str, runtime: &str) -> String {
    let quoted = |text: &str| toml_text(text);
    format!(
        "[package]\nname = {name}\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n\
         [lib]\ndoctest = false\n\n\
         [features]\ndefault = [\"server\", \"client\"]\nserver = [\"crm-runtime/server\"]\nclient = [\"crm-runtime/client\"]\n\n\
         [dependencies]\ncrm-runtime = {{ path = {runtime} }}\nserde = {{ version = \"1\", features = [\"derive\"] }}\nserde_json = {{ version = \"1\", features = [\"raw_value\"] }}\n\n\
         # A crate of its own, wherever it lies.\n[workspace]\n",
        name = quoted(name),
        runtime = quoted(runtime),
    )
}

fn toml_text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn root(title: &str, version: &str) -> String {
    let title = title.lines().next().unwrap_or_default();
    format!(
        r#"//! {title}: generated types, server and client.

mod media {{
    include!("media.rs");
}}

pub use media::MEDIA;

/// The runtime of generated code.
pub use crm_runtime;

/// The error codes.
#[cfg(feature = "server")]
#[allow(clippy::all)]
pub mod codes {{
    include!("codes.rs");
}}

pub mod {version} {{
    /// A type per schema, shared by server and client.
    #[allow(clippy::all, deprecated)]
    pub mod types {{
        include!("{version}_types.rs");
    }}

    /// Requests, responses, handler traits and the router.
    #[cfg(feature = "server")]
    #[allow(clippy::all, deprecated)]
    pub mod server {{
        include!("{version}_server.rs");
    }}

    /// The client.
    #[cfg(feature = "client")]
    #[allow(clippy::all, deprecated, unused_mut)]
    pub mod {CONSUMER} {{
        include!("{version}_{CONSUMER}.rs");
    }}

    #[cfg(feature = "client")]
    mod problems {{
        include!("{version}_problems.rs");
    }}
}}
"#
    )
}
