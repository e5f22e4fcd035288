//! A rule whose code the operation does not document.

//~ E0277 DeleteError: From<LastOwner>
//~ E0277 UpdateError: From<IdTaken>

use crm_core::crm_contract::codes;
use crm_core::crm_contract::latest::server::records::{DeleteError, UpdateError};
use crm_core::crm_runtime::server::Problem;
use crm_core::records::refusals::Creating;
use crm_core::refusal::Refusal;

pub fn by_code(refusal: Refusal<codes::LastOwner>) -> Problem<DeleteError> {
    refusal.narrow()
}

pub fn by_set(refusal: Refusal<Creating>) -> Problem<UpdateError> {
    refusal.narrow()
}
