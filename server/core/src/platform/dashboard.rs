//! The page for whoever looks after a business's integrations: what is going away, who still uses it, when each API key was
//! last used. One document with its own style and script, which talks to the public API and to nothing else.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::hex;

const PAGE: &str = include_str!("dashboard/page.html");
const STYLE: &str = include_str!("dashboard/page.css");
const SCRIPT: &str = include_str!("dashboard/page.js");

pub struct Dashboard {
    pub text: String,
    /// What of the tag is compared.
    pub opaque: String,
    /// The page's own style and script, and this server to talk to.
    pub policy: String,
}

pub static DASHBOARD: LazyLock<Dashboard> = LazyLock::new(|| {
    let text = PAGE
        .replace("{{style}}", STYLE)
        .replace("{{script}}", SCRIPT);
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    Dashboard {
        opaque: format!("\"{}\"", hex::encode(&Sha256::digest(&text)[..8])),
        policy: format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            hash(STYLE),
            hash(SCRIPT),
        ),
        text,
    }
});
