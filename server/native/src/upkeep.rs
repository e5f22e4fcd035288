//! Background work of the server. Once a minute, and when the server stops, it stores the usage counts and gives the
//! notices that are due. From the start until it is finished, it refolds texts that an earlier program folded.

use std::{sync::Arc, time::Duration};

use crm_core::{Core, records::refold::Left};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

/// The interval of storing the counts. A crash loses the counts of one interval at most.
const EVERY: Duration = Duration::from_secs(60);

/// The number of refold statements between two checks whether the server stops.
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

    /// Stores the remaining counts after the last request.
    pub async fn end(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::warn!(%error, "what was to be done last is not done");
            }
        }
    }
}

/// Refolds a few statements at a time, so that stopping the server does not wait long.
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
