//! A team as the store has it, and the statements that read the teams and people around it.

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
        /// None for a team at the top of the tree.
        pub parent: Option<String>,
        /// Ids of users.
        pub members: Vec<String>,
        pub leads: Vec<String>,
        /// Content hash of the create request: it tells a repeat from another request with the same id.
        pub content_hash: String,
        pub created_at: i64,
        pub updated_at: i64,
    }
}

impl Listed for Team {
    const PROPERTIES: &'static [&'static str] = types::Team::PROPERTIES;

    fn added(&self) -> Added {
        Added::new(self.created_at, &self.id)
    }
}

impl Team {
    /// An empty team with this id, to apply a change to.
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

    /// The change log entry for the change from `before` to `after`. None means that the team does not exist.
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

/// The ids of those members who exist.
pub fn people(team: &Team) -> Statement {
    let ids: Vec<&String> = team.members.iter().chain(&team.leads).collect();
    Statement::new(
        "SELECT id FROM users WHERE id IN (SELECT value FROM json_each(?1))",
        [json!(ids).to_string().into()],
    )
}

/// The teams from `parent` up to the top, with their versions. Reads one level more than the greatest depth of a tree.
pub fn above(parent: Option<&str>) -> Statement {
    Statement::new(
        "WITH RECURSIVE up (id, version, parent, level) AS (SELECT id, version, parent, 1 FROM teams WHERE id = ?1 \
         UNION ALL SELECT t.id, t.version, t.parent, up.level + 1 FROM up JOIN teams t ON t.id = up.parent WHERE up.level <= ?2) \
         SELECT id, version FROM up ORDER BY level",
        [parent.into(), super::rules::MOST_LEVELS.into()],
    )
}

/// How many levels of teams are below this one, counted down to the greatest depth of a tree.
pub fn below(id: &str) -> Statement {
    Statement::new(
        "WITH RECURSIVE down (id, version, level) AS (SELECT id, version, 1 FROM teams WHERE parent = ?1 \
         UNION ALL SELECT t.id, t.version, down.level + 1 FROM down JOIN teams t ON t.parent = down.id WHERE down.level < ?2) \
         SELECT coalesce(max(level), 0) FROM down",
        [id.into(), super::rules::MOST_LEVELS.into()],
    )
}

/// The greatest version of all teams. It shows whether a team was added or changed meanwhile.
pub const NEWEST: &str = "SELECT coalesce(max(version), 0) FROM teams";
