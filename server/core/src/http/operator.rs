//! The command line on the machine with the data. It sends its requests to the router inside its own process, so that
//! they are checked and logged like all others, and names its tenant instead of showing a token.

use crate::{
    auth::token::Verified,
    context::{Caller, Principal},
    ports::store::TenantId,
};

/// An extension of a request, which a request from the network cannot have.
#[derive(Clone, Debug)]
pub struct Operator(pub TenantId);

impl Operator {
    pub fn verified(&self) -> Verified {
        Verified::without_token(Caller {
            tenant: self.0.clone(),
            principal: Principal::Operator,
        })
    }
}
