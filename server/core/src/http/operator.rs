//! The command line on the machine that holds the data: it sends its requests to the router inside its own process, so
//! that they are checked and recorded as everybody's are, and names its tenant instead of showing a token.

use crate::{
    auth::token::Verified,
    context::{Caller, Principal},
    ports::store::TenantId,
};

/// An extension of a request. Nothing that comes over a network can carry it.
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
