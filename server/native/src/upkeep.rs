//! What the server does beside its requests. By the clock: once a minute it writes down what was counted and gives the
//! notices that are due, and once more when it stops. From its start on, until it is done: it folds anew what an earlier
//! program folded.

use std::{sync::Arc, time::Duration};

use crm_core::{Core, records::refold::Left};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

/// What was counted and not written yet is lost in a crash: no more than is counted in this time.
const EVERY: Duration = Duration::from_secs(60);

/// Statements by which records are folded before it is asked whether the server stops.
const FOLDED_AT_ONCE: usize = 500;

pub struct Upkeep {
    stop: watch::Sender<bool>,
    tasks: [JoinHandle<()>; 2],
}

impl Upkeep {
    pub fn begin(core: Arc<Core>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let refolding = tokio::spawn(refold(core.clone(), stopped.clone()));
        let mut stopped = stopped;
        let minutely = tokio::spawn(async move {
            let mut minute = interval(EVERY);
            minute.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = minute.tick() => {}
                    _ = stopped.changed() => break,
                }
                core.give_notices(usize::MAX).await;
                core.write_usage().await;
            }
            core.write_usage().await;
        });
        Self {
            stop,
            tasks: [minutely, refolding],
        }
    }

    /// After the last request: writes down what they left.
    pub async fn end(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::warn!(%error, "what was to be done last is not done");
            }
        }
    }
}

/// Some statements at a time, so that stopping waits for few.
async fn refold(core: Arc<Core>, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        match core.refold(FOLDED_AT_ONCE).await {
            Left::Nothing => return,
            Left::Something => tokio::task::yield_now().await,
            Left::Blocked => tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = stopped.changed() => return,
            },
        }
    }
}
