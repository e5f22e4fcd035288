//! What `js/glue.js` does, as functions.

use js_sys::Array;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/js/glue.js")]
extern "C" {
    /// Statements in one batch; their rows as JSON.
    #[wasm_bindgen(catch)]
    pub async fn d1(database: &JsValue, statements: &Array) -> Result<JsValue, JsValue>;

    pub fn head(request: &JsValue) -> Array;

    #[wasm_bindgen(catch)]
    pub fn response(status: u16, headers: &Array, body: &JsValue) -> Result<JsValue, JsValue>;
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
