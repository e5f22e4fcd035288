//! The steps of a run with their times, and the table at the end of every run. The table marks a step that took longer
//! than its budget; that does not fail the run, because machines differ.

use std::time::Instant;

/// One step of the run: a name for the table, a budget, and what it does.
pub struct Step<Run> {
    pub name: &'static str,
    /// Seconds on a fresh machine with two cores.
    pub budget: u64,
    pub run: fn(&mut Run) -> Result<(), String>,
}

/// The outcome of a step.
struct Took {
    name: &'static str,
    seconds: u64,
    budget: u64,
    failed: bool,
}

/// Runs the steps in order until one fails. Returns the table of the steps that ran, and the failure.
pub fn run<Run>(steps: &[Step<Run>], run: &mut Run) -> (String, Result<(), String>) {
    let mut took = Vec::new();
    for step in steps {
        let start = Instant::now();
        let outcome = (step.run)(run);
        took.push(Took {
            name: step.name,
            seconds: start.elapsed().as_secs(),
            budget: step.budget,
            failed: outcome.is_err(),
        });
        if outcome.is_err() {
            return (table(&took), outcome);
        }
    }
    (table(&took), Ok(()))
}

/// One line for each step, with the total below.
fn table(took: &[Took]) -> String {
    let row = |name: &str, seconds: &str, budget: &str, note: &str| {
        let line = format!("{name:<44} {seconds:>8} {budget:>8}  {note}");
        line.trim_end().to_owned() + "\n"
    };
    let mut table = row("step", "seconds", "budget", "");
    for step in took {
        let failed = step.failed.then(|| "FAILED".to_owned());
        let over = step.seconds.saturating_sub(step.budget);
        let over = (over > 0).then(|| format!("OVER BUDGET by {over} s"));
        let notes: Vec<String> = failed.into_iter().chain(over).collect();
        table += &row(
            step.name,
            &step.seconds.to_string(),
            &step.budget.to_string(),
            &notes.join(", "),
        );
    }
    let seconds: u64 = took.iter().map(|step| step.seconds).sum();
    let budget: u64 = took.iter().map(|step| step.budget).sum();
    table + &row("total", &seconds.to_string(), &budget.to_string(), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn took(name: &'static str, seconds: u64, budget: u64, failed: bool) -> Took {
        Took {
            name,
            seconds,
            budget,
            failed,
        }
    }

    #[test]
    fn a_step_over_its_budget_is_named_and_the_others_are_not() {
        let table = table(&[
            took("within", 3, 10, false),
            took("exactly", 10, 10, false),
            took("over", 512, 480, false),
            took("broken", 700, 600, true),
        ]);
        let lines: Vec<Vec<&str>> = table
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(
            lines,
            [
                vec!["step", "seconds", "budget"],
                vec!["within", "3", "10"],
                vec!["exactly", "10", "10"],
                vec!["over", "512", "480", "OVER", "BUDGET", "by", "32", "s"],
                vec![
                    "broken", "700", "600", "FAILED,", "OVER", "BUDGET", "by", "100", "s"
                ],
                vec!["total", "1225", "1100"],
            ]
        );
    }

    #[test]
    fn a_failure_ends_the_run_and_leaves_the_table_of_what_ran() {
        fn step(
            name: &'static str,
            run: fn(&mut Vec<&'static str>) -> Result<(), String>,
        ) -> Step<Vec<&'static str>> {
            let budget = 1_000;
            Step { name, budget, run }
        }
        let steps = [
            step("first", |ran| {
                ran.push("first");
                Ok(())
            }),
            step("second", |_| Err("second: broke".to_owned())),
            step("third", |ran| {
                ran.push("third");
                Ok(())
            }),
        ];
        let mut ran = Vec::new();
        let (table, outcome) = run(&steps, &mut ran);
        assert_eq!(outcome, Err("second: broke".to_owned()));
        assert_eq!(ran, ["first"]);
        assert!(table.contains("first") && table.contains("FAILED") && !table.contains("third"));
        assert!(run(&steps[..1], &mut ran).1.is_ok());
    }
}
