//! The databases in wrangler.toml. One is added as text at its end, so that what people wrote stays as they wrote it.

use std::{fs, path::PathBuf};

use crate::run::root;

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

    /// Of D1 databases.
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

    /// What the database of a binding is called in the account: after the Worker, since accounts have other databases too.
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
        self.table = toml::from_str(&text).map_err(|error| error.to_string())?;
        fs::write(&self.path, &text)
            .map_err(|error| format!("{}: {error}", self.path.display()))?;
        self.text = text;
        Ok(())
    }
}
