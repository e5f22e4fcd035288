//! The bounds of the store. The defaults suit a small machine; tests tighten them.

use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Options {
    /// The most tenants whose database is open; beyond that the least recently used one is closed.
    pub open_tenants: usize,
    /// The most connections that read one tenant at the same time.
    pub readers: usize,
    /// The most reads of one tenant that wait for a connection; a further one is answered `Busy`.
    pub waiting_reads: usize,
    /// The most operations of SQLite's virtual machine for a read on the calling thread. A read that needs more is
    /// started again on its own thread, so that it delays no other request. Starting another thread for every read
    /// would cost more than most reads.
    pub inline_operations: u32,
    /// The most time for a read on the calling thread, since a single operation can be slow, such as a search in texts
    /// of a megabyte.
    pub inline_time: Duration,
    /// The longest time for a read.
    pub read_time: Duration,
    /// The longest time for the statements of one commit.
    pub write_time: Duration,
    /// The longest wait for a lock that another process holds.
    pub lock_wait: Duration,
    /// The most waiting commits of one tenant, and the most bytes of their parameters; a further commit is answered
    /// `Busy`.
    pub waiting_commits: usize,
    pub waiting_bytes: usize,
    /// The most commits in one transaction, and the most bytes of their parameters.
    pub shared_commits: usize,
    pub shared_bytes: usize,
    /// Frames (pages of 4 KiB) of the write-ahead log after which they are copied into the database without waiting
    /// for anybody.
    pub wal_copy_frames: u32,
    /// Frames after which the log is also restarted, after a wait for the readers that still need it.
    pub wal_restart_frames: u32,
    /// Frames after which readers that still need the log are interrupted.
    pub wal_limit_frames: u32,
    /// Prepared statements cached per connection.
    pub statements: usize,
    /// The largest value, row or result, in bytes.
    pub length: usize,
    /// The most pages of a tenant's database; tests use it to simulate a full disk.
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
