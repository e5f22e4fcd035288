//! A parameter that an operation does not have.

//~ E0599 `colour`

use crm_codegen_exercise::v1::web::Client;

fn call(client: &Client) {
    let _ = client.things_get().id("1").colour("red");
}

fn main() {}
