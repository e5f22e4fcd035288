//! The id of a new thing: chosen by the client, or made by the server. A repeated create makes nothing twice.

use crm_contract::codes;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{context::Context, core::Core, hex, random_id, refusal::Refusal};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewId {
    pub id: String,
    /// The server chose the id, so it cannot be in use.
    pub minted: bool,
}

impl NewId {
    pub fn of(core: &Core, cx: &Context, chosen: Option<String>) -> Self {
        let minted = chosen.is_none();
        let id = chosen.unwrap_or_else(|| random_id::id(cx.now, &*core.ports().random));
        Self { id, minted }
    }

    /// Decides by what was `found` with this id: a repeat of the create that made it, or something else that has the
    /// id. The hashes are those of the requests' contents.
    pub fn repeated<T>(
        &self,
        found: Option<T>,
        hash_of: impl Fn(&T) -> &str,
        hash: &str,
    ) -> Result<Option<T>, Refusal<codes::IdTaken>> {
        match found {
            Some(found) if self.minted || hash_of(&found) != hash => Err(Refusal::new(
                codes::IdTaken,
                "This id belongs to something else. Choose another, or let the server choose.",
            )),
            found => Ok(found),
        }
    }
}

/// The hash that identifies a repeated create: of the request's content.
pub fn content_hash(content: &impl Serialize) -> String {
    // A parsed request always serializes.
    let text = serde_json::to_string(content).unwrap_or_default();
    hex::encode(&Sha256::digest(text))
}
