//! The native directory passes the conformance suite (crm_core::ports::directory::conformance) while several processes
//! have it open; servers that start at the same time in a new folder share one signing key.

#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::{path::Path, sync::Arc};

use crm_core::{
    Core,
    core::Config,
    ports::{
        Directory,
        directory::conformance::{CASES, Subject},
    },
};
use crm_native::{
    clock::{SystemClock, SystemRandom},
    host::Host,
};

fn directory(data: &Path) -> Arc<dyn Directory> {
    Host::open(data).expect("a host").ports.directory
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_directory_conforms() {
    let data = tempfile::tempdir().expect("a folder");
    let subject = Subject {
        // Each opens the files itself, as another process would.
        doors: (0..4).map(|_| directory(data.path())).collect(),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
    };
    let mut failed = Vec::new();
    for case in CASES {
        if let Err(seen) = (case.run)(subject.clone()).await {
            failed.push(format!("{}: {seen}", case.name));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_that_start_at_once_share_one_signing_key() {
    let data = tempfile::tempdir().expect("a folder");
    // The tables exist already, so the race is only for the key.
    drop(directory(data.path()));
    let hosts: Vec<Host> = (0..8)
        .map(|_| Host::open(data.path()).expect("a host"))
        .collect();
    let starts: Vec<_> = hosts
        .iter()
        .map(|host| tokio::spawn(Core::start(host.ports.clone(), Config::default())))
        .collect();
    let mut kids = Vec::new();
    for start in starts {
        let core = start.await.expect("it ran").expect("it starts");
        let keys = core.auth.keys.set();
        kids.push(keys.current().expect("a key").kid.clone());
    }
    kids.dedup();
    assert_eq!(kids.len(), 1, "{kids:?}");
}
