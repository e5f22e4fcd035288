//! The id of something new: chosen by the client, or minted. A create that is sent again makes nothing twice.

use crm_contract::codes;

use crate::{context::Context, core::Core, random_id, refusal::Refusal};

/// An id for something that is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewId {
    pub id: String,
    /// The server chose it, so that nobody can have it.
    pub minted: bool,
}

impl NewId {
    pub fn of(core: &Core, cx: &Context, chosen: Option<String>) -> Self {
        let minted = chosen.is_none();
        let id = chosen.unwrap_or_else(|| random_id::id(cx.now, &*core.ports().random));
        Self { id, minted }
    }

    /// What `found` under the id says: the same create was done before and made it, or something else has the id. The
    /// hashes are those of the requests' contents.
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
