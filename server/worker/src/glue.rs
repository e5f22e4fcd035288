//! Bindings to the functions of `js/glue.js`.

use std::sync::Arc;

use crm_core::ports::Clock;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::{clock::PlatformClock, leases::Lease};

#[wasm_bindgen(module = "/js/glue.js")]
extern "C" {
    /// Runs statements in one batch; returns their rows as JSON.
    #[wasm_bindgen(catch)]
    pub async fn d1(database: &JsValue, statements: &Array) -> Result<JsValue, JsValue>;

    pub fn head(request: &JsValue) -> Array;

    #[wasm_bindgen(catch)]
    pub fn sliced(
        status: u16,
        headers: &Array,
        answer: Answer,
        length: usize,
        patience_ms: f64,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch)]
    pub fn response(status: u16, headers: &Array, body: &JsValue) -> Result<JsValue, JsValue>;
}

/// An answer that is sent in slices. JavaScript holds it and must not free it by itself: after a panic a new instance
/// of the module may use the address for something else. The methods check that the object belongs to this instance.
#[wasm_bindgen]
pub struct Answer(Arc<Lease>);

impl Answer {
    pub fn new(lease: Arc<Lease>) -> Self {
        Self(lease)
    }
}

#[wasm_bindgen]
impl Answer {
    /// The next slice; undefined at the end.
    pub fn next(&self) -> Option<Uint8Array> {
        let slice = self.0.next(PlatformClock.now())?;
        Some(Uint8Array::from(slice.as_ref()))
    }

    /// The client reads no more of it.
    pub fn end(&self) {
        self.0.end();
    }
}

/// The message of an exception. D1's message is in the property `message`.
pub fn said(exception: &JsValue) -> String {
    match exception.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => exception
            .as_string()
            .unwrap_or_else(|| "a value that is not text".to_owned()),
    }
}
