//! The `crm` program.

/// Requests allocate on one thread and free on another, many small things at a time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    crm_native::cli::run()
}
