//! What the operations document compiles: the other cases fail for their own reasons.

use crm_core::crm_contract::codes;
use crm_core::crm_contract::latest::server::records::{BatchError, DeleteError, UpdateError};
use crm_core::crm_runtime::server::Problem;
use crm_core::fault::Fault;
use crm_core::records::refusals::{Deleting, Updating};
use crm_core::refusal::Refusal;

pub fn by_code(refusal: Refusal<codes::NotFound>) -> Problem<DeleteError> {
    refusal.narrow()
}

pub fn by_set(refusal: Refusal<Deleting>) -> Problem<DeleteError> {
    refusal.narrow()
}

pub fn by_wider_set(refusal: Refusal<Deleting>) -> Problem<UpdateError> {
    refusal.widen::<Updating>().narrow()
}

pub fn of_rules(found: Result<(), Refusal<codes::NotFound>>) -> Result<(), Refusal<Deleting>> {
    Ok(found?)
}

pub fn of_any(fault: Fault) -> Problem<BatchError> {
    fault.into()
}
