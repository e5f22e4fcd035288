//! The databases in wrangler.toml. A new one is appended as text, so that the rest of the file stays as it was written.

use std::{fs, path::PathBuf};

use crate::run::root;

/// The prefix of the placeholder ids of databases that are not made yet.
const NONE: &str = "00000000-0000-0000-0000-";

pub struct Config {
    path: PathBuf,
    text: String,
    table: toml::Table,
}

impl Config {
    pub fn read() -> Result<Self, String> {
        let path = root().join("wrangler.toml");
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let table =
            toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { path, text, table })
    }

    /// The bindings of D1 databases.
    pub fn bindings(&self) -> Vec<String> {
        let databases = self
            .table
            .get("d1_databases")
            .and_then(toml::Value::as_array);
        databases
            .into_iter()
            .flatten()
            .filter_map(|database| database.get("binding")?.as_str())
            .map(str::to_owned)
            .collect()
    }

    /// The name of the binding's database if its id is a placeholder.
    pub fn unmade(&self, binding: &str) -> Option<String> {
        let text = |name: &str| self.database(binding)?.get(name)?.as_str();
        let unmade = text("database_id")?.starts_with(NONE);
        unmade.then(|| text("database_name").map(str::to_owned))?
    }

    /// Replaces the id of the binding's database.
    pub fn set_id(&mut self, binding: &str, id: &str) -> Result<(), String> {
        let old = self
            .database(binding)
            .and_then(|database| database.get("database_id")?.as_str())
            .ok_or_else(|| format!("{binding} has no database_id in wrangler.toml"))?;
        let (old, new) = (
            format!("database_id = \"{old}\""),
            format!("database_id = \"{id}\""),
        );
        if self.text.matches(&old).count() != 1 {
            return Err(format!(
                "wrangler.toml does not have exactly one line `{old}`: set {id} for {binding} by hand"
            ));
        }
        self.write(self.text.replace(&old, &new))
    }

    fn database(&self, binding: &str) -> Option<&toml::Value> {
        let databases = self.table.get("d1_databases")?.as_array()?;
        databases
            .iter()
            .find(|database| database.get("binding").and_then(toml::Value::as_str) == Some(binding))
    }

    /// The name of a binding's database in the account. It begins with the Worker's name, since accounts have other
    /// databases too.
    pub fn database_name(&self, binding: &str) -> String {
        let worker = self.table.get("name").and_then(toml::Value::as_str);
        let binding = binding.to_ascii_lowercase().replace('_', "-");
        format!("{}-{binding}", worker.unwrap_or("crm"))
    }

    pub fn add(&mut self, binding: &str, name: &str, id: &str) -> Result<(), String> {
        let text = format!(
            "{}\n\n[[d1_databases]]\nbinding = \"{binding}\"\ndatabase_name = \"{name}\"\ndatabase_id = \"{id}\"\n",
            self.text.trim_end()
        );
        self.write(text)
    }

    fn write(&mut self, text: String) -> Result<(), String> {
        self.table = toml::from_str(&text).map_err(|error| error.to_string())?;
        fs::write(&self.path, &text)
            .map_err(|error| format!("{}: {error}", self.path.display()))?;
        self.text = text;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_takes_the_place_of_zeros_and_nothing_else_changes() -> Result<(), String> {
        let folder = std::env::temp_dir().join(format!("crm-config-{}", std::process::id()));
        let database = |n: u8, id: &str| {
            format!(
                "# kept\n[[d1_databases]]\nbinding = \"TENANT_{n}\"\ndatabase_name = \"crm-tenant-{n}\"\ndatabase_id = \"{id}\"\n"
            )
        };
        let none = |n: u8| format!("{NONE}{n:012}");
        let text = |first: &str| {
            format!(
                "name = \"crm\"\n{}{}",
                database(1, first),
                database(2, &none(2))
            )
        };
        let table = toml::from_str(&text(&none(1))).map_err(|error| error.to_string())?;
        let mut config = Config {
            path: folder.clone(),
            text: text(&none(1)),
            table,
        };
        assert_eq!(config.unmade("TENANT_1").as_deref(), Some("crm-tenant-1"));
        assert_eq!(config.unmade("TENANT_3"), None);
        config.set_id("TENANT_1", "7e")?;
        assert_eq!(config.unmade("TENANT_1"), None);
        config.add("TENANT_3", &config.database_name("TENANT_3"), "9")?;
        let expected = format!(
            "{}\n{}",
            text("7e"),
            database(3, "9").trim_start_matches("# kept\n")
        );
        let written = fs::read_to_string(&folder).map_err(|error| error.to_string())?;
        let _ = fs::remove_file(&folder);
        assert_eq!(written, expected);
        assert_eq!(config.bindings(), ["TENANT_1", "TENANT_2", "TENANT_3"]);
        Ok(())
    }
}
