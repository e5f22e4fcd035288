//! The page for people who look after a business's integrations: deprecations, their usage, and the last use of each
//! API key. One document with its own style and script, which sends requests to the public API only.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::hex;

const PAGE: &str = include_str!("dashboard/page.html");
const STYLE: &str = include_str!("dashboard/page.css");
const SCRIPT: &str = include_str!("dashboard/page.js");

pub struct Dashboard {
    pub text: String,
    /// The opaque part of the tag.
    pub opaque: String,
    /// The content security policy: the page's own style and script, and requests to this server.
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
