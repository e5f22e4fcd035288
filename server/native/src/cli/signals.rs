//! The signals that stop the server: SIGTERM and SIGINT; Ctrl-C on other systems than Unix.

use std::io;

/// Signals are caught from its creation on.
pub struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (terminate, interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        Ok(Self {
            terminate,
            interrupt,
        })
    }

    /// Completes at the first signal. A second signal ends the program at once.
    pub async fn told_to_stop(mut self) {
        self.either().await;
        tracing::info!("stopping: running requests are finished");
        tokio::spawn(async move {
            self.either().await;
            tracing::warn!("stopped at once");
            std::process::exit(130);
        });
    }

    async fn either(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    pub fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    pub async fn told_to_stop(self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
