//! For tests: a store and a directory that fail at the step that is said, before it is done or after.

use parking_lot::Mutex;

use crate::ports::store::StoreError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Nothing of the step is done.
    Before,
    /// It is done, and the answer is lost.
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
    /// Counts steps from here on, and fails at the one that `fault` says.
    pub fn arm(&self, fault: Fault) {
        *self.0.lock() = State {
            fault: Some(fault),
            steps: 0,
        };
    }

    /// Nothing fails any more; whether something did.
    pub fn disarm(&self) -> bool {
        let state = std::mem::take(&mut *self.0.lock());
        state.fault.is_some_and(|fault| state.steps >= fault.step)
    }

    /// One step: what it fails with, if it does.
    fn strike(&self) -> Option<Fault> {
        let mut state = self.0.lock();
        state.steps += 1;
        let steps = state.steps;
        state.fault.clone().filter(|fault| fault.step == steps)
    }

    /// Does `step`, unless it is to fail.
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
