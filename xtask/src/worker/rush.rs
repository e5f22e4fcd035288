//! Many simultaneous requests to a Worker in workerd. As first requests they make one signing key together; as
//! sign-ins, each of which takes 19 MiB to check, and as reads and writes of large records they stay within its memory.

mod heavy;

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::api::{ask, send};
pub use heavy::large_records;

const AT_ONCE: usize = 40;
/// The most sign-ins that come before another business's one: those that are being served when it comes, and turns of
/// the shared address.
const MOST_FIRST: usize = 10;
/// The largest memory of the module in bytes, which never shrinks. The platform ends an isolate at 128 MB, including
/// JavaScript's memory.
const MOST_MEMORY: u64 = 80_000_000;

/// Sends many first requests at once to a fresh Worker.
pub fn first_requests(url: &str) -> Result<(), String> {
    let jwks = format!("{url}/.well-known/jwks.json");
    let answers = at_once(|_| send("GET", &jwks, "", &Value::Null));
    let mut kids = Vec::new();
    for answer in answers {
        let keys = answer?["keys"].take();
        kids.extend(
            keys.as_array()
                .into_iter()
                .flatten()
                .map(|key| key["kid"].clone()),
        );
    }
    let asked = kids.len();
    kids.sort_by_key(ToString::to_string);
    kids.dedup();
    if (asked, kids.len()) != (AT_ONCE, 1) {
        return Err(format!(
            "{AT_ONCE} first requests at once saw {} signing keys: {kids:?}",
            kids.len()
        ));
    }
    println!("{AT_ONCE} first requests at once: one signing key");
    Ok(())
}

/// Sends many sign-ins with unknown addresses; a password is hashed for each of them too.
pub fn sign_ins(url: &str) -> Result<(), String> {
    let answers = at_once(|n| {
        let body = json!({"grant_type": "password", "email": format!("nobody{n}@example.com"), "password": "pass phrase"});
        send("POST", &format!("{url}/auth/token"), "", &body)
    });
    let typed = ["INVALID_CREDENTIALS", "TENANT_BUSY", "RATE_LIMITED"];
    for answer in answers {
        match answer {
            Err(said) if typed.iter().any(|code| said.contains(code)) => {}
            other => return Err(format!("a sign-in of nobody: {other:?}")),
        }
    }
    let memory = memory(url)?;
    println!(
        "{AT_ONCE} sign-ins at once: {:.0} MB of memory (at most {:.0})",
        memory as f64 / 1e6,
        MOST_MEMORY as f64 / 1e6
    );
    if memory > MOST_MEMORY {
        return Err(format!(
            "{AT_ONCE} sign-ins at once take {memory} bytes of memory; at most {MOST_MEMORY} are allowed"
        ));
    }
    Ok(())
}

/// One person of another business signs in while many of one business do, all from one address: this person is served
/// after a few of them.
pub fn turns(url: &str) -> Result<(), String> {
    let sign_in = |email: String| {
        let body = json!({"grant_type": "password", "email": email, "password": "pass phrase"});
        ask("", "POST", &format!("{url}/auth/token"), "", &body).map(|(status, ..)| status)
    };
    let (answered, entered) = (AtomicUsize::new(0), 3);
    let passed = thread::scope(|scope| {
        for n in 0..AT_ONCE {
            let (sign_in, answered) = (&sign_in, &answered);
            scope.spawn(move || {
                let status = sign_in(format!("somebody{n}@alder.example"));
                answered.fetch_add(1, Relaxed);
                status
            });
        }
        while answered.load(Relaxed) < entered {
            thread::sleep(Duration::from_millis(1));
        }
        let before = answered.load(Relaxed);
        let status = sign_in("somebody@birch.example".to_owned())?;
        let passed = answered.load(Relaxed) - before;
        (status == 401)
            .then_some(passed)
            .ok_or(format!("somebody of another business: {status}"))
    })?;
    println!(
        "a sign-in beside {AT_ONCE} of another business: {passed} came first (at most {MOST_FIRST})"
    );
    if passed > MOST_FIRST {
        return Err(format!("{passed} sign-ins of another business came first"));
    }
    Ok(())
}

/// The size of the module's memory in bytes.
fn memory(url: &str) -> Result<u64, String> {
    let memory = format!("{url}/conformance/memory");
    let memory = send("GET", &memory, "", &Value::Null)?;
    memory.as_u64().ok_or_else(|| memory.to_string())
}

fn at_once<T: Send>(one: impl Fn(usize) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let one = &one;
        let all: Vec<_> = (0..AT_ONCE).map(|n| scope.spawn(move || one(n))).collect();
        all.into_iter().filter_map(|one| one.join().ok()).collect()
    })
}
