//! The rules for every change of a team: its people and its parent exist, the tree has no cycle, and it has at most
//! [`MOST_LEVELS`] levels. Plain functions over plain data.

use std::collections::HashSet;

use crm_contract::{codes, latest::types::TeamUpdate};
use crm_runtime::server::{At, Report};

use super::row::Team;
use crate::{access::users::rules::distinct, refusal::Refusal};

/// Upper bound of the levels of the tree.
pub const MOST_LEVELS: i64 = 5;

/// The team after a change.
pub fn apply(before: &Team, changes: &TeamUpdate, now: i64) -> Team {
    let mut after = before.clone();
    if let Some(name) = &changes.name {
        after.name.clone_from(name);
    }
    if let Some(parent) = &changes.parent {
        after.parent.clone_from(parent);
    }
    if let Some(members) = &changes.members {
        after.members = distinct(members);
    }
    if let Some(leads) = &changes.leads {
        after.leads = distinct(leads);
    }
    if after != *before {
        after.updated_at = now;
    }
    after
}

/// The people and teams that the rules for a team look at.
pub struct Around {
    /// The team's people who exist.
    pub people: HashSet<String>,
    /// The teams from its parent up to the top.
    pub above: Vec<String>,
    /// The number of levels below the team.
    pub below: i64,
}

/// Checks the team against the rules.
pub fn check(team: &Team, around: &Around) -> Result<(), Refusal<codes::FieldInvalid>> {
    let mut report = Report::new();
    for (name, ids) in [("members", &team.members), ("leads", &team.leads)] {
        let at = At::BODY.name(name);
        let missing = ids.iter().enumerate();
        for (index, _) in missing.filter(|(_, id)| !around.people.contains(*id)) {
            report.add(&at.index(index), "relation", "There is no such user.");
        }
    }
    let at = At::BODY.name("parent");
    let above = i64::try_from(around.above.len()).unwrap_or(i64::MAX);
    if team.parent.is_some() && around.above.is_empty() {
        report.add(&at, "relation", "There is no such team.");
    } else if around.above.contains(&team.id) {
        report.add(&at, "circle", "A team does not stand below itself.");
    } else if above.saturating_add(1 + around.below) > MOST_LEVELS {
        let message = format!("Teams are a tree of at most {MOST_LEVELS} levels.");
        report.add(&at, "levels", message);
    }
    if report.is_clean() {
        return Ok(());
    }
    Err(Refusal::Refused(
        report.problem().map(|_| codes::FieldInvalid),
    ))
}
