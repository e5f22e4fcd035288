//! The generated modules of `contract.yaml`, in the layout of every crate of generated code.

mod media {
    include!(concat!(env!("OUT_DIR"), "/media.rs"));
}

pub use media::MEDIA;

/// For tests that depend only on this crate.
pub use crm_runtime;

#[allow(clippy::all)]
pub mod codes {
    include!(concat!(env!("OUT_DIR"), "/codes.rs"));
}

pub mod v1 {
    #[allow(clippy::all, deprecated)]
    pub mod types {
        include!(concat!(env!("OUT_DIR"), "/v1_types.rs"));
    }

    #[allow(clippy::all, deprecated)]
    pub mod server {
        include!(concat!(env!("OUT_DIR"), "/v1_server.rs"));
    }

    #[allow(clippy::all, deprecated, unused_mut)]
    pub mod web {
        include!(concat!(env!("OUT_DIR"), "/v1_web.rs"));
    }

    #[allow(clippy::all, deprecated, unused_mut)]
    pub mod mobile {
        include!(concat!(env!("OUT_DIR"), "/v1_mobile.rs"));
    }

    mod problems {
        include!(concat!(env!("OUT_DIR"), "/v1_problems.rs"));
    }
}

pub mod v2 {
    #[allow(clippy::all, deprecated)]
    pub mod types {
        include!(concat!(env!("OUT_DIR"), "/v2_types.rs"));
    }

    #[allow(clippy::all, deprecated)]
    pub mod server {
        include!(concat!(env!("OUT_DIR"), "/v2_server.rs"));
    }

    #[allow(clippy::all, deprecated, unused_mut)]
    pub mod web {
        include!(concat!(env!("OUT_DIR"), "/v2_web.rs"));
    }

    #[allow(clippy::all, deprecated, unused_mut)]
    pub mod mobile {
        include!(concat!(env!("OUT_DIR"), "/v2_mobile.rs"));
    }

    mod problems {
        include!(concat!(env!("OUT_DIR"), "/v2_problems.rs"));
    }
}
