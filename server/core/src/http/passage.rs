//! Facts of a request that are collected on its way, for the headers and the log line of its answer.

use std::sync::{Arc, OnceLock};

use crm_runtime::server::Operation;

use crate::{
    context::Caller,
    ports::limiter::{Decision, Quota},
};

/// The facts of one request, in its extensions.
pub struct Passage {
    pub id: Arc<str>,
    /// When it arrived, in epoch ms.
    pub now: i64,
    pub operation: OnceLock<&'static Operation>,
    pub caller: OnceLock<Caller>,
    pub quota: OnceLock<(Quota, Decision)>,
}

impl Passage {
    pub fn new(id: Arc<str>, now: i64) -> Self {
        Self {
            id,
            now,
            operation: OnceLock::new(),
            caller: OnceLock::new(),
            quota: OnceLock::new(),
        }
    }
}
