//! The limits of open files and connections.

use std::io;

#[cfg(unix)]
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// File descriptors reserved for the stores and the program itself.
const OWN: usize = 1_024;

/// The limit of open files; None if the system has none.
#[derive(Debug)]
pub struct Limit {
    pub files: Option<usize>,
    /// The error if it could not be raised.
    pub refused: Option<io::Error>,
}

/// Raises the soft limit of open files towards the hard one as far as the system allows, and returns the result.
#[cfg(unix)]
pub fn raise_limit() -> Limit {
    let raise = |limit| Ok(setrlimit(Resource::Nofile, limit)?);
    raised(getrlimit(Resource::Nofile), raise)
}

#[cfg(not(unix))]
pub fn raise_limit() -> Limit {
    Limit {
        files: None,
        refused: None,
    }
}

#[cfg(unix)]
fn raised(limit: Rlimit, raise: impl FnOnce(Rlimit) -> io::Result<()>) -> Limit {
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    let refused = match limit.current == limit.maximum {
        true => None,
        false => raise(most).err(),
    };
    let files = match refused {
        Some(_) => limit.current,
        None => limit.maximum,
    };
    Limit {
        files: files.map(|files| usize::try_from(files).unwrap_or(usize::MAX)),
        refused,
    }
}

/// The number of connections that `files` leave room for: the stores get half of a low limit, and `OWN` of a high one.
pub fn connections(wanted: usize, files: Option<usize>) -> usize {
    let Some(files) = files else { return wanted };
    wanted.min(files - OWN.min(files / 2)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_to_the_stores() {
        assert_eq!(connections(4_096, None), 4_096);
        assert_eq!(connections(4_096, Some(1 << 20)), 4_096);
        assert_eq!(connections(4_096, Some(1_024)), 512);
        assert_eq!(connections(4_096, Some(100)), 50);
        assert_eq!(connections(4_096, Some(0)), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_limit_that_cannot_be_raised_is_still_the_limit() {
        let limit = Rlimit {
            current: Some(1_024),
            maximum: Some(1 << 20),
        };
        let refuse = |_| Err(io::ErrorKind::PermissionDenied.into());
        let refused = raised(limit, refuse);
        assert!(refused.refused.is_some());
        assert_eq!(refused.files, Some(1_024));
        // Without a hard limit the soft one still applies.
        let endless = Rlimit {
            maximum: None,
            ..limit
        };
        assert_eq!(raised(endless, refuse).files, Some(1_024));
        let allow = |asked: Rlimit| {
            assert_eq!(asked.current, Some(1 << 20));
            Ok(())
        };
        let allowed = raised(limit, allow);
        assert!(allowed.refused.is_none());
        assert_eq!(allowed.files, Some(1 << 20));
    }
}
