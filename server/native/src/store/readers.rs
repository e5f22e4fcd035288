//! The readers of a tenant: a few connections, each used by one read at a time. A read starts on the calling thread; if
//! it turns out to be expensive, it is stopped and started again on its own thread.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use crm_core::{
    held::{self, Held},
    ports::store::{Rows, Statement, StoreError},
};
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    budget::Budget,
    connection,
    error::{Failure, store_error},
    options::Options,
    reading::Reading,
    statements::{self, Access},
};

/// The pauses before the retries of a read that was stopped so that the log could be restarted.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(5),
    Duration::from_millis(20),
    Duration::from_millis(100),
    Duration::from_millis(500),
];

pub struct Readers {
    path: PathBuf,
    options: Arc<Options>,
    stop: Arc<AtomicBool>,
    /// Unused connections; the most recently used one is taken first, since its cache is warm.
    idle: Mutex<Vec<Reader>>,
    /// One permit per connection.
    connections: Arc<Semaphore>,
    /// One permit per expensive read: fewer than there are connections, so that cheap reads always find one.
    dear: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// The number of reads that were too expensive for the calling thread.
    handed_over: AtomicUsize,
}

struct Reader {
    connection: Connection,
    budget: Arc<Budget>,
}

impl Readers {
    pub fn new(path: PathBuf, options: Arc<Options>, stop: Arc<AtomicBool>) -> Self {
        let connections = options.readers.max(2);
        Self {
            path,
            stop,
            idle: Mutex::default(),
            connections: Arc::new(Semaphore::new(connections)),
            dear: Arc::new(Semaphore::new(connections / 2)),
            waiting: AtomicUsize::new(0),
            handed_over: AtomicUsize::new(0),
            options,
        }
    }

    /// Runs all statements on one snapshot.
    pub async fn read(
        self: &Arc<Self>,
        statements: Vec<Statement>,
    ) -> Result<Vec<Rows>, StoreError> {
        let permit = self.permit(&self.connections).await?;
        let mut reader = match self.take() {
            Some(reader) => reader,
            None => {
                let readers = self.clone();
                blocking(move || Reader::open(&readers)).await?
            }
        };
        let held = held::current();
        let outcome = reader.inline(&statements, &self.options, held.clone());
        self.give_back(reader);
        drop(permit);
        match outcome {
            Ok(rows) => Ok(rows),
            // Too expensive for this thread, or it waits for a lock: continue on another thread.
            Err(Failure::Interrupted | Failure::Store(StoreError::Busy(_))) => {
                self.handed_over.fetch_add(1, Relaxed);
                self.aside(statements, held).await
            }
            Err(failure) => Err(refused(failure)),
        }
    }

    /// Runs the read on a thread that may block.
    async fn aside(
        self: &Arc<Self>,
        statements: Vec<Statement>,
        held: Option<Arc<Held>>,
    ) -> Result<Vec<Rows>, StoreError> {
        let dear = self.permit(&self.dear).await?;
        let permit = self.permit(&self.connections).await?;
        let readers = self.clone();
        let work = move || {
            let _permits = (dear, permit);
            let mut reader = match readers.take() {
                Some(reader) => reader,
                None => Reader::open(&readers)?,
            };
            reader.budget.take_stopped();
            let mut outcome = reader.patient(&statements, &readers.options, held.clone());
            for pause in PAUSES {
                // It was stopped for the log, not because it took too long: retry.
                if !matches!(outcome, Err(Failure::Interrupted)) || !reader.budget.take_stopped() {
                    break;
                }
                std::thread::sleep(pause);
                outcome = reader.patient(&statements, &readers.options, held.clone());
            }
            readers.give_back(reader);
            outcome.map_err(refused)
        };
        blocking(work).await
    }

    pub fn handed_over(&self) -> usize {
        self.handed_over.load(Relaxed)
    }

    async fn permit(&self, of: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, StoreError> {
        if let Ok(permit) = of.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let _waiting = Waiting::begin(&self.waiting, self.options.waiting_reads)?;
        match tokio::time::timeout(self.options.read_time, of.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(StoreError::Busy(
                "no connection for reading became free".into(),
            )),
        }
    }

    fn take(&self) -> Option<Reader> {
        self.idle.lock().pop()
    }

    fn give_back(&self, reader: Reader) {
        // A connection that is still in a transaction would hold an old snapshot, and the log, for ever: drop it.
        if reader.connection.is_autocommit() {
            self.idle.lock().push(reader);
        }
    }
}

impl Reader {
    fn open(readers: &Readers) -> Result<Self, StoreError> {
        let mut connection = connection::reader(&readers.path, &readers.options)?;
        let budget = Budget::of(&mut connection, readers.stop.clone()).map_err(store_error)?;
        Ok(Self { connection, budget })
    }

    fn inline(
        &mut self,
        statements: &[Statement],
        options: &Options,
        held: Option<Arc<Held>>,
    ) -> Result<Vec<Rows>, Failure> {
        self.budget
            .inline(options.inline_operations, options.inline_time);
        self.connection.busy_timeout(Duration::ZERO)?;
        self.snapshot(statements, options.length, held)
    }

    fn patient(
        &mut self,
        statements: &[Statement],
        options: &Options,
        held: Option<Arc<Held>>,
    ) -> Result<Vec<Rows>, Failure> {
        self.budget.time(options.read_time);
        self.connection.busy_timeout(options.lock_wait)?;
        self.snapshot(statements, options.length, held)
    }

    fn snapshot(
        &mut self,
        statements: &[Statement],
        mut room: usize,
        held: Option<Arc<Held>>,
    ) -> Result<Vec<Rows>, Failure> {
        let connection = &self.connection;
        let mut reading = Reading::begin(held);
        let mut run = |statement| {
            statements::run(connection, Access::Read, statement, &mut room, &mut reading)
        };
        let outcome: Result<_, Failure> = match statements {
            // A single statement reads one snapshot without a transaction.
            [statement] => run(statement).map(|rows| vec![rows]),
            statements => {
                let control = |sql| connection.prepare_cached(sql)?.raw_execute();
                control("BEGIN")?;
                let outcome = statements.iter().map(run).collect();
                if !connection.is_autocommit() {
                    control("ROLLBACK")?;
                }
                outcome
            }
        };
        let rows = outcome?;
        match reading.keep() {
            true => Ok(rows),
            false => Err(Failure::NoRoom),
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(StoreError::Failed(error.to_string())))
}

fn refused(failure: Failure) -> StoreError {
    match failure.into_answer() {
        Err(error) => error,
        Ok(outcome) => StoreError::Failed(format!("a read was refused: {outcome:?}")),
    }
}

/// Counts waiting reads, also when they are cancelled.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize, most: usize) -> Result<Self, StoreError> {
        let waiting = Self(count);
        if count.fetch_add(1, Relaxed) >= most {
            return Err(StoreError::Busy("too many reads are waiting".into()));
        }
        Ok(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
