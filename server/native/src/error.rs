//! Errors of commands, with messages that say what to do.

use std::{io, net::SocketAddr, path::PathBuf};

use crm_core::{fault::Fault, ports::store::StoreError};
use crm_runtime::server::{ErrorCode, Problem};
use serde_json::Value;

use crate::{backup::BackupError, host::OpenError};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("cannot start: {0}")]
    Runtime(io::Error),
    #[error("the port {port} is in use: another program listens on {address}; name another with --addr", port = .0.port(), address = .0)]
    PortInUse(SocketAddr),
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    #[error("the server ended: {0}")]
    Serve(io::Error),
    #[error(
        "--demo listens on the loopback interface only, such as 127.0.0.1:8080, not on {0}, where others could reach it"
    )]
    DemoBeyondLoopback(SocketAddr),
    #[error("{0} holds tenants already; --demo needs an empty folder, or none")]
    DemoAmongOthers(String),
    #[error("cannot make a folder for the demo: {0}")]
    DemoFolder(io::Error),
    #[error("there is no tenant {0}; `crm tenant list` shows all tenants")]
    NoTenant(String),
    #[error("several tenants are called {0}; give the id, which `crm tenant list` shows")]
    AmbiguousTenant(String),
    #[error("{0} is not a tenant id: that is a UUIDv7 in lower case, with hyphens")]
    NoId(String),
    #[error("the name of a tenant has 1 to 200 characters")]
    NoName,
    #[error("there is no active {0} in this tenant")]
    NobodyToImpersonate(String),
    #[error("cannot read the password from standard input: {0}")]
    Password(io::Error),
    #[error("{0}")]
    Refused(Refused),
    #[error("the tenant's database {} is missing; restore it, for example from a backup", .0.display())]
    NoDatabase(PathBuf),
    #[error("the tenants' data: {0}{hint}", hint = hint(.0))]
    Store(#[from] StoreError),
    #[error("{0}")]
    Fault(#[from] Fault),
    #[error("{0}")]
    Import(String),
    #[error("cannot write: {0}")]
    Output(io::Error),
    #[error("cannot write {}: {}", .0.display(), .1)]
    Write(PathBuf, io::Error),
    #[error("the ending of {} names no format; name one with --format", .0.display())]
    NoFormat(PathBuf),
    #[error("{0}")]
    Backup(#[from] BackupError),
    #[error("the check found {0} problems")]
    Found(usize),
}

/// What the user can do about it; empty if nothing.
fn hint(error: &StoreError) -> &'static str {
    match error {
        StoreError::Busy(_) => {
            "; another program is using the data, or the disk is full: try again later"
        }
        _ => "",
    }
}

/// A typed refusal of the API.
#[derive(Debug)]
pub struct Refused {
    pub status: u16,
    pub problem: Value,
}

impl Refused {
    pub fn of<E: ErrorCode>(problem: &Problem<E>) -> Self {
        let body = serde_json::from_slice(&problem.body(None)).unwrap_or_default();
        Self {
            status: problem.code().status().as_u16(),
            problem: body,
        }
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |name: &str| {
            self.problem
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        match text("code") {
            "" => write!(f, "the request failed with status {}", self.status)?,
            "INTERNAL" => write!(
                f,
                "{} The log line above has the cause. (INTERNAL)",
                text("message")
            )?,
            code => write!(f, "{} ({code})", text("message"))?,
        }
        let errors = self
            .problem
            .pointer("/context/errors")
            .and_then(Value::as_array);
        for error in errors.into_iter().flatten() {
            let part = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
            write!(
                f,
                "\n  {}: {}",
                part("pointer").trim_start_matches("/body"),
                part("message")
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_says_all_that_is_wrong() {
        let problem = json!({
            "code": "VALIDATION_FAILED", "message": "The request is not valid.",
            "context": { "errors": [
                { "pointer": "/body/email", "rule": "format", "message": "is no address" },
                { "pointer": "/body/name", "rule": "minLength", "message": "is empty" },
            ] },
        });
        let said = Refused {
            status: 400,
            problem,
        }
        .to_string();
        assert_eq!(
            said,
            "The request is not valid. (VALIDATION_FAILED)\n  /email: is no address\n  /name: is empty"
        );
        assert_eq!(
            Refused {
                status: 502,
                problem: json!(null)
            }
            .to_string(),
            "the request failed with status 502"
        );
    }
}
