//! The crate that `contract generate` makes from `openapi.yaml`.

include!(concat!(env!("OUT_DIR"), "/lib.rs"));
