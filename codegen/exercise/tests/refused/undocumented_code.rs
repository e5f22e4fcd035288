//! Error codes that the operation does not document.

//~ E0599 `Taken`
//~ E0277 codes::Taken>
//~ E0277 AuthenticatedCode>

use crm_codegen_exercise::codes;
use crm_codegen_exercise::v1::server::things;
use crm_codegen_exercise::crm_runtime::server::Problem;

fn by_variant() -> Problem<things::GetError> {
    Problem::new(things::GetError::Taken, "There is one.")
}

fn by_code() -> Problem<things::GetError> {
    Problem::new(codes::Taken, "There is one.").widen()
}

fn by_group() -> Problem<things::GetError> {
    Problem::new(codes::AuthenticatedCode::Forbidden, "No.").widen()
}

fn main() {}
