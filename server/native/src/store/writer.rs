//! The single writer of a tenant. Commits queue. A commit that finds no writer thread starts one; the thread takes the
//! waiting commits, writes them in one transaction, answers, and repeats until none waits. So many commits share one
//! sync of the disk, while each succeeds or fails alone: if one fails half-way, all are repeated, each in its own
//! savepoint.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use crm_core::ports::store::{Commit, Statement, StoreError, Value};
use parking_lot::{Mutex, MutexGuard};
use rusqlite::{Connection, wal::CheckpointMode};
use tokio::sync::oneshot;

use super::{
    budget::Budget,
    connection::{self, Missing},
    error::{Failure, store_error},
    options::Options,
    reading::Reading,
    statements::{self, Access},
};

type Answer = Result<Commit, StoreError>;

struct Job {
    statements: Vec<Statement>,
    bytes: usize,
    since: Instant,
    reply: oneshot::Sender<Answer>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    bytes: usize,
    /// A writer thread is running and will check the queue again before it ends.
    draining: bool,
}

pub struct Writer {
    queue: Mutex<Queue>,
    database: Mutex<Database>,
    options: Arc<Options>,
}

impl Writer {
    /// Opens the database. `stop` interrupts the tenant's readers.
    pub fn open(
        path: PathBuf,
        missing: Missing,
        options: Arc<Options>,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, StoreError> {
        let mut database = Database {
            path,
            open: None,
            log_frames: Arc::default(),
            looked_at: 0,
            fenced: 0,
            stop,
            options: options.clone(),
        };
        database.open(missing)?;
        Ok(Self {
            queue: Mutex::default(),
            database: Mutex::new(database),
            options,
        })
    }

    /// Queues a commit. The answer comes when the commit is durable or refused. A commit whose caller no longer waits
    /// when its turn comes is not begun.
    pub fn submit(
        self: &Arc<Self>,
        statements: Vec<Statement>,
    ) -> Result<oneshot::Receiver<Answer>, StoreError> {
        let bytes = statements.iter().map(size).sum();
        let (reply, answer) = oneshot::channel();
        let mut queue = lock(&self.queue);
        let full = queue.jobs.len() >= self.options.waiting_commits
            || (queue.bytes + bytes > self.options.waiting_bytes && !queue.jobs.is_empty());
        if full {
            return Err(StoreError::Busy("too many commits are waiting".into()));
        }
        queue.bytes += bytes;
        queue.jobs.push_back(Job {
            statements,
            bytes,
            since: Instant::now(),
            reply,
        });
        if !queue.draining {
            queue.draining = true;
            let writer = self.clone();
            // The queue's lock is held, so the thread cannot see it half changed.
            tokio::task::spawn_blocking(move || writer.drain());
        }
        Ok(answer)
    }

    fn drain(&self) {
        // If the code below panics, its jobs answer `Busy` and the next commit starts a new thread.
        let _restart = Restart(self);
        let mut database = lock(&self.database);
        while let Some(jobs) = self.next() {
            if let Err(unbegun) = database.commit(jobs) {
                self.give_up(unbegun);
            }
            database.keep_log_small();
        }
    }

    /// The waiting jobs, up to the bounds of one transaction. None if there are none; then the thread has to end.
    fn next(&self) -> Option<Vec<Job>> {
        let mut queue = lock(&self.queue);
        let mut taken = Vec::new();
        let mut bytes = 0;
        while let Some(job) = queue.jobs.pop_front() {
            queue.bytes -= job.bytes;
            // The caller is gone and got no answer, so the job can be dropped.
            if job.reply.is_closed() {
                continue;
            }
            bytes += job.bytes;
            taken.push(job);
            let next = queue.jobs.front().map_or(0, |job| job.bytes);
            if taken.len() >= self.options.shared_commits
                || bytes + next > self.options.shared_bytes
            {
                break;
            }
        }
        if taken.is_empty() {
            queue.draining = false;
            return None;
        }
        Some(taken)
    }

    /// The database cannot be written now: answers the jobs that were tried, and those that waited about as long.
    fn give_up(&self, (jobs, error): (Vec<Job>, StoreError)) {
        let mut queue = lock(&self.queue);
        let (tired, fresh): (VecDeque<_>, VecDeque<_>) = queue
            .jobs
            .drain(..)
            .partition(|job| job.since.elapsed() > self.options.lock_wait / 2);
        queue.bytes = fresh.iter().map(|job| job.bytes).sum();
        queue.jobs = fresh;
        drop(queue);
        for job in jobs.into_iter().chain(tired) {
            let _ = job.reply.send(Err(error.clone()));
        }
    }
}

struct Restart<'a>(&'a Writer);

impl Drop for Restart<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            *lock(&self.0.queue) = Queue::default();
            // Dropping the connection rolls back the transaction that the panic left.
            lock(&self.0.database).open = None;
        }
    }
}

/// The writing connection and the state of its log.
struct Database {
    path: PathBuf,
    /// None after a failure that left the connection in an unknown state; it is opened again.
    open: Option<(Connection, Arc<Budget>)>,
    /// Frames in the write-ahead log after the last commit.
    log_frames: Arc<AtomicU32>,
    /// The number of frames at the last copy.
    looked_at: u32,
    /// The number of next transactions that use savepoints.
    fenced: u32,
    stop: Arc<AtomicBool>,
    options: Arc<Options>,
}

/// Transactions that use savepoints after one was torn, since a race usually lasts for a while.
const FENCED: u32 = 16;

/// Why a transaction failed as a whole.
enum Whole {
    /// It could not begin; each job alone would wait for the same lock.
    Unbegun(StoreError),
    RolledBack(StoreError),
    /// One job failed after it had written, and without savepoints its writes cannot be separated from the others.
    Torn,
}

impl Database {
    fn open(&mut self, missing: Missing) -> Result<(), StoreError> {
        let mut connection = connection::writer(&self.path, missing, &self.options)?;
        let budget = Budget::of(&mut connection, Arc::default()).map_err(store_error)?;
        // Replaces SQLite's automatic checkpoint, which would run before the answer instead of after it.
        let frames = self.log_frames.clone();
        let hook = move |_: &mut rusqlite::hooks::Wal, pages: i32| {
            frames.store(pages.unsigned_abs(), Relaxed);
            Ok(())
        };
        connection.wal_hook(Some(hook)).map_err(store_error)?;
        self.open = Some((connection, budget));
        Ok(())
    }

    /// Commits the jobs together and answers each. Returns the jobs that could not be begun.
    fn commit(&mut self, jobs: Vec<Job>) -> Result<(), (Vec<Job>, StoreError)> {
        if self.open.is_none()
            && let Err(error) = self.open(Missing::Refuse)
        {
            return Err((jobs, error));
        }
        match self.together(&jobs) {
            Ok(answers) => {
                for (job, answer) in jobs.into_iter().zip(answers) {
                    let _ = job.reply.send(answer);
                }
            }
            Err(Whole::Unbegun(error)) => return Err((jobs, error)),
            Err(Whole::RolledBack(error)) if jobs.len() == 1 => {
                for job in jobs {
                    let _ = job.reply.send(Err(error.clone()));
                }
            }
            // The whole transaction was rolled back, perhaps because of one job: try each alone.
            Err(Whole::RolledBack(_) | Whole::Torn) => {
                let mut jobs = jobs.into_iter();
                while let Some(job) = jobs.next() {
                    if let Err((mut unbegun, error)) = self.commit(vec![job]) {
                        unbegun.extend(jobs);
                        return Err((unbegun, error));
                    }
                }
            }
        }
        Ok(())
    }

    fn together(&mut self, jobs: &[Job]) -> Result<Vec<Answer>, Whole> {
        let Some((connection, budget)) = &self.open else {
            return Err(Whole::Unbegun(StoreError::Failed(
                "the database is closed".into(),
            )));
        };
        let fenced = self.fenced > 0;
        self.fenced = self.fenced.saturating_sub(1);
        let mut outcome = transaction(connection, budget, jobs, &self.options, fenced);
        if matches!(outcome, Err(Whole::Torn)) {
            self.fenced = FENCED;
            outcome = match connection.execute_batch("ROLLBACK") {
                Ok(()) => transaction(connection, budget, jobs, &self.options, true),
                Err(error) => Err(Whole::RolledBack(store_error(error))),
            };
        }
        if let Err(Whole::RolledBack(error)) = &outcome {
            tracing::warn!(path = %self.path.display(), %error, jobs = jobs.len(), "a transaction was rolled back");
            if connection.is_autocommit() {
                return outcome;
            }
            if connection.execute_batch("ROLLBACK").is_err() {
                self.open = None;
            }
        }
        outcome
    }

    /// Copies the log into the database now and then, so that it stays small and a restart has little to read. Runs
    /// after the answers. A failure is harmless: the next commit tries again.
    fn keep_log_small(&mut self) {
        let frames = self.log_frames.load(Relaxed);
        let Some((connection, _)) = &self.open else {
            return;
        };
        if frames < self.looked_at {
            // The log started over by itself.
            self.looked_at = 0;
        }
        // Not after every commit: a reader that blocks the copy now mostly still blocks it a moment later.
        if frames < self.looked_at + self.options.wal_copy_frames
            && frames < self.options.wal_limit_frames
        {
            return;
        }
        self.looked_at = frames;
        if frames < self.options.wal_restart_frames {
            let _ = connection.wal_checkpoint_v2(Some("main"), CheckpointMode::PASSIVE);
            return;
        }
        // New readers need only the database. Readers that still need the log get some time and are then interrupted.
        let hurried = frames >= self.options.wal_limit_frames;
        self.stop.store(hurried, Relaxed);
        let wait = if hurried {
            Duration::from_secs(2)
        } else {
            Duration::from_millis(100)
        };
        let _ = connection.busy_timeout(wait);
        if let Ok((_, copied)) = connection.wal_checkpoint_v2(Some("main"), CheckpointMode::RESTART)
            && copied >= 0
        {
            self.log_frames.store(0, Relaxed);
            self.looked_at = 0;
        }
        let _ = connection.busy_timeout(self.options.lock_wait);
        self.stop.store(false, Relaxed);
    }
}

/// One transaction over all jobs. `fenced`: each job in a savepoint, for which SQLite copies every page that the job
/// changes.
fn transaction(
    connection: &Connection,
    budget: &Budget,
    jobs: &[Job],
    options: &Options,
    fenced: bool,
) -> Result<Vec<Answer>, Whole> {
    // The wait for another process's lock does not count as time of the statements.
    budget.time(options.lock_wait + options.write_time);
    let control = |sql: &str| connection.prepare_cached(sql)?.raw_execute();
    control("BEGIN IMMEDIATE").map_err(|error| Whole::Unbegun(store_error(error)))?;
    let rolled_back = |error| Whole::RolledBack(store_error(error));
    let alone = jobs.len() == 1;
    let fenced = fenced && !alone;
    let mut answers = Vec::with_capacity(jobs.len());
    for job in jobs {
        budget.time(options.write_time);
        if fenced {
            control("SAVEPOINT job").map_err(rolled_back)?;
        }
        let mut done = 0;
        let answer = match statements_of(connection, job, options.length, &mut done) {
            Ok(rows) => Ok(Commit::Committed(rows)),
            // SQLite rolled everything back by itself (disk full, interrupted ...).
            Err(failure) if connection.is_autocommit() => {
                return Err(Whole::RolledBack(
                    failure
                        .into_answer()
                        .err()
                        .unwrap_or(StoreError::Failed("refused".into())),
                ));
            }
            Err(failure) => {
                // A statement that violates a constraint changes nothing, and the guard is the first statement.
                let clean = done == 0 && matches!(failure, Failure::Refused(_));
                if fenced {
                    control("ROLLBACK TO job").map_err(rolled_back)?;
                } else if !alone && !clean {
                    return Err(Whole::Torn);
                }
                failure.into_answer()
            }
        };
        if fenced {
            control("RELEASE job").map_err(rolled_back)?;
        }
        answers.push(answer);
    }
    let any = answers
        .iter()
        .any(|answer| matches!(answer, Ok(Commit::Committed(_))));
    control(if any { "COMMIT" } else { "ROLLBACK" }).map_err(rolled_back)?;
    Ok(answers)
}

fn statements_of(
    connection: &Connection,
    job: &Job,
    mut room: usize,
    done: &mut usize,
) -> Result<Vec<Vec<Vec<Value>>>, Failure> {
    let mut all = Vec::with_capacity(job.statements.len());
    for statement in &job.statements {
        all.push(statements::run(
            connection,
            Access::Write,
            statement,
            &mut room,
            // A commit returns few rows.
            &mut Reading::begin(None),
        )?);
        *done += 1;
    }
    Ok(all)
}

/// The approximate size of a queued statement, in bytes.
fn size(statement: &Statement) -> usize {
    let params = statement
        .params
        .iter()
        .map(|value| size_of::<Value>() + value.as_str().map_or(0, str::len));
    size_of::<Statement>() + statement.sql.len() + params.sum::<usize>()
}

/// Nothing that these locks guard is left half changed by a panic (`Restart` sees to it).
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}
