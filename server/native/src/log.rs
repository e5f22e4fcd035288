//! The program's log, on standard error: for people on a terminal, one JSON object per line elsewhere.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt};

/// Starts the log. `CRM_LOG` sets the levels (such as `warn,crm_core=debug`); `default` applies if it is not set.
pub fn start(default: &str) {
    let filter = EnvFilter::try_from_env("CRM_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let log = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() {
        log.with_target(false).try_init()
    } else {
        log.json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init()
    };
    if started.is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic
                .location()
                .map(ToString::to_string)
                .unwrap_or_default();
            let why = panic.payload_as_str().unwrap_or("a value that is not text");
            tracing::error!(place, why, "panic");
        }));
    }
}
