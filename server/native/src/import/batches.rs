//! The rows of a step in the batches in which they are judged and then written. A batch that is more than one commit takes
//! is halved. Judging counts the stored records of a batch, writing also what it commits: only where large rows make a
//! commit too large do the two see other rows together.

use super::spool::{Spool, Upsert};

pub struct Batches {
    /// Rows of a batch at most.
    most: usize,
    /// Where the batch at hand begins, and how many rows it has.
    from: u64,
    rows: usize,
    /// How many rows the next batch may have.
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

    /// The rows of the next batch; none at the end.
    pub fn next(&mut self, spool: &Spool, step: usize) -> rusqlite::Result<Vec<Upsert>> {
        self.from += self.rows as u64;
        let rows = spool.chunk(step, self.from, self.next)?;
        self.rows = rows.len();
        self.next = (self.next + self.next / 4 + 1).min(self.most);
        Ok(rows)
    }

    /// The batch at hand was too large: the next one begins where it began, with half of its rows. False: it is a single
    /// row.
    pub fn halve(&mut self) -> bool {
        if self.rows < 2 {
            return false;
        }
        self.next = self.rows / 2;
        self.rows = 0;
        true
    }
}
