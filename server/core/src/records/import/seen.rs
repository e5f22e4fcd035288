//! What the rows of an import have changed so far, which is needed to check the next rows. There may be millions of
//! entries, so the host chooses where to keep them.

use std::collections::HashMap;

use crate::fault::Fault;

/// Texts by key, in separate key spaces.
pub trait Seen {
    /// None if the key was never set. `Some(None)` if its value was removed.
    fn get(&self, space: &str, key: &str) -> Result<Option<Option<String>>, Fault>;

    fn set(&mut self, space: &str, key: &str, value: Option<&str>) -> Result<(), Fault>;
}

/// For small imports and tests.
#[derive(Default)]
pub struct InMemory(HashMap<(String, String), Option<String>>);

impl Seen for InMemory {
    fn get(&self, space: &str, key: &str) -> Result<Option<Option<String>>, Fault> {
        Ok(self.0.get(&(space.to_owned(), key.to_owned())).cloned())
    }

    fn set(&mut self, space: &str, key: &str, value: Option<&str>) -> Result<(), Fault> {
        let key = (space.to_owned(), key.to_owned());
        self.0.insert(key, value.map(str::to_owned));
        Ok(())
    }
}
