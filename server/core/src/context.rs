//! What a handler knows of the request beside its parameters: who asks, for which tenant, until when.

use std::net::IpAddr;

use crm_contract::latest::types;
use crm_runtime::server::Operation;

use crate::ports::store::TenantId;

/// Of one admitted request.
#[derive(Clone, Debug)]
pub struct Context {
    pub operation: &'static Operation,
    pub request_id: String,
    /// When the request was admitted, epoch ms. One request has one time.
    pub now: i64,
    /// When it must be answered, epoch ms: a guarded commit is tried again until then.
    pub deadline: i64,
    /// None on operations that need no token.
    pub caller: Option<Caller>,
    /// Of a write that came with an `Idempotency-Key`.
    pub idempotency: Option<Idempotency>,
    /// The caller's address: the peer's, or what a configured proxy states.
    pub address: Option<IpAddr>,
}

/// The bearer of a verified access token. That its session or key is not revoked is known after the first read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub tenant: TenantId,
    pub principal: Principal,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A person.
    User { id: String, session: String },
    /// A customer: the contact's record id.
    Portal { contact: String, session: String },
    /// An API key with the scopes of its token, each `family:action`.
    Key { id: String, scopes: Vec<String> },
    /// The command line on the machine that holds the data: it may do everything, and there is no session to revoke.
    Operator,
}

/// What an idempotent write is recorded under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// Hash of tenant, principal and key: 64 hex digits. The key itself is not kept.
    pub key_hash: String,
    /// Hash of method, path, query, version, If-Match and body.
    pub fingerprint: String,
    /// Derived from the key: seals answers that hold a secret.
    pub seal: [u8; 32],
}

impl Principal {
    /// The kind of token: the name of the security scheme. An operator has none.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::User { .. } => "user",
            Self::Portal { .. } => "portal",
            Self::Key { .. } => "key",
            Self::Operator => "system",
        }
    }

    /// Who did it, as rows and the change log have it: the kind, a colon and the id.
    pub fn actor(&self) -> String {
        format!("{}:{}", self.kind(), self.id().unwrap_or_default())
    }

    /// The user's, contact's or key's id; the operator has none.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::User { id, .. } | Self::Key { id, .. } => Some(id),
            Self::Portal { contact, .. } => Some(contact),
            Self::Operator => None,
        }
    }
}

impl Context {
    /// Of the command line, which works on a tenant without a token.
    pub fn operator(tenant: TenantId, operation: &'static Operation, now: i64) -> Self {
        Self {
            operation,
            request_id: String::new(),
            now,
            deadline: now + OPERATOR_DEADLINE_MS,
            caller: Some(Caller {
                tenant,
                principal: Principal::Operator,
            }),
            idempotency: None,
            address: None,
        }
    }
}

/// The command line may wait for a busy tenant longer than a request.
const OPERATOR_DEADLINE_MS: i64 = 60_000;

/// Who did something, as the contract writes it. `stored`: the kind, a colon and the id, as rows have it.
pub fn actor(stored: &str) -> types::Actor {
    let (kind, id) = stored.split_once(':').unwrap_or((stored, ""));
    types::Actor {
        kind: kind.into(),
        id: (!id.is_empty()).then(|| id.to_owned()),
    }
}
