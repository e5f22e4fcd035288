//! The remaining budget of a connection. SQLite's progress handler checks it and stops the statement when it is used
//! up.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use rusqlite::Connection;

/// Operations of SQLite's virtual machine between two checks of the budget.
const STEP: u32 = 100;

pub struct Budget {
    steps: AtomicI64,
    /// The deadline in microseconds after `epoch`.
    deadline: AtomicU64,
    epoch: Instant,
    /// The writer asks all readers to release their snapshots.
    stop: Arc<AtomicBool>,
    /// The last statement was interrupted because of `stop`.
    stopped: AtomicBool,
}

impl Budget {
    /// Sets a budget for `connection`, unlimited at first.
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

    /// Sets the budget of a read on a thread that serves other requests too.
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

    /// Whether the last interruption was because of `stop` and not of the budget; resets it.
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
