//! Generates the modules of `contract.yaml`.

use std::{env, error::Error, fs, path::Path};

use crm_codegen::{Document, generate};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=contract.yaml");
    let document = Document::read("contract.yaml", &fs::read("contract.yaml")?)
        .map_err(|found| format!("{found:#?}"))?;
    let (mut modules, mut found) = generate::clients(&document, |_| true);
    let (more, also) = generate::contract(&[document]);
    modules.extend(more);
    found.extend(also.into_sorted());
    if !found.is_empty() {
        return Err(format!("{:#?}", found.into_sorted()).into());
    }
    let out = env::var("OUT_DIR")?;
    for module in modules {
        fs::write(Path::new(&out).join(&module.file), module.code)?;
    }
    Ok(())
}
