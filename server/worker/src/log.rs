//! The log: one JSON object per line on the platform's console, errors and warnings as such.

use std::{
    fmt,
    io::{self, Write},
};

use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter,
    fmt::{MakeWriter, format::Writer, time::FormatTime},
};
use wasm_bindgen::JsValue;
use worker::{console_error, console_log, console_warn};

/// Starts the log, once. `filter` sets the levels (such as `warn,crm_core=debug`).
pub fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_timer(PlatformTime)
        .with_writer(Console)
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .try_init();
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

struct PlatformTime;

impl FormatTime for PlatformTime {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        let now = js_sys::Date::new(&JsValue::from_f64(js_sys::Date::now()));
        w.write_str(&String::from(now.to_iso_string()))
    }
}

struct Console;

/// One event, written when it is complete.
struct Line {
    level: Level,
    text: Vec<u8>,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        match (text.trim_end(), self.level) {
            ("", _) => {}
            (text, Level::ERROR) => console_error!("{text}"),
            (text, Level::WARN) => console_warn!("{text}"),
            (text, _) => console_log!("{text}"),
        }
    }
}

impl<'a> MakeWriter<'a> for Console {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line {
            level: Level::INFO,
            text: Vec::new(),
        }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line {
        Line {
            level: *metadata.level(),
            text: Vec::new(),
        }
    }
}
