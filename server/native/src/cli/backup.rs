//! `crm backup`.

use super::{Backup, Error, check};
use crate::backup;

pub fn run(arguments: &Backup) -> Result<(), Error> {
    let (data, out) = (&arguments.data.data, &arguments.out);
    let part = backup::copy(data, out)?;
    // What cannot be restored is no backup: it keeps the name of one that is being made.
    let report = check::look(&part, None)?;
    backup::finish(&part, out)?;
    println!(
        "{}: {} tenants, {} records, {} changes, {} blobs",
        out.display(),
        report.tenants,
        report.records,
        report.changes,
        report.blobs
    );
    Ok(())
}
