//! Folders that hold customers' data: their owner's alone, and durable in the names they hold.

use std::{fs, io, path::Path};

/// Makes a folder and those above it, unless it is there.
pub fn own(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes the names in a folder durable.
pub fn sync(path: &Path) -> io::Result<()> {
    // A folder can be opened and synced on Unix alone; elsewhere renaming is as durable as it gets.
    #[cfg(unix)]
    fs::File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    fs::metadata(path)?;
    Ok(())
}
