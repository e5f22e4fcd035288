//! The Worker's static assets: the files of the published documents, as the build of the contract wrote them, in the folder
//! that `wrangler.toml` names. They are the same for every build of the Worker.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::run::root;

/// What the names of the files end with. Other files in the folder are left alone.
const ENDING: &str = "gz";

/// The folder of `wrangler.toml`. It stands in the repository, because wrangler wants it before it builds.
pub fn place() -> PathBuf {
    root().join("server/worker/assets")
}

/// Where the build of the contract left the files, from what cargo says of a build in JSON, a message a line.
pub fn folder(said: &str) -> Result<PathBuf, String> {
    let found = said.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_contract = message["reason"] == "build-script-executed"
            && message["package_id"].as_str()?.contains("#crm-contract@");
        let out = message["out_dir"].as_str().filter(|_| is_contract)?;
        Some(Path::new(out).join("documents"))
    });
    found.ok_or_else(|| "cargo did not say where the contract was built".to_owned())
}

/// Copies the files that are new or changed, and removes those that are no longer published.
pub fn write(from: &Path) -> Result<(), String> {
    let place = place();
    let published = names(from)?;
    if published.is_empty() {
        return Err(format!("{}: no published documents", from.display()));
    }
    for name in names(&place)?.difference(&published) {
        let path = place.join(name);
        fs::remove_file(&path).map_err(|error| at(&path, &error))?;
    }
    for name in &published {
        let (from, to) = (from.join(name), place.join(name));
        let bytes = fs::read(&from).map_err(|error| at(&from, &error))?;
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            continue;
        }
        // Whole or not at all: another build may write the same, and a running Worker may read it.
        let staged = to.with_extension(std::process::id().to_string());
        fs::write(&staged, bytes).map_err(|error| at(&staged, &error))?;
        fs::rename(&staged, &to).map_err(|error| at(&to, &error))?;
    }
    Ok(())
}

fn names(folder: &Path) -> Result<BTreeSet<OsString>, String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(|error| at(folder, &error))? {
        let name = entry.map_err(|error| at(folder, &error))?.file_name();
        if Path::new(&name)
            .extension()
            .is_some_and(|ending| ending == ENDING)
        {
            names.insert(name);
        }
    }
    Ok(names)
}

fn at(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_says_where_the_contract_was_built() {
        let said = r#"{"reason":"build-script-executed","package_id":"path+file:///crm/codegen#crm-codegen@0.1.0","out_dir":"/other"}
            {"reason":"compiler-artifact","package_id":"path+file:///crm#crm-contract@0.1.0"}
            {"reason":"build-script-executed","package_id":"path+file:///crm#crm-contract@0.1.0","out_dir":"/crm/out"}
            {"reason":"build-finished","success":true}"#;
        assert_eq!(folder(said), Ok(PathBuf::from("/crm/out/documents")));
        assert!(folder("{}\nnone").is_err());
    }

    #[test]
    fn wrangler_finds_the_folder_that_the_build_fills() {
        let text = fs::read_to_string(root().join("wrangler.toml")).unwrap();
        let config: toml::Table = toml::from_str(&text).unwrap();
        let directory = config["assets"]["directory"].as_str().unwrap();
        assert_eq!(root().join(directory), place());
        assert_eq!(config["assets"]["run_worker_first"].as_bool(), Some(true));
        assert!(
            place().is_dir(),
            "wrangler refuses a folder that is not there"
        );
    }
}
