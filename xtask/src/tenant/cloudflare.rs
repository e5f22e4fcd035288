//! Actions in the operator's Cloudflare account, through wrangler, which signs in.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{
    run::{root, step},
    tools::Tools,
};

/// The id of the account's D1 database `name`; makes it if it does not exist.
pub fn database(tools: &Tools, name: &str) -> Result<String, String> {
    if let Some(id) = find(tools, name)? {
        eprintln!("the database {name} exists already");
        return Ok(id);
    }
    step(
        &format!("making the D1 database {name}"),
        wrangler(tools)
            .args(["d1", "create", name])
            .stdin(Stdio::null()),
    )?;
    find(tools, name)?
        .ok_or_else(|| format!("wrangler made {name}, but does not list it; try again"))
}

pub fn deploy(tools: &Tools) -> Result<(), String> {
    step(
        "deploying the Worker with its new database",
        wrangler(tools).arg("deploy"),
    )
}

fn wrangler(tools: &Tools) -> Command {
    let mut wrangler = tools.script("node_modules/wrangler/bin/wrangler.js");
    wrangler.current_dir(root());
    wrangler
}

fn find(tools: &Tools, name: &str) -> Result<Option<String>, String> {
    let output = wrangler(tools)
        .args(["d1", "list", "--json"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("wrangler: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout);
        return Err(format!(
            "wrangler d1 list: {}\n{}",
            output.status,
            said.trim()
        ));
    }
    listed(&output.stdout, name)
}

fn listed(json: &[u8], name: &str) -> Result<Option<String>, String> {
    let databases: Vec<Value> = serde_json::from_slice(json).map_err(|error| {
        format!("the output of wrangler d1 list is not a list of databases: {error}")
    })?;
    let found = databases.iter().find(|database| database["name"] == name);
    Ok(found.and_then(|database| Some(database["uuid"].as_str()?.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_found_by_its_name() {
        let list = br#"[{"uuid":"1","name":"crm-tenant-1"},{"uuid":"2","name":"crm-tenant-10"}]"#;
        assert_eq!(listed(list, "crm-tenant-10"), Ok(Some("2".into())));
        assert_eq!(listed(list, "crm-tenant-2"), Ok(None));
        assert!(listed(b"not signed in", "crm-tenant-1").is_err());
    }
}
