//! A team as the store has it, and what is read around one.

use crm_contract::latest::types;
use serde_json::json;

use crate::{
    fault::Fault,
    page::{Added, Listed},
    ports::store::Statement,
    rows::row,
    work::{Entry, Kind},
};

row! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Team of "teams" {
        pub id: String,
        pub version: i64,
        pub name: String,
        /// None: it is at the top.
        pub parent: Option<String>,
        /// Ids of users.
        pub members: Vec<String>,
        pub leads: Vec<String>,
        /// Of the request that made it: a repeat is told from another one with the same id.
        pub content_hash: String,
        pub created_at: i64,
        pub updated_at: i64,
    }
}

impl Listed for Team {
    const PROPERTIES: &'static [&'static str] = types::Team::PROPERTIES;

    fn added(&self) -> Added {
        Added {
            created_at: self.created_at,
            id: self.id.clone(),
        }
    }
}

impl Team {
    /// A team of which nothing is known: what a change names is put into it.
    pub fn unnamed(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            version: 0,
            name: String::new(),
            parent: None,
            members: Vec::new(),
            leads: Vec::new(),
            content_hash: String::new(),
            created_at: 0,
            updated_at: 0,
        }
    }

    /// As the contract shows it.
    pub fn shown(&self) -> types::Team {
        types::Team {
            id: self.id.clone(),
            name: Some(self.name.clone()),
            parent: Some(self.parent.clone()),
            members: Some(self.members.clone()),
            leads: Some(self.leads.clone()),
            version: Some(self.version),
            created_at: Some(self.created_at),
            updated_at: Some(self.updated_at),
        }
    }

    /// What the change log says when `before` becomes `after`. None: it is not there.
    pub fn entry(
        op: &'static str,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<Entry, Fault> {
        let id = after.or(before).map_or("", |team| &team.id);
        let logged = |team: Option<&Self>| {
            team.map(|team| types::Team {
                version: None,
                created_at: None,
                updated_at: None,
                ..team.shown()
            })
        };
        Entry::change(Kind::Team, id, op, &logged(before), &logged(after))
    }
}

/// The ids of the users among these who exist.
pub fn people(team: &Team) -> Statement {
    let ids: Vec<&String> = team.members.iter().chain(&team.leads).collect();
    Statement::new(
        "SELECT id FROM users WHERE id IN (SELECT value FROM json_each(?1))",
        [json!(ids).to_string().into()],
    )
}

/// The teams from this one up to the top, each with its version, as far as a tree may be deep and one more.
pub fn above(parent: Option<&str>) -> Statement {
    Statement::new(
        "WITH RECURSIVE up (id, version, parent, level) AS (SELECT id, version, parent, 1 FROM teams WHERE id = ?1 \
         UNION ALL SELECT t.id, t.version, t.parent, up.level + 1 FROM up JOIN teams t ON t.id = up.parent WHERE up.level <= ?2) \
         SELECT id, version FROM up ORDER BY level",
        [parent.into(), super::rules::MOST_LEVELS.into()],
    )
}

/// The versions of the teams below this one, with their level below it, as far as a tree may be deep.
pub fn below(id: &str) -> Statement {
    Statement::new(
        "WITH RECURSIVE down (id, version, level) AS (SELECT id, version, 1 FROM teams WHERE parent = ?1 \
         UNION ALL SELECT t.id, t.version, down.level + 1 FROM down JOIN teams t ON t.parent = down.id WHERE down.level < ?2) \
         SELECT coalesce(max(level), 0) FROM down",
        [id.into(), super::rules::MOST_LEVELS.into()],
    )
}

/// The greatest version of a team: it tells whether the tree has grown or moved meanwhile.
pub const NEWEST: &str = "SELECT coalesce(max(version), 0) FROM teams";
