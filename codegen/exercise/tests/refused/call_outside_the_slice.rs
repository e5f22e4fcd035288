//! An operation of another consumer.

//~ E0599 things_list

use crm_codegen_exercise::v1::mobile::Client;

async fn call(client: &Client) {
    // A call of the consumer's own operations compiles.
    let _ = client.things_get().id("1").send().await;
    let _ = client.things_list().send().await;
}

fn main() {}
