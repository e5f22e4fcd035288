//! What the server does by the clock, beside its requests: once a minute it writes down what was counted and gives the
//! notices that are due, and once more when it stops.

use std::{sync::Arc, time::Duration};

use crm_core::Core;
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

/// What was counted and not written yet is lost in a crash: no more than is counted in this time.
const EVERY: Duration = Duration::from_secs(60);

pub struct Upkeep {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Upkeep {
    pub fn begin(core: Arc<Core>) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut minute = interval(EVERY);
            minute.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = minute.tick() => {}
                    _ = &mut stopped => break,
                }
                core.give_notices().await;
                core.write_usage().await;
            }
            core.write_usage().await;
        });
        Self { stop, task }
    }

    /// After the last request: writes down what they left.
    pub async fn end(self) {
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "what was counted last is not written");
        }
    }
}
