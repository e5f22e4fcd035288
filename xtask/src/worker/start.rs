//! Measures the Worker's start-up time with workerd's own profiler.

use std::{path::Path, process::Stdio};

use serde_json::Value;

use crate::tools::Tools;

/// The number of fresh runtimes; the result is the median.
pub const ROUNDS: u32 = 5;

/// The start-up time in ms of CPU time.
pub fn measure(tools: &Tools, folder: &Path) -> Result<f64, String> {
    let output = tools
        .script("start.mjs")
        .arg(folder)
        .arg(ROUNDS.to_string())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("node: {error}"))?;
    let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    said["cpu_ms"]
        .as_f64()
        .ok_or_else(|| format!("the Worker does not start in workerd: {}", output.status))
}
