//! The roles that every tenant has.

use crm_contract::latest::types;

use super::rights::{Rights, rights};

pub const OWNER: &str = "owner";
pub const ADMIN: &str = "admin";
pub const READONLY: &str = "readonly";

#[derive(Debug)]
pub struct Role {
    pub name: &'static str,
    pub label: &'static str,
    pub description: &'static str,
    grants: Granted,
}

#[derive(Debug)]
enum Granted {
    /// Every permission, and the right to make owners.
    Ownership,
    Everything,
    Only(Rights),
}

/// By name.
pub const ALL: [Role; 3] = [
    Role {
        name: ADMIN,
        label: "Admin",
        description: "Everything but making owners.",
        grants: Granted::Everything,
    },
    Role {
        name: OWNER,
        label: "Owner",
        description: "Everything.",
        grants: Granted::Ownership,
    },
    Role {
        name: READONLY,
        label: "Read only",
        description: "Reads every record and changes none.",
        grants: Granted::Only(rights!["records.read", "schema.read", "users.read"]),
    },
];

/// The message for a role that does not exist.
pub fn unknown(name: &str) -> String {
    let known: Vec<&str> = ALL.iter().map(|role| role.name).collect();
    format!("There is no role {name}; there are {}.", known.join(", "))
}

pub fn find(name: &str) -> Option<&'static Role> {
    ALL.iter().find(|role| role.name == name)
}

impl Role {
    /// What its holders may do.
    pub fn rights(&self) -> Rights {
        match self.grants {
            Granted::Ownership => Rights::OWNER,
            Granted::Everything => Rights::ALL,
            Granted::Only(rights) => rights,
        }
    }

    pub fn shown(&self) -> types::Role {
        types::Role {
            name: self.name.to_owned(),
            label: Some(self.label.to_owned()),
            description: Some(self.description.to_owned()),
            built_in: Some(true),
        }
    }
}
