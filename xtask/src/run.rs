//! Steps: commands in the repository's root, announced before and timed after.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default()
}

/// Runs `command`; an error names the step and the exit status.
pub fn step(name: &str, command: &mut Command) -> Result<(), String> {
    timed(name, || ended(start(command)?.wait()))
}

/// Starts `command` in the repository's root.
pub fn start(command: &mut Command) -> Result<Child, String> {
    command.current_dir(root()).spawn().map_err(|error| {
        let program = command.get_program().display();
        format!("{program} cannot be started: {error}")
    })
}

/// An error names the exit status.
pub fn ended(status: std::io::Result<ExitStatus>) -> Result<(), String> {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("ended with {status}")),
        Err(error) => Err(error.to_string()),
    }
}

/// Announces a step and prints its time; an error names it.
pub fn timed(name: &str, run: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    eprintln!("\n== {name}");
    let start = Instant::now();
    run().map_err(|error| format!("{name}: {error}"))?;
    eprintln!("== {name}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// Whether cargo reports how long each crate compiles.
static TIMINGS: AtomicBool = AtomicBool::new(false);

/// From now on each cargo command that compiles writes a report into `target/cargo-timings`.
pub fn report_timings() {
    TIMINGS.store(true, Ordering::Relaxed);
}

/// A call of the same cargo that runs this program.
pub fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let mut arguments = arguments.into_iter();
    let subcommand = arguments.next();
    command.args(subcommand);
    let compiles = matches!(
        subcommand,
        Some("build" | "check" | "clippy" | "install" | "run" | "test")
    );
    if compiles && TIMINGS.load(Ordering::Relaxed) {
        command.arg("--timings");
    }
    command.args(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_reports_timings_where_it_compiles_once_that_is_asked_for() {
        let arguments = |of: Command| -> Vec<String> {
            let arguments = of.get_args().map(|one| one.to_string_lossy().into_owned());
            arguments.collect()
        };
        assert_eq!(
            arguments(cargo(["test", "--workspace"])),
            ["test", "--workspace"]
        );
        report_timings();
        assert_eq!(arguments(cargo(["fmt", "--check"])), ["fmt", "--check"]);
        let test = cargo(["test", "--workspace", "--", "one"]);
        assert_eq!(
            arguments(test),
            ["test", "--timings", "--workspace", "--", "one"]
        );
    }
}
