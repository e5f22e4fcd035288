//! What failed, told once more at the end: the end of its output is all that a CI's record may show of a run.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use crate::run::{ended, start};

/// Lines told of one test program; the reasons come first.
const MOST_LINES: usize = 150;

/// Runs test programs as they are, and prints at the end what those told that failed.
pub fn run(command: &mut Command) -> Result<(), String> {
    let mut child = start(command.stdout(Stdio::piped()))?;
    let mut failures = Failures::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.map_err(|error| error.to_string())?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            failures.line(&line);
        }
    }
    ended(child.wait()).inspect_err(|_| {
        for line in failures.told {
            println!("{line}");
        }
    })
}

#[derive(Default)]
struct Failures {
    /// What the running program told of failures.
    telling: Vec<String>,
    /// What those programs told that failed.
    told: Vec<String>,
}

impl Failures {
    /// Rust's test programs, and our own in their manner, tell of each failure below `---- name`, and end with a result.
    fn line(&mut self, line: &str) {
        if line.starts_with("test result: FAILED") {
            let lines = self.telling.drain(..).take(MOST_LINES);
            self.told.extend(lines);
            self.told.push(line.to_owned());
        } else if line.starts_with("test result:") {
            self.telling.clear();
        } else if line.starts_with("---- ") || !self.telling.is_empty() {
            self.telling.push(line.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(output: &str) -> Vec<String> {
        let mut failures = Failures::default();
        for line in output.lines() {
            failures.line(line);
        }
        failures.told
    }

    #[test]
    fn what_failed_is_told_and_nothing_else() {
        let output = "test a ... ok\ntest result: ok. 1 passed\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\n\
                      7 is not 8\n\ntest result: FAILED. 0 passed\ntest c ... ok\ntest result: ok. 1 passed\n";
        assert_eq!(
            told(output),
            [
                "---- b stdout ----",
                "7 is not 8",
                "",
                "test result: FAILED. 0 passed"
            ]
        );
    }

    #[test]
    fn a_program_that_tells_much_leaves_room_for_others() {
        let long = "---- a stdout ----\n".to_owned() + &"x\n".repeat(10_000);
        let output =
            format!("{long}test result: FAILED.\n---- b stdout ----\ntest result: FAILED.\n");
        let told = told(&output);
        assert_eq!(told.len(), MOST_LINES + 3);
        assert_eq!(told[MOST_LINES + 1], "---- b stdout ----");
    }

    #[test]
    fn the_programs_end_is_ours() {
        let run = |script: &str| run(Command::new("sh").args(["-c", script]));
        assert_eq!(run("echo 'test result: ok.'"), Ok(()));
        let failed = run("echo '---- a'; echo 'test result: FAILED.'; exit 3");
        assert!(failed.is_err_and(|error| error.contains('3')));
    }
}
