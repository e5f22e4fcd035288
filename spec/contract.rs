//! The crate root: the generated modules, nothing else.

/// The versions that `Accept` may ask for.
mod media {
    include!(concat!(env!("OUT_DIR"), "/media.rs"));
}

pub use media::MEDIA;

/// The error codes, one list for all versions.
#[cfg(feature = "server")]
#[allow(clippy::all)]
pub mod codes {
    include!(concat!(env!("OUT_DIR"), "/codes.rs"));
}

/// Version 1.
pub mod v1 {
    /// A type per schema, shared by server and clients.
    #[allow(clippy::all)]
    pub mod types {
        include!(concat!(env!("OUT_DIR"), "/v1_types.rs"));
    }

    /// Requests, responses, handler traits and the router.
    #[cfg(feature = "server")]
    #[allow(clippy::all)]
    pub mod server {
        include!(concat!(env!("OUT_DIR"), "/v1_server.rs"));
    }
}
