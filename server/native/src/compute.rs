//! CPU-bound work on blocking threads, bounded in number because hashing one password takes 19 MiB.

use std::sync::Arc;

use crm_core::ports::{Answer, Compute, compute::Job};
use tokio::sync::Semaphore;

pub struct Threads {
    cores: Arc<Semaphore>,
}

impl Default for Threads {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cores: Arc::new(Semaphore::new(cores)),
        }
    }
}

impl Compute for Threads {
    fn run(&self, job: Job) -> Answer<'_, ()> {
        let cores = self.cores.clone();
        Box::pin(async move {
            let permit = cores.acquire_owned().await;
            let work = move || {
                let _permit = permit;
                job();
            };
            if let Err(error) = tokio::task::spawn_blocking(work).await {
                tracing::error!(%error, "work ended early");
            }
        })
    }
}
