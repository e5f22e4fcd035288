//! How much a connection may still do before SQLite is to stop: asked by its progress handler.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use rusqlite::Connection;

/// Operations of the virtual machine between two looks at the budget.
const STEP: u32 = 100;

pub struct Budget {
    steps: AtomicI64,
    /// Microseconds after `epoch`.
    deadline: AtomicU64,
    epoch: Instant,
    /// Somebody needs all connections to let go.
    stop: Arc<AtomicBool>,
    /// That was why the last statement was interrupted.
    stopped: AtomicBool,
}

impl Budget {
    /// Puts `connection` under a budget, unlimited at first.
    pub fn of(connection: &mut Connection, stop: Arc<AtomicBool>) -> rusqlite::Result<Arc<Self>> {
        let budget = Arc::new(Self {
            steps: AtomicI64::new(i64::MAX),
            deadline: AtomicU64::new(u64::MAX),
            epoch: Instant::now(),
            stop,
            stopped: AtomicBool::new(false),
        });
        let asked = budget.clone();
        connection.progress_handler(STEP.cast_signed(), Some(move || asked.is_spent()))?;
        Ok(budget)
    }

    /// For a read on a thread that serves others.
    pub fn inline(&self, operations: u32, time: Duration) {
        self.steps.store((operations / STEP).into(), Relaxed);
        self.deadline
            .store(micros(self.epoch.elapsed() + time), Relaxed);
    }

    pub fn time(&self, time: Duration) {
        self.steps.store(i64::MAX, Relaxed);
        self.deadline
            .store(micros(self.epoch.elapsed() + time), Relaxed);
    }

    /// Whether the last interruption was not for what the statement took; forgets it.
    pub fn take_stopped(&self) -> bool {
        self.stopped.swap(false, Relaxed)
    }

    fn is_spent(&self) -> bool {
        if self.stop.load(Relaxed) {
            self.stopped.store(true, Relaxed);
            return true;
        }
        self.steps.fetch_sub(1, Relaxed) <= 0
            || micros(self.epoch.elapsed()) > self.deadline.load(Relaxed)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
