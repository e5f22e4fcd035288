//! For tests: a store and a directory that fail at a chosen step, before it is done or after.

use parking_lot::Mutex;

use crate::ports::store::StoreError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The step is not done.
    Before,
    /// The step is done, but its answer is lost.
    After,
}

#[derive(Clone, Debug)]
pub struct Fault {
    /// Counted from 1.
    pub step: usize,
    pub when: When,
    pub error: StoreError,
}

#[derive(Default)]
struct State {
    fault: Option<Fault>,
    steps: usize,
}

#[derive(Default)]
pub struct Faults(Mutex<State>);

impl Faults {
    /// Starts to count steps, and fails at the step of `fault`.
    pub fn arm(&self, fault: Fault) {
        *self.0.lock() = State {
            fault: Some(fault),
            steps: 0,
        };
    }

    /// Stops failing. Returns whether a step failed.
    pub fn disarm(&self) -> bool {
        let state = std::mem::take(&mut *self.0.lock());
        state.fault.is_some_and(|fault| state.steps >= fault.step)
    }

    /// Counts one step. Returns the fault if this step fails.
    fn strike(&self) -> Option<Fault> {
        let mut state = self.0.lock();
        state.steps += 1;
        let steps = state.steps;
        state.fault.clone().filter(|fault| fault.step == steps)
    }

    /// Runs `step`, unless it must fail.
    pub async fn run<T>(
        &self,
        step: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match self.strike() {
            None => step.await,
            Some(fault) if fault.when == When::Before => Err(fault.error),
            Some(fault) => {
                drop(step.await);
                Err(fault.error)
            }
        }
    }
}
