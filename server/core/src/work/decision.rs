//! What a write decided: statements, what they stand on, what the change log says of them, and the answer. Nothing of it
//! has happened yet.

use super::{Entry, Guard, Issued};
use crate::{fault::Fault, ports::store::Statement};

/// A counter that a commit takes numbers from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    pub name: String,
    /// How many numbers are taken.
    pub count: u32,
    /// The greatest number that the commit states itself: the counter moves past it first. 0: none.
    pub stated: i64,
}

/// The counters as a statement takes them: name, count and stated number of each, as JSON.
pub(super) fn taken(counters: &[Counter]) -> Result<String, Fault> {
    let each = counters.iter();
    let each = each.map(|counter| (&counter.name, counter.count, counter.stated));
    serde_json::to_string(&each.collect::<Vec<_>>())
        .map_err(|error| Fault::Internal(error.to_string()))
}

/// What the change log says of a decision. Each entry takes one sequence number.
#[derive(Default)]
struct Log {
    /// Entries that the decision's own statements write. They come first.
    written: u32,
    /// Entries that [`Work`](super::Work) writes.
    entries: Vec<Entry>,
}

/// A change that is ready to be committed, and its answer.
pub struct Decision<R> {
    pub guard: Guard,
    log: Log,
    /// The counters that it takes numbers from: see [`Issued`].
    pub(super) counters: Vec<Counter>,
    /// In SQL the k-th version is `(SELECT base FROM meta) + k`; the k-th number of a counter is
    /// `(SELECT value FROM counters WHERE name = ..) - count + 1 + k`.
    pub(super) statements: Vec<Statement>,
    /// The answer, given what the commit gave out.
    pub(super) answer: Box<dyn Fn(&Issued) -> R + Send>,
    /// The answer holds a secret: it is stored sealed under the Idempotency-Key.
    pub(super) secret: bool,
}

/// The change log of a decision, for its commit.
pub(super) struct Logged<'a> {
    /// How many sequence numbers the commit takes.
    pub versions: u32,
    /// The entries that the commit appends, and the place of the first among its sequence numbers.
    pub entries: &'a [Entry],
    pub first: u32,
    /// Whether it changes what somebody may do.
    pub moves_access: bool,
}

impl<R> Decision<R> {
    fn new(log: Log, statements: Vec<Statement>, answer: Box<dyn Fn(&Issued) -> R + Send>) -> Self {
        Self {
            guard: Guard::new(),
            log,
            counters: Vec::new(),
            statements,
            answer,
            secret: false,
        }
    }

    /// Nothing to change: the answer alone.
    pub fn nothing(answer: impl Fn(&Issued) -> R + Send + 'static) -> Self {
        Self::new(Log::default(), Vec::new(), Box::new(answer))
    }

    /// A change of anything but records. Each entry of the change log takes the next sequence number; the first one is
    /// [`Issued::base`].
    pub fn change(
        entries: Vec<Entry>,
        statements: Vec<Statement>,
        answer: impl Fn(&Issued) -> R + Send + 'static,
    ) -> Self {
        let log = Log {
            written: 0,
            entries,
        };
        Self::new(log, statements, Box::new(answer))
    }

    /// A change of records, whose statements write `versions` entries of the change log.
    pub fn records(
        versions: u32,
        counters: Vec<Counter>,
        statements: Vec<Statement>,
        answer: Box<dyn Fn(&Issued) -> R + Send>,
    ) -> Self {
        let log = Log {
            written: versions,
            entries: Vec::new(),
        };
        Self {
            counters,
            ..Self::new(log, statements, answer)
        }
    }

    /// What else holds for the decision.
    #[must_use]
    pub fn under(mut self, guard: Guard) -> Self {
        self.guard = self.guard.join(guard);
        self
    }

    /// The answer holds a secret.
    #[must_use]
    pub fn secret(self) -> Self {
        Self {
            secret: true,
            ..self
        }
    }

    /// More statements of the same change.
    pub fn extend(&mut self, statements: Vec<Statement>) {
        self.statements.extend(statements);
    }

    /// The sequence numbers that it takes. A decision that is joined to it begins at this place.
    pub fn versions(&self) -> u32 {
        let entries = u32::try_from(self.log.entries.len()).unwrap_or(u32::MAX);
        self.log.written.saturating_add(entries)
    }

    /// Joins a change of anything but records: one commit, one guard. Its k-th entry has the sequence number
    /// [`Issued::base`] + [`versions`](Self::versions) + k. The answer stays.
    pub fn and(mut self, other: Decision<()>) -> Result<Self, Fault> {
        if other.log.written > 0 {
            return Err(Fault::Internal(
                "a decision is joined to another that writes records".into(),
            ));
        }
        self.guard = self.guard.join(other.guard);
        self.log.entries.extend(other.log.entries);
        self.statements.extend(other.statements);
        Ok(self)
    }

    /// Refused if it changes something and logs nothing.
    pub(super) fn logged(&self) -> Result<Logged<'_>, Fault> {
        let versions = self.versions();
        if versions == 0 && !self.statements.is_empty() {
            return Err(Fault::Internal(
                "a decision changes something and logs nothing".into(),
            ));
        }
        Ok(Logged {
            versions,
            entries: &self.log.entries,
            first: self.log.written,
            moves_access: self.log.entries.iter().any(Entry::moves_access),
        })
    }
}
