//! How many files and connections the system lets this process have open.

use std::io;

#[cfg(unix)]
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that the stores hold open at most, and the program itself: of the limit, so many are not for connections.
const OWN: usize = 1_024;

/// How many files may be open; None where the system knows no such limit.
#[derive(Debug)]
pub struct Limit {
    pub files: Option<usize>,
    /// Why it was not raised.
    pub refused: Option<io::Error>,
}

/// Raises the soft limit of open files to the hard one, as far as the system allows it, and tells what it is then.
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

/// The connections that so many open files leave room for: half of few files are the stores', of many `OWN`.
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
        // Where the hard limit is none, the soft one stands all the same.
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
