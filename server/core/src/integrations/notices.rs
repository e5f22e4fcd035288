//! Notices of deprecations: at the announcement, and 30, 7 and 1 days before the sunset. Each is an entry of the
//! tenant's change log, written once, even if several processes find it due at the same time.

use std::collections::{HashMap, HashSet, VecDeque};

use crm_contract::latest::server::operations::INTEGRATIONS_LIST_DEPRECATIONS;
use crm_runtime::server::Deprecation;
use parking_lot::Mutex;
use serde_json::json;

use super::deprecations::{ms, name};
use crate::{
    context::Context,
    core::Core,
    fault::Fault,
    ports::{
        Ports, Random,
        store::{Rows, Statement, TenantId, Value},
    },
    upkeep::turns,
    work::{Decision, Entry, Found, Guard, Issued, Kind, NoneExpected, Reads, Scope, Wanted, Work},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const ANNOUNCED: &str = "announced";
/// Days before the sunset, the last first.
const BEFORE: [(i64, &str); 3] = [(1, "days_1"), (7, "days_7"), (30, "days_30")];

/// A notice that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    pub thing: &'static Deprecation,
    pub kind: &'static str,
    /// The time from which it is due, in epoch ms.
    pub due: i64,
}

/// The notices that are due and not given yet. `given`: thing, kind and due time of each. Missed notices are not made
/// up for: of those before a sunset only the last one is given, and none after the sunset.
pub fn due(
    things: &[&'static Deprecation],
    given: &HashSet<(String, String, i64)>,
    now: i64,
) -> Vec<Notice> {
    let mut found = Vec::new();
    for thing in things {
        let (announced, sunset) = (ms(thing.deprecated_at).unwrap_or(0), ms(thing.sunset));
        if announced > now || sunset.is_some_and(|sunset| sunset <= now) {
            continue;
        }
        let last = sunset.and_then(|sunset| {
            BEFORE
                .iter()
                .map(|(days, kind)| (*kind, sunset - days * DAY_MS))
                .find(|(_, due)| *due <= now)
        });
        let all = std::iter::once((ANNOUNCED, announced)).chain(last);
        found.extend(
            all.filter(|(kind, due)| !given.contains(&(name(thing), (*kind).to_owned(), *due)))
                .map(|(kind, due)| Notice { thing, kind, due }),
        );
    }
    found
}

/// The progress of this process through all tenants.
#[derive(Default)]
pub struct Looked(Mutex<Progress>);

#[derive(Default)]
struct Progress {
    /// The day (since the epoch) on which each tenant had its last turn.
    days: HashMap<TenantId, i64>,
    /// The tenant whose turn is next.
    next: Option<TenantId>,
}

impl Looked {
    /// The tenants without a turn on that day, in the order of turns.
    fn turns(
        &self,
        mut tenants: Vec<TenantId>,
        day: i64,
        random: &dyn Random,
    ) -> VecDeque<TenantId> {
        let progress = self.0.lock();
        tenants.retain(|tenant| progress.days.get(tenant) != Some(&day));
        turns(tenants, progress.next.as_ref(), random)
    }

    fn note(&self, tenant: TenantId, day: i64) {
        self.0.lock().days.insert(tenant, day);
    }

    fn go_on_with(&self, next: Option<TenantId>) {
        self.0.lock().next = next;
    }
}

impl Core {
    /// Gives the due notices, to each tenant once a day, with at most `statements` statements for all tenants together.
    /// Tenants take turns, and the next run continues where this one ends. A host calls it at its start and as often as
    /// it likes.
    pub async fn give_notices(&self, statements: usize) {
        if self.config.deprecations.is_empty() {
            return;
        }
        let today = self.ports().clock.now().div_euclid(DAY_MS);
        let tenants = match self.ports().directory.tenants().await {
            Ok(tenants) => tenants.into_iter().map(|entry| entry.id).collect(),
            Err(error) => {
                tracing::warn!(%error, "no notices of what is going away: the directory");
                return;
            }
        };
        let budget = self.budget(statements);
        let work = Work::new(Ports {
            store: budget.store.clone(),
            ..self.ports().clone()
        });
        let mut turns = self.looked.turns(tenants, today, &*self.ports().random);
        while !budget.is_spent()
            && let Some(tenant) = turns.pop_front()
        {
            match self.give_with(&work, &tenant).await {
                Ok(()) => self.looked.note(tenant, today),
                Err(fault) => {
                    tracing::warn!(%tenant, %fault, "no notices of what is going away");
                }
            }
        }
        self.looked.go_on_with(turns.pop_front());
    }

    /// Gives one tenant the notices that are due.
    pub async fn give_notices_to(&self, tenant: &TenantId) -> Result<(), Fault> {
        self.give_with(&self.work, tenant).await
    }

    async fn give_with(&self, work: &Work, tenant: &TenantId) -> Result<(), Fault> {
        let things = self.config.deprecations;
        let now = self.ports().clock.now();
        let cx = Context::operator(tenant.clone(), &INTEGRATIONS_LIST_DEPRECATIONS, now);
        let plan = |_: &Scope| Ok(Reads::one(given_statement()));
        let decide = |_: &Scope, rows: Wanted<Rows>, mut found: Found| {
            let notices = due(things, &given(found.take(rows)?), now);
            let answer = |_: &Issued| ();
            if notices.is_empty() {
                return Ok(Decision::nothing(answer));
            }
            let entries = notices.iter().map(entry).collect();
            let decision = Decision::change(entries, vec![remember(&notices, now)], answer);
            Ok(decision.under(not_given(&notices)))
        };
        work.write_here::<_, _, Fault>(&cx, plan, decide, NoneExpected)
            .await
    }
}

fn given_statement() -> Statement {
    Statement::new("SELECT deprecation, kind, due FROM deprecation_notices", [])
}

fn given(rows: Rows) -> HashSet<(String, String, i64)> {
    let each = rows.into_iter().filter_map(|row| {
        let [thing, kind, due] = <[Value; 3]>::try_from(row).ok()?;
        Some((thing.into_text()?, kind.into_text()?, due.as_i64()?))
    });
    each.collect()
}

fn keys(notices: &[Notice]) -> String {
    let keys = notices
        .iter()
        .map(|notice| json!([name(notice.thing), notice.kind, notice.due]));
    json!(keys.collect::<Vec<_>>()).to_string()
}

fn not_given(notices: &[Notice]) -> Guard {
    Guard::new().and(
        "NOT EXISTS (SELECT 1 FROM json_each({}) j JOIN deprecation_notices n \
         ON n.deprecation = j.value ->> 0 AND n.kind = j.value ->> 1 AND n.due = j.value ->> 2)",
        [keys(notices).into()],
    )
}

fn entry(notice: &Notice) -> Entry {
    let thing = notice.thing;
    let fields = json!({
        "title": thing.title,
        "operation": thing.operation,
        "announced_at": ms(thing.deprecated_at),
        "sunset_at": ms(thing.sunset),
        "replacement": thing.replacement,
    });
    Entry::new(Kind::Deprecation, name(thing), notice.kind, fields)
}

/// The k-th notice is the k-th entry of the change log.
fn remember(notices: &[Notice], now: i64) -> Statement {
    Statement::new(
        "INSERT INTO deprecation_notices (deprecation, kind, due, seq, at) \
         SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, (SELECT base FROM meta) + j.key, ?2 \
         FROM json_each(?1) j",
        [keys(notices).into(), now.into()],
    )
}

#[cfg(test)]
mod tests {
    use crm_runtime::server::DeprecatedKind;

    use super::*;

    const DAY_S: i64 = 86_400;

    /// Announced on day 100, gone on day 200.
    static THING: Deprecation = Deprecation {
        kind: DeprecatedKind::Operation,
        version: 1,
        element: "/paths/~1a/get",
        title: "GET /a",
        operation: Some("a_get"),
        deprecated_at: Some(100 * DAY_S),
        sunset: Some(200 * DAY_S),
        sunset_date: None,
        replacement: None,
        link: None,
        successor: None,
    };
    static ENDLESS: Deprecation = Deprecation {
        kind: DeprecatedKind::Operation,
        version: 1,
        element: "/paths/~1b/get",
        title: "GET /b",
        operation: None,
        deprecated_at: Some(100 * DAY_S),
        sunset: None,
        sunset_date: None,
        replacement: None,
        link: None,
        successor: None,
    };

    fn on(day: i64, given: &HashSet<(String, String, i64)>) -> Vec<&'static str> {
        let notices = due(&[&THING], given, day * DAY_MS);
        notices.iter().map(|notice| notice.kind).collect()
    }

    #[test]
    fn each_notice_has_its_day() {
        let mut given = HashSet::new();
        let mut days = Vec::new();
        for day in 90..=210 {
            for notice in due(&[&THING], &given, day * DAY_MS) {
                days.push((day, notice.kind));
                given.insert((name(notice.thing), notice.kind.to_owned(), notice.due));
            }
        }
        assert_eq!(
            days,
            [
                (100, "announced"),
                (170, "days_30"),
                (193, "days_7"),
                (199, "days_1")
            ]
        );
    }

    #[test]
    fn what_was_missed_is_not_told_late() {
        let none = HashSet::new();
        assert_eq!(on(195, &none), ["announced", "days_7"]);
        let given = HashSet::from([(name(&THING), "days_7".to_owned(), 193 * DAY_MS)]);
        assert_eq!(on(198, &given), ["announced"]);
        assert!(on(200, &none).is_empty());
    }

    #[test]
    fn a_sunset_that_moved_is_told_anew() {
        let before = HashSet::from([(name(&THING), "days_30".to_owned(), 150 * DAY_MS)]);
        assert_eq!(on(171, &before), ["announced", "days_30"]);
    }

    #[test]
    fn what_has_no_sunset_is_announced_alone() {
        let kinds = |day: i64| due(&[&ENDLESS], &HashSet::new(), day * DAY_MS);
        assert!(kinds(99).is_empty());
        assert_eq!(kinds(5_000).len(), 1);
    }
}
