//! The `crm` program.

fn main() -> std::process::ExitCode {
    crm_native::cli::run()
}
