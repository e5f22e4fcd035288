//! How many files and connections the system lets this process have open.

use std::io;

/// Files that the stores hold open at most, and the program itself: of the limit, so many are not for connections.
const OWN: usize = 1_024;

/// Raises the soft limit of open files to the hard one, and tells it. None where the system knows no such limit.
#[cfg(unix)]
pub fn raise_limit() -> io::Result<Option<usize>> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit {
            current: limit.maximum,
            ..limit
        };
        setrlimit(Resource::Nofile, raised)?;
    }
    Ok(limit
        .maximum
        .map(|most| usize::try_from(most).unwrap_or(usize::MAX)))
}

#[cfg(not(unix))]
pub fn raise_limit() -> io::Result<Option<usize>> {
    Ok(None)
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
}
