//! What `js/glue.js` does, as functions.

use std::sync::Arc;

use crm_core::ports::Clock;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::{clock::PlatformClock, leases::Lease};

#[wasm_bindgen(module = "/js/glue.js")]
extern "C" {
    /// Statements in one batch; their rows as JSON.
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

/// An answer that goes out in slices. JavaScript has it until it forgets it, and must not free it by itself: by then the
/// address may be another thing's, in an instance of the module that was begun after a panic. Methods look whose it is.
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

    /// Nobody takes more of it.
    pub fn end(&self) {
        self.0.end();
    }
}

/// What an exception says. D1's own words stand in `message`.
pub fn said(exception: &JsValue) -> String {
    match exception.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => exception
            .as_string()
            .unwrap_or_else(|| "something that is no text".to_owned()),
    }
}
