//! What a handler knows of the request besides its parameters: the caller, the tenant, the deadline.

use std::net::IpAddr;

use crm_contract::latest::types;
use crm_runtime::server::Operation;

use crate::ports::store::TenantId;

/// The context of one admitted request.
#[derive(Clone, Debug)]
pub struct Context {
    pub operation: &'static Operation,
    pub request_id: String,
    /// When the request was admitted, in epoch ms. The whole request uses this time.
    pub now: i64,
    /// When the request must be answered, in epoch ms. A guarded commit is retried until then.
    pub deadline: i64,
    /// None for operations that need no token.
    pub caller: Option<Caller>,
    /// Set for a write with an `Idempotency-Key`.
    pub idempotency: Option<Idempotency>,
    /// The caller's address: that of the peer, or the one that a trusted proxy states.
    pub address: Option<IpAddr>,
}

/// The bearer of a verified access token. Whether the session or the key was revoked is known only after the first
/// read.
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
    /// The command line on the machine that holds the data. It may do everything, and it has no session to revoke.
    Operator,
}

/// What an idempotent write is stored under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// Hash of tenant, principal and key: 64 hex digits. The key itself is not kept.
    pub key_hash: String,
    /// Hash of method, path, query, version, If-Match and body.
    pub fingerprint: String,
    /// Derived from the key. It seals answers that hold a secret.
    pub seal: [u8; 32],
}

impl Principal {
    /// The kind of token, which is the name of the security scheme. The operator has none.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::User { .. } => "user",
            Self::Portal { .. } => "portal",
            Self::Key { .. } => "key",
            Self::Operator => "system",
        }
    }

    /// The actor as rows and the change log store it: the kind, a colon and the id.
    pub fn actor(&self) -> String {
        format!("{}:{}", self.kind(), self.id().unwrap_or_default())
    }

    /// The id of the user, contact or key. None for the operator.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::User { id, .. } | Self::Key { id, .. } => Some(id),
            Self::Portal { contact, .. } => Some(contact),
            Self::Operator => None,
        }
    }
}

impl Context {
    /// The context of the command line, which works on a tenant without a token.
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

/// The command line waits for a busy tenant longer than a request does.
const OPERATOR_DEADLINE_MS: i64 = 60_000;

/// The actor as the contract writes it. `stored` is the kind, a colon and the id.
pub fn actor(stored: &str) -> types::Actor {
    let (kind, id) = stored.split_once(':').unwrap_or((stored, ""));
    types::Actor {
        kind: kind.into(),
        id: (!id.is_empty()).then(|| id.to_owned()),
    }
}
