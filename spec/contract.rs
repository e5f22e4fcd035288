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

/// The published documents and reference pages.
#[cfg(feature = "server")]
pub mod documents {
    include!(concat!(env!("OUT_DIR"), "/documents.rs"));
}

/// The newest version, which the server's core uses.
#[cfg(feature = "server")]
pub use v2 as latest;

/// The modules of a version.
macro_rules! version {
    ($(#[$docs:meta])* $version:ident) => {
        $(#[$docs])*
        pub mod $version {
        /// A type per schema, shared by server and clients.
        #[allow(clippy::all, deprecated)]
        pub mod types {
            include!(concat!(env!("OUT_DIR"), "/", stringify!($version), "_types.rs"));
        }

        /// Requests, responses, handler traits and the router.
        #[cfg(feature = "server")]
        #[allow(clippy::all, deprecated)]
        pub mod server {
            include!(concat!(env!("OUT_DIR"), "/", stringify!($version), "_server.rs"));
        }

        /// The client of the technicians' app: the operations of the consumer `mobile`.
        #[cfg(feature = "client-mobile")]
        #[allow(clippy::all, deprecated, unused_mut)]
        pub mod mobile {
            include!(concat!(env!("OUT_DIR"), "/", stringify!($version), "_mobile.rs"));
        }

        /// The client of the office: the operations of the consumer `web`.
        #[cfg(feature = "client-web")]
        #[allow(clippy::all, deprecated, unused_mut)]
        pub mod web {
            include!(concat!(env!("OUT_DIR"), "/", stringify!($version), "_web.rs"));
        }

        /// The client of customers: the operations of the consumer `portal`.
        #[cfg(feature = "client-portal")]
        #[allow(clippy::all, deprecated, unused_mut)]
        pub mod portal {
            include!(concat!(env!("OUT_DIR"), "/", stringify!($version), "_portal.rs"));
        }

        /// The client of other systems: the operations of the consumer `integrations`.
        #[cfg(feature = "client-integrations")]
        #[allow(clippy::all, deprecated, unused_mut)]
        pub mod integrations {
            include!(concat!(env!("OUT_DIR"), "/", stringify!($version), "_integrations.rs"));
        }

        /// The shared parts of the clients.
        #[cfg(any(
            feature = "client-mobile",
            feature = "client-web",
            feature = "client-portal",
            feature = "client-integrations"
        ))]
        mod problems {
            include!(concat!(env!("OUT_DIR"), "/", stringify!($version), "_problems.rs"));
        }
        }
    };
}

version! {
    /// Version 1.
    v1
}

version! {
    /// Version 2, a preview.
    v2
}
