//! Generates the crate of `openapi.yaml`, as `contract generate` does.

use std::{env, error::Error, fs, path::Path};

use crm_codegen::adapt;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=openapi.yaml");
    let adapted = adapt::adapt("openapi.yaml", &fs::read("openapi.yaml")?)
        .map_err(|found| format!("{found:#?}"))?;
    let out = env::var("OUT_DIR")?;
    for file in adapt::files(&adapted, "generated", "../../../runtime") {
        let Some(name) = file.path.strip_prefix("src/") else {
            continue;
        };
        // An included file cannot have inner attributes.
        let text = file.text.lines().filter(|line| !line.starts_with("//!"));
        let text: Vec<&str> = text.collect();
        fs::write(Path::new(&out).join(name), text.join("\n"))?;
    }
    Ok(())
}
