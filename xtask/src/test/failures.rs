//! Prints the output of test programs as it comes, and collects the end of the run: the failures again, or the last
//! result.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use crate::run::{ended, start};

/// The most lines about one test program; the reasons come first.
const MOST_LINES: usize = 150;

/// Runs test programs and prints their output. `closing` gets the end of the run: the failures of failed programs, or
/// the result of the last program, which is not printed here.
pub fn run(command: &mut Command, closing: &mut Vec<String>) -> Result<(), String> {
    let mut child = start(command.stdout(Stdio::piped()))?;
    let mut failures = Failures::default();
    let mut last: Option<String> = None;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.map_err(|error| error.to_string())?;
            let line = String::from_utf8_lossy(&line).into_owned();
            failures.line(&line);
            if line.is_empty() && last.is_some() {
                continue;
            }
            if let Some(result) = last.take() {
                println!("{result}\n");
            }
            if line.starts_with(RESULT) {
                last = Some(line);
            } else {
                println!("{line}");
            }
        }
    }
    let outcome = ended(child.wait());
    match outcome {
        Ok(()) => closing.extend(last),
        Err(_) => {
            if let Some(result) = last {
                println!("{result}");
            }
            closing.extend(failures.told);
        }
    }
    outcome
}

/// The beginning of each test program's last line.
const RESULT: &str = "test result:";

#[derive(Default)]
struct Failures {
    /// The running program's output about failures.
    telling: Vec<String>,
    /// The output of the programs that failed.
    told: Vec<String>,
}

impl Failures {
    /// Rust's test programs, and this project's own in the same format, print each failure below `---- name`, and end
    /// with a result.
    fn line(&mut self, line: &str) {
        if line.starts_with("test result: FAILED") {
            let lines = self.telling.drain(..).take(MOST_LINES);
            self.told.extend(lines);
            self.told.push(line.to_owned());
        } else if line.starts_with(RESULT) {
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
    fn the_programs_end_is_ours_and_closes_the_run() {
        let run = |script: &str| {
            let mut closing = Vec::new();
            let outcome = run(Command::new("sh").args(["-c", script]), &mut closing);
            (outcome, closing)
        };
        let passed =
            run("echo 'test result: ok. 1'; echo; echo more; echo 'test result: ok. 2'; echo");
        assert_eq!(passed, (Ok(()), vec!["test result: ok. 2".to_owned()]));
        let (outcome, closing) =
            run("echo '---- a'; echo 'test result: FAILED.'; echo 'test result: ok.'; exit 3");
        assert!(outcome.is_err_and(|error| error.contains('3')));
        assert_eq!(closing, ["---- a", "test result: FAILED."]);
        assert_eq!(run("true"), (Ok(()), Vec::new()));
    }
}
