//! A handler without an operation in the contract.

//~ E0407 `invent`

use crm_codegen_exercise::v1::server::{TypeHandlers, r#type};
use crm_codegen_exercise::crm_runtime::server::Problem;

struct Handlers;

impl TypeHandlers<()> for Handlers {
    async fn r#match(
        &self,
        _: &(),
        _: r#type::MatchRequest,
    ) -> Result<r#type::MatchResponse, Problem<r#type::MatchError>> {
        unimplemented!()
    }

    async fn invent(&self, _: &()) {}
}

fn main() {}
