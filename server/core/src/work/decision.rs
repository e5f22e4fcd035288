//! What a write decided: statements, the guard that they depend on, change log entries, and the answer. Nothing is
//! written yet.

use super::{Entry, Guard, Issued};
use crate::{fault::Fault, ports::store::Statement};

/// Makes the answer from the numbers that the commit gave out.
pub type MakeAnswer<R> = Box<dyn Fn(&Issued) -> R + Send>;

/// A counter that a commit takes numbers from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    pub name: String,
    /// How many numbers are taken.
    pub count: u32,
    /// The greatest number that the commit itself states. The counter first moves past it. 0 if there is none.
    pub stated: i64,
}

/// The counters as the parameter of a statement: a JSON array with the name, count and stated number of each.
pub(super) fn taken(counters: &[Counter]) -> Result<String, Fault> {
    let each = counters.iter();
    let each = each.map(|counter| (&counter.name, counter.count, counter.stated));
    serde_json::to_string(&each.collect::<Vec<_>>())
        .map_err(|error| Fault::Internal(error.to_string()))
}

/// The change log of a decision. Each entry takes one sequence number.
#[derive(Default)]
struct Log {
    /// The number of entries that the decision's own statements write. They come first.
    written: u32,
    /// Entries that [`Work`](super::Work) writes.
    entries: Vec<Entry>,
}

/// A change that is ready to be committed, and its answer.
pub struct Decision<R> {
    pub guard: Guard,
    log: Log,
    /// The counters from which the commit takes numbers: see [`Issued`].
    pub(super) counters: Vec<Counter>,
    /// In SQL the k-th version is `(SELECT base FROM meta) + k`; the k-th number of a counter is
    /// `(SELECT value FROM counters WHERE name = ..) - count + 1 + k`.
    pub(super) statements: Vec<Statement>,
    /// Makes the answer from the numbers that the commit gives out.
    pub(super) answer: MakeAnswer<R>,
    /// The answer holds a secret, so it is stored sealed with the Idempotency-Key.
    pub(super) secret: bool,
}

/// The change log of a decision, as its commit needs it.
pub(super) struct Logged<'a> {
    /// The number of sequence numbers that the commit takes.
    pub versions: u32,
    /// The entries that the commit appends, and the offset of the first in the commit's sequence numbers.
    pub entries: &'a [Entry],
    pub first: u32,
    /// Whether the change affects what somebody may do.
    pub moves_access: bool,
}

impl<R> Decision<R> {
    fn new(log: Log, statements: Vec<Statement>, answer: MakeAnswer<R>) -> Self {
        Self {
            guard: Guard::new(),
            log,
            counters: Vec::new(),
            statements,
            answer,
            secret: false,
        }
    }

    /// A decision that changes nothing and only answers.
    pub fn nothing(answer: impl Fn(&Issued) -> R + Send + 'static) -> Self {
        Self::new(Log::default(), Vec::new(), Box::new(answer))
    }

    /// A change that concerns no records. Each change log entry takes the next sequence number, beginning with
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

    /// A change of records. Its own statements write `versions` entries of the change log.
    pub fn records(
        versions: u32,
        counters: Vec<Counter>,
        statements: Vec<Statement>,
        answer: MakeAnswer<R>,
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

    /// Adds conditions to the guard.
    #[must_use]
    pub fn under(mut self, guard: Guard) -> Self {
        self.guard = self.guard.join(guard);
        self
    }

    /// Marks that the answer holds a secret.
    #[must_use]
    pub fn secret(self) -> Self {
        Self {
            secret: true,
            ..self
        }
    }

    /// Adds statements to the change.
    pub fn extend(&mut self, statements: Vec<Statement>) {
        self.statements.extend(statements);
    }

    /// How many sequence numbers the decision takes. A decision that is joined to it begins after these.
    pub fn versions(&self) -> u32 {
        let entries = u32::try_from(self.log.entries.len()).unwrap_or(u32::MAX);
        self.log.written.saturating_add(entries)
    }

    /// Joins a change that concerns no records into one commit with one guard. Its k-th entry gets the sequence number
    /// [`Issued::base`] + [`versions`](Self::versions) + k. The answer stays the same.
    pub fn and(mut self, other: Decision<()>) -> Result<Self, Fault> {
        if other.log.written > 0 {
            return Err(Fault::Internal(
                "a decision is joined to another that writes records".into(),
            ));
        }
        self.guard = self.guard.join(other.guard);
        self.log.entries.extend(other.log.entries);
        self.statements.extend(other.statements);
        self.secret |= other.secret;
        Ok(self)
    }

    /// Refused if the decision changes something and logs nothing.
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
