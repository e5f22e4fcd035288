//! `crm check`.

use std::path::Path;

use super::{Check, Error};
use crate::{
    check::{self, Report},
    host::OpenError,
};

pub fn run(arguments: &Check) -> Result<(), Error> {
    let report = look(&arguments.data.data, arguments.tenant.as_deref())?;
    if !report.findings.is_empty() {
        return Err(Error::Found(report.findings.len()));
    }
    println!(
        "{} tenants, {} records, {} changes, {} blobs: whole",
        report.tenants, report.records, report.changes, report.blobs
    );
    Ok(())
}

/// Prints the findings; an error if one of them is damage.
pub fn look(data: &Path, tenant: Option<&str>) -> Result<Report, Error> {
    if !data.join("directory.sqlite").exists() && !data.join("tenants").is_dir() {
        return Err(OpenError::Missing {
            path: data.to_path_buf(),
        }
        .into());
    }
    let report = check::check(data, tenant);
    if let Some(tenant) = tenant.filter(|_| report.tenants == 0) {
        return Err(Error::NoTenant(tenant.to_owned()));
    }
    for finding in &report.findings {
        println!("{finding}");
    }
    let damage = report.findings.iter().filter(|found| found.is_damage());
    match damage.count() {
        0 => Ok(report),
        found => Err(Error::Found(found)),
    }
}
