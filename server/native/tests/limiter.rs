//! The native limiter passes the conformance suite (crm_core::ports::limiter::conformance).

use std::sync::Arc;

use crm_core::ports::limiter::conformance::{CASES, Subject};
use crm_native::{clock::SystemClock, limiter::LocalLimiter};

#[tokio::test]
async fn the_limiter_conforms() {
    let limiter = Arc::new(LocalLimiter::default());
    let mut failed = Vec::new();
    for case in CASES {
        let subject = Subject {
            limiter: limiter.clone(),
            clock: Arc::new(SystemClock),
            prefix: format!("{}/", case.name),
        };
        if let Err(seen) = (case.run)(subject).await {
            failed.push(format!("{}: {seen}", case.name));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
