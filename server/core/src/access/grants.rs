//! What a caller may do, computed from its roles (a user) or its token's scopes (a key) for one request.

use std::sync::Arc;

use crate::context::Principal;

/// A caller's grants.
#[derive(Clone, Debug)]
pub struct Grants {
    all: bool,
    read: bool,
}

impl Grants {
    /// `roles`: the user's roles as a JSON array of names. A key's scopes were judged at the door; a portal token has
    /// its own operations, which restrict themselves to its contact.
    pub fn of(principal: &Principal, roles: &Arc<str>) -> Self {
        let roles: Vec<String> = serde_json::from_str(roles).unwrap_or_default();
        let has = |name: &str| roles.iter().any(|role| role == name);
        match principal {
            Principal::Operator | Principal::Key { .. } => Self {
                all: true,
                read: true,
            },
            Principal::Portal { .. } => Self {
                all: false,
                read: false,
            },
            Principal::User { .. } => {
                let all = has("owner") || has("admin");
                Self {
                    all,
                    read: all || has("readonly"),
                }
            }
        }
    }

    /// Whether `family.action` is granted; `read` is the action that changes nothing.
    pub fn allows(&self, permission: &str) -> bool {
        self.all || (self.read && permission.ends_with(".read"))
    }
}
