//! The bounds within which the store works. The defaults hold for a small machine; tests tighten them.

use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Options {
    /// Tenants whose database is held open; past it the one unused for longest is closed.
    pub open_tenants: usize,
    /// Connections that read one tenant at the same time.
    pub readers: usize,
    /// Reads of one tenant that wait for a connection; one more is answered `Busy`.
    pub waiting_reads: usize,
    /// Operations of SQLite's virtual machine that a read may take on the thread that asked; past it the read is begun
    /// anew on a thread of its own, so that it holds nobody up. Handing over costs more than most reads.
    pub inline_operations: u32,
    /// And the time, for operations that are dear one by one: a search in texts of a megabyte, say.
    pub inline_time: Duration,
    /// The longest that a read may take.
    pub read_time: Duration,
    /// The longest that the statements of one commit may take.
    pub write_time: Duration,
    /// How long to wait for a lock that another process holds.
    pub lock_wait: Duration,
    /// Commits of one tenant that wait, and the bytes of their parameters; one more is answered `Busy`.
    pub waiting_commits: usize,
    pub waiting_bytes: usize,
    /// Commits, and bytes of their parameters, that share one transaction.
    pub shared_commits: usize,
    pub shared_bytes: usize,
    /// Frames (pages of 4 KiB) of the write-ahead log after which they are copied into the database without waiting
    /// for anybody.
    pub wal_copy_frames: u32,
    /// Frames after which the log is also made to start over, waiting for the readers that still need it.
    pub wal_restart_frames: u32,
    /// Frames after which readers that still need the log are interrupted.
    pub wal_limit_frames: u32,
    /// Prepared statements kept per connection.
    pub statements: usize,
    /// The largest value, row or result, in bytes.
    pub length: usize,
    /// Pages that a tenant's database may have: makes a disk full in tests.
    pub pages: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            open_tenants: 64,
            readers: (2 * cores).clamp(4, 16),
            waiting_reads: 1024,
            inline_operations: 20_000,
            inline_time: Duration::from_millis(3),
            read_time: Duration::from_secs(10),
            write_time: Duration::from_secs(30),
            lock_wait: Duration::from_secs(5),
            waiting_commits: 1024,
            waiting_bytes: 32 << 20,
            shared_commits: 256,
            shared_bytes: 4 << 20,
            wal_copy_frames: 2_000,
            wal_restart_frames: 4_000,
            wal_limit_frames: 12_000,
            statements: 64,
            length: 64 << 20,
            pages: None,
        }
    }
}
