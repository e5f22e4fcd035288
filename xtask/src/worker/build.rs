//! Builds a Worker from a crate: cargo for wasm32, wasm-bindgen as a library (`xtask/bindgen`), then binaryen and
//! esbuild. If the wasm is unchanged, the earlier result is kept. The files of the published documents are copied to the
//! folder of the static assets.

use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash, Hasher},
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use super::assets;
use crate::{
    run::{cargo, ended, root, start, step, timed},
    tools::Tools,
};

const TARGET: &str = "wasm32-unknown-unknown";
/// The cargo profile for Workers.
const PROFILE: &str = "worker";

/// The crate to build, and the output folder.
pub struct Module {
    pub package: &'static str,
    pub features: &'static [&'static str],
    pub folder: PathBuf,
}

impl Module {
    /// Whether it is the Worker of `wrangler.toml`, whatever its features.
    fn is_server(&self) -> bool {
        self.package == super::server().package
    }
}

/// The sizes of all files of the Worker together, in bytes.
pub struct Built {
    pub folder: PathBuf,
    pub raw: u64,
    pub gzip: u64,
}

/// Builds the Worker if it is not up to date.
pub fn build(tools: &Tools, module: &Module) -> Result<Built, String> {
    step(
        "the wasm target is there",
        &mut Command::new(root().join("xtask/tools/wasm-target")),
    )?;
    let said = compile(module)?;
    if module.is_server() {
        assets::write(&assets::folder(&said)?)?;
    }
    let wasm = compiled(module);
    let stamp = stamp(&wasm)?;
    let kept = module.folder.join("built.json");
    if let Some(built) = known(&kept, &stamp, &module.folder) {
        return Ok(built);
    }
    let glue = target_folder().join("workers/glue").join(file_name(module));
    let _ = fs::remove_dir_all(&glue);
    let mut bindgen = cargo(["run", "--quiet", "-p", "xtask-bindgen"]);
    bindgen.args(["--features", "wasm-bindgen", "--"]);
    bindgen.arg(&wasm).arg(&glue);
    step("wasm-bindgen", &mut bindgen)?;
    finish(tools, module, &glue, &stamp)?;
    known(&kept, &stamp, &module.folder)
        .ok_or_else(|| format!("{} was not written", kept.display()))
}

/// Compiles a module. Returns cargo's messages about the build, in JSON.
fn compile(module: &Module) -> Result<String, String> {
    let mut compile = cargo(["build", "--target", TARGET, "--profile", PROFILE, "-p"]);
    compile.arg(module.package);
    compile.arg("--message-format=json-render-diagnostics");
    if !module.features.is_empty() {
        compile.arg("--features").arg(module.features.join(","));
    }
    let mut said = String::new();
    timed(&format!("{} for wasm", module.package), || {
        let mut child = start(compile.stdout(Stdio::piped()))?;
        if let Some(mut stdout) = child.stdout.take() {
            let read = stdout.read_to_string(&mut said);
            read.map_err(|error| error.to_string())?;
        }
        ended(child.wait())
    })?;
    Ok(said)
}

/// The module as cargo writes it.
pub fn compiled(module: &Module) -> PathBuf {
    let folder = target_folder().join(TARGET).join(PROFILE);
    folder.join(file_name(module)).with_extension("wasm")
}

fn file_name(module: &Module) -> String {
    module.package.replace('-', "_")
}

/// Optimises, bundles, and stores the stamp of the wasm.
fn finish(tools: &Tools, module: &Module, glue: &Path, stamp: &str) -> Result<(), String> {
    eprintln!("\n== wasm-opt and esbuild");
    let output = tools
        .script("finish.mjs")
        .arg(glue)
        .arg(&module.folder)
        .args(durable_objects(module)?)
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("node: {error}"))?;
    let mut sizes: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("wasm-opt and esbuild: ended with {}", output.status))?;
    sizes["of"] = Value::from(stamp);
    let kept = module.folder.join("built.json");
    fs::write(&kept, sizes.to_string()).map_err(|error| format!("{}: {error}", kept.display()))
}

/// The classes that `wrangler.toml` binds; other Workers have none.
fn durable_objects(module: &Module) -> Result<Vec<String>, String> {
    if !module.is_server() {
        return Ok(Vec::new());
    }
    let path = root().join("wrangler.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let config: toml::Table =
        toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let bindings = config
        .get("durable_objects")
        .and_then(|objects| objects.get("bindings"))
        .and_then(toml::Value::as_array);
    Ok(bindings
        .into_iter()
        .flatten()
        .filter_map(|binding| binding.get("class_name")?.as_str())
        .map(str::to_owned)
        .collect())
}

/// The stamp of everything that goes into a Worker except the tools.
fn stamp(wasm: &Path) -> Result<String, String> {
    let mut hasher = DefaultHasher::new();
    let scripts = ["shim.js", "finish.mjs", "package-lock.json"];
    let scripts = scripts.map(|name| root().join("xtask/worker").join(name));
    let config = root().join("wrangler.toml");
    for path in [wasm, &config]
        .into_iter()
        .chain(scripts.iter().map(PathBuf::as_path))
    {
        let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        bytes.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn known(kept: &Path, stamp: &str, folder: &Path) -> Option<Built> {
    let sizes: Value = serde_json::from_slice(&fs::read(kept).ok()?).ok()?;
    (sizes["of"] == stamp).then_some(())?;
    Some(Built {
        folder: folder.to_path_buf(),
        raw: sizes["raw"].as_u64()?,
        gzip: sizes["gzip"].as_u64()?,
    })
}

/// Cargo's target folder.
pub fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
