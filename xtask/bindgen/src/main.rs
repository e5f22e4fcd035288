//! `xtask-bindgen MODULE FOLDER`: writes `index.js` and `index_bg.wasm` for a module that cargo built. wasm-bindgen's
//! command line takes minutes to compile and must have exactly the version of the library. As a library, Cargo.lock
//! keeps the versions equal, and the workspace compiles it like any other crate.

use std::{env, process::ExitCode};

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [module, folder] = &arguments[..] else {
        eprintln!("usage: xtask-bindgen MODULE FOLDER");
        return ExitCode::from(2);
    };
    let mut bindgen = Bindgen::new();
    let target = bindgen
        .input_path(module)
        .out_name("index")
        .typescript(false)
        // A panic ends an instance; the wrapper around the module starts the next one with this function.
        .reset_state_function(true)
        .force_enable_abort_handler(true)
        // An ES module that imports its wasm, as Workers have it.
        .module(true);
    match target.and_then(|bindgen| bindgen.generate(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask-bindgen: {module}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
