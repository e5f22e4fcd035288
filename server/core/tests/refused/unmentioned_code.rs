//! A rule whose code the rule around it does not name.

//~ E0277 Refusal<Deleting>
//~ E0277 codes::UniqueViolation>

use crm_core::crm_contract::codes;
use crm_core::records::refusals::{Deleting, Restoring};
use crm_core::refusal::Refusal;

pub fn by_code(
    unique: Result<(), Refusal<codes::UniqueViolation>>,
) -> Result<(), Refusal<Deleting>> {
    Ok(unique?)
}

pub fn by_set(refusal: Refusal<Restoring>) -> Refusal<Deleting> {
    refusal.widen()
}
