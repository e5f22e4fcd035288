//! An operation without its handler.

//~ E0046 `create`

use crm_codegen_exercise::v1::server::{RecordsHandlers, records};
use crm_codegen_exercise::crm_runtime::server::Problem;

struct Handlers;

impl RecordsHandlers<()> for Handlers {
    async fn list(
        &self,
        _: &(),
        _: records::ListRequest,
    ) -> Result<records::ListResponse, Problem<records::ListError>> {
        unimplemented!()
    }
}

fn main() {}
