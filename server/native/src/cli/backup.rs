//! `crm backup`.

use super::{Backup, Error, check};
use crate::backup;

pub fn run(arguments: &Backup) -> Result<(), Error> {
    let (data, out) = (&arguments.data.data, &arguments.out);
    let part = backup::copy(data, out)?;
    // A damaged copy is not a backup, so it keeps its temporary name.
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
