//! Correct code compiles, so the other cases fail for their own reasons.

use crm_codegen_exercise::codes;
use crm_codegen_exercise::crm_runtime::server::Problem;
use crm_codegen_exercise::v1::mobile::Client;
use crm_codegen_exercise::v1::server::things;

pub async fn call(client: &Client) {
    let _ = client.things_get().id("1").send().await;
}

pub fn by_code() -> Problem<things::CreateError> {
    Problem::new(codes::Taken, "There is one.").widen()
}

pub fn by_group() -> Problem<things::CreateError> {
    Problem::new(codes::AuthenticatedCode::Forbidden, "No.").widen()
}
