//! Checks the directory: each route leads to a tenant, and everybody who may sign in has a route.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use crm_core::hex;
use rusqlite::Connection;

use super::{Findings, finding::RESTORE, is_sound};

/// `files`: the tenants' databases; `logins`: the addresses that may sign in, with their tenant, from the tenants'
/// databases.
pub fn check(
    connection: &Connection,
    files: &[PathBuf],
    logins: &[(String, String)],
    findings: &mut Findings,
) -> rusqlite::Result<()> {
    if !is_sound(connection, findings)? {
        return Ok(());
    }
    let texts = |sql: &str| -> rusqlite::Result<Vec<(String, String)>> {
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    };
    let there: BTreeSet<String> = files
        .iter()
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    let tenants: BTreeMap<String, String> =
        texts("SELECT id, name FROM tenants")?.into_iter().collect();
    for (id, name) in tenants.iter().filter(|(id, _)| !there.contains(*id)) {
        findings.add(
            "tenant",
            format!("the tenant {id} ({name}) has no database"),
            format!("Put tenants/{id}.sqlite back from a backup"),
        );
    }
    for id in there.iter().filter(|id| !tenants.contains_key(*id)) {
        findings.add(
            "tenant",
            format!("tenants/{id}.sqlite belongs to no tenant"),
            format!("`crm tenant create NAME --id {id}` takes it in; else move it away"),
        );
    }
    let routes: BTreeSet<(String, String)> = texts("SELECT address, tenant FROM logins")?
        .into_iter()
        .collect();
    for (address, tenant) in routes
        .iter()
        .filter(|(_, tenant)| !tenants.contains_key(tenant))
    {
        findings.add_sql(
            "login",
            format!("{address} leads to {tenant}, which is no tenant"),
            "Signing in passes over it",
            format!("DELETE FROM logins WHERE tenant = '{tenant}'"),
        );
    }
    for login in logins.iter().filter(|login| !routes.contains(login)) {
        let (address, tenant) = login;
        findings.add(
            "login",
            format!("{address} of the tenant {tenant} cannot sign in: the directory does not know the address"),
            "Change the person's email address and change it back (PATCH /users/{id})",
        );
    }
    for (kid, seed) in texts("SELECT kid, seed FROM signing_keys")? {
        if hex::decode(&seed).is_none_or(|seed| seed.len() != 32) {
            findings.add("signing key", format!("the key {kid} is damaged"), RESTORE);
        }
    }
    Ok(())
}
