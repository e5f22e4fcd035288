//! The batches of a step's rows for checking and writing. A batch that is too large for one commit is halved. Checking
//! counts the stored records of a batch, writing also the bytes that it commits, so the two form different batches only
//! where large rows make a commit too large.

use super::spool::{Spool, Upsert};

pub struct Batches {
    /// The most rows of a batch.
    most: usize,
    /// The first row of the current batch, and its number of rows.
    from: u64,
    rows: usize,
    /// The most rows of the next batch.
    next: usize,
}

impl Batches {
    pub fn of(most: usize) -> Self {
        let most = most.max(1);
        Self {
            most,
            from: 0,
            rows: 0,
            next: most,
        }
    }

    /// The rows of the next batch; empty at the end.
    pub fn next(&mut self, spool: &Spool, step: usize) -> rusqlite::Result<Vec<Upsert>> {
        self.from += self.rows as u64;
        let rows = spool.chunk(step, self.from, self.next)?;
        self.rows = rows.len();
        self.next = (self.next + self.next / 4 + 1).min(self.most);
        Ok(rows)
    }

    /// The current batch was too large: the next one begins at the same row and has half as many. False if it is a
    /// single row.
    pub fn halve(&mut self) -> bool {
        if self.rows < 2 {
            return false;
        }
        self.next = self.rows / 2;
        self.rows = 0;
        true
    }
}
