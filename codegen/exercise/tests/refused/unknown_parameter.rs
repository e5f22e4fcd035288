//! A parameter that an operation does not have.

use crm_codegen_exercise::v1::web::Client;

fn call(client: &Client) {
    let _ = client.things_get().id("1").colour("red");
}

fn main() {}
