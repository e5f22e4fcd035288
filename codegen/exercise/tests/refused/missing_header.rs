//! A success without a header that the contract requires.

//~ E0063 `x_total`

use crm_codegen_exercise::v1::server::things;
use crm_codegen_exercise::v1::types::ThingsListOkBody;

fn main() {
    let _ = things::ListResponse { body: ThingsListOkBody::default(), x_next: None };
}
