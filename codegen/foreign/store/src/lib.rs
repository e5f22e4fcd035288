//! What `contract generate` makes of `openapi.yaml`.

include!(concat!(env!("OUT_DIR"), "/lib.rs"));
