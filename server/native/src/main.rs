//! The `crm` program.

/// Requests make many small allocations on one thread and free them on another, at which this allocator is fast.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    crm_native::cli::run()
}
