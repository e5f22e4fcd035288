//! What the rows of an import have changed so far, for judging the next ones. There may be millions, so a host keeps it
//! where it has room.

use std::collections::HashMap;

use crate::fault::Fault;

/// Texts by a key, in spaces of their own.
pub trait Seen {
    /// None: nothing was said of the key. `Some(None)`: it has no value any more.
    fn get(&self, space: &str, key: &str) -> Result<Option<Option<String>>, Fault>;

    fn set(&mut self, space: &str, key: &str, value: Option<&str>) -> Result<(), Fault>;
}

/// For a few rows, and for tests.
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
