//! Runs the suites: the phases one after another, the tests of a phase in parallel. All run in one process, since they
//! share a server and a coverage matrix. It supports enough of the command line of Rust's test programs for `cargo
//! test` and `cargo nextest`.

use std::{
    any::Any,
    cell::RefCell,
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};

/// The name under which the whole run is listed.
const WHOLE: &str = "contract";

/// A test that takes longer hangs. This is far more than any test takes on a busy machine: benchmarks measure the
/// server's speed, not tests.
const LONGEST: Duration = Duration::from_secs(600);

/// The arguments of the command line.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    pub list: bool,
    pub ignored: bool,
    /// A test runs if its name holds one of these; all run if there is none.
    pub filters: Vec<String>,
    pub skips: Vec<String>,
}

pub struct Test {
    pub name: String,
    pub run: BoxFuture<'static, ()>,
}

/// Tests that may run in parallel, up to a number at a time.
pub struct Phase {
    pub tests: Vec<Test>,
    pub at_once: usize,
}

#[derive(Debug, Default)]
pub struct Outcome {
    pub passed: usize,
    pub failed: Vec<(String, String)>,
    pub filtered: usize,
}

impl Outcome {
    /// Adds another outcome.
    pub fn add(&mut self, other: Outcome) {
        self.passed += other.passed;
        self.failed.extend(other.failed);
        self.filtered += other.filtered;
    }

    /// Adds a check as a test of its own; it fails with the message `found` if it is not `good`.
    pub fn check(&mut self, name: &str, found: &str, good: bool) {
        if good {
            self.passed += 1;
        } else {
            self.failed.push((name.to_owned(), found.to_owned()));
        }
    }
}

impl Arguments {
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Arguments {
        let mut parsed = Arguments::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--list" => parsed.list = true,
                "--ignored" => parsed.ignored = true,
                "--skip" => parsed.skips.extend(arguments.next()),
                "--format" | "--test-threads" | "--color" | "--logfile" | "-Z" => {
                    arguments.next();
                }
                option if option.starts_with('-') => {}
                // The name of the whole run selects everything.
                WHOLE => {}
                _ => parsed.filters.push(argument),
            }
        }
        parsed
    }

    /// Whether all tests run, so that coverage can be required.
    pub fn everything(&self) -> bool {
        self.filters.is_empty() && self.skips.is_empty()
    }

    fn wants(&self, name: &str) -> bool {
        let holds = |part: &String| name.contains(part.as_str());
        (self.filters.is_empty() || self.filters.iter().any(holds)) && !self.skips.iter().any(holds)
    }
}

/// Prints the answer to `--list`.
pub fn list(arguments: &Arguments) {
    if !arguments.ignored {
        println!("{WHOLE}: test");
    }
}

pub async fn run(phases: Vec<Phase>, arguments: &Arguments) -> Outcome {
    let mut outcome = Outcome::default();
    for phase in phases {
        let (wanted, others): (Vec<Test>, Vec<Test>) = phase
            .tests
            .into_iter()
            .partition(|test| arguments.wants(&test.name));
        outcome.filtered += others.len();
        let mut running = stream::iter(wanted.into_iter().map(one)).buffer_unordered(phase.at_once);
        while let Some((name, time, result)) = running.next().await {
            match result {
                Ok(()) => {
                    outcome.passed += 1;
                    println!("test {name} ... ok ({:.2} s)", time.as_secs_f64());
                }
                Err(reason) => {
                    println!("test {name} ... FAILED ({:.2} s)", time.as_secs_f64());
                    outcome.failed.push((name, reason));
                }
            }
        }
    }
    outcome
}

/// Runs a test in its own task.
async fn one(test: Test) -> (String, Duration, Result<(), String>) {
    let start = Instant::now();
    let task = tokio::spawn(async move {
        AssertUnwindSafe(test.run)
            .catch_unwind()
            .await
            .map_err(|panic| format!("{}{}", message(&*panic), PLACE.take()))
    });
    let abort = task.abort_handle();
    let result = match tokio::time::timeout(LONGEST, task).await {
        Ok(Ok(result)) => result,
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => {
            abort.abort();
            Err(format!("not done after {} s", LONGEST.as_secs()))
        }
    };
    (test.name, start.elapsed(), result)
}

thread_local! {
    /// The place of this thread's last panic.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Panics are reported with their test, not where they happen.
pub fn collect_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map(|it| format!("\n    at {it}"))
            .unwrap_or_default();
        PLACE.with_borrow_mut(|last| *last = place);
    }));
}

fn message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Arguments {
        Arguments::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn the_command_line_of_test_programs_is_understood() {
        assert!(arguments("--list --format terse").list);
        assert!(arguments("contract --exact --nocapture").everything());
        assert!(arguments("--test-threads 2 -q").everything());
        let some = arguments("records --skip race");
        assert!(!some.everything());
        assert!(some.wants("web::records::create") && !some.wants("web::schema::create"));
        assert!(!some.wants("web::records::race"));
    }

    #[tokio::test]
    async fn a_panic_fails_its_test_alone() {
        let test = |name: &str, run: BoxFuture<'static, ()>| Test {
            name: name.to_owned(),
            run,
        };
        let tests = vec![
            test("good", Box::pin(async {})),
            test("bad", Box::pin(async { panic!("{} things", 2) })),
            test("other", Box::pin(async { panic!("not wanted") })),
        ];
        let phase = Phase { tests, at_once: 2 };
        let outcome = run(vec![phase], &arguments("good bad")).await;
        assert_eq!((outcome.passed, outcome.filtered), (1, 1));
        assert_eq!(outcome.failed.len(), 1);
        assert!(outcome.failed[0].1.starts_with("2 things"));
    }
}
