//! What of the API is going away: the list of it with its notices, and the list of who uses it.

use crm_contract::{
    codes,
    v1::{server::integrations, types},
};
use crm_runtime::server::Deprecation;
use serde_json::json;

use crate::{
    access::visibility::actor,
    context::Context,
    core::Core,
    fault::Fault,
    page::{self, Asked, Position},
    ports::store::{Rows, Statement, Value},
    refusal::Refusal,
    shown::Shown,
    work::Scope,
};

/// What can be asked for by `?fields=`.
const PROPERTIES: [&str; 10] = [
    "name",
    "version",
    "kind",
    "operation",
    "pointer",
    "title",
    "announced_at",
    "sunset_at",
    "replacement",
    "notices",
];
const USE_PROPERTIES: [&str; 7] = [
    "name",
    "deprecation",
    "used_by",
    "count",
    "first_used_at",
    "last_used_at",
    "days",
];

/// What stands for a thing in rows and answers. No two versions share one.
pub fn name(thing: &Deprecation) -> String {
    format!("v{}{}", thing.version, thing.element)
}

/// A time of the contract in the API's unit.
pub fn ms(seconds: Option<i64>) -> Option<i64> {
    seconds.map(|seconds| seconds * 1_000)
}

/// What is going away, the first announced first. All of it is known without asking; the store knows the notices.
pub async fn list(
    core: &Core,
    cx: &Context,
    request: &integrations::ListDeprecationsRequest,
) -> Result<types::DeprecationPage, Refusal<codes::CursorInvalid>> {
    let shown = Shown::parse(request.fields.as_deref(), "name", &PROPERTIES)?;
    let operation = request.operation.as_deref();
    let cursor = |scope: &Scope, cursor: Option<&str>| {
        let list = json!(["deprecations", operation]).to_string();
        asked(scope, &list, cursor, |asked| asked.position())
    };
    let plan = |scope: &Scope| {
        cursor(scope, request.cursor.as_deref())?;
        Ok(vec![Statement::new(
            "SELECT deprecation, kind, seq, at FROM deprecation_notices ORDER BY seq",
            [],
        )])
    };
    let (scope, rows) = core
        .work
        .read::<Refusal<codes::CursorInvalid>>(cx, plan)
        .await?;
    let begin = cursor(&scope, request.cursor.as_deref())?;
    let mut things: Vec<(Position, &Deprecation)> = core
        .config
        .deprecations
        .iter()
        .filter(|thing| operation.is_none() || thing.operation == operation)
        .map(|thing| (position(thing), *thing))
        .filter(|(position, _)| {
            begin
                .as_ref()
                .is_none_or(|begin| key(position) > key(begin))
        })
        .collect();
    things.sort_by(|(a, _), (b, _)| key(a).cmp(&key(b)));
    let size = page::size(request.limit);
    things.truncate(size + 1);
    let list = json!(["deprecations", operation]).to_string();
    let (things, next_cursor) = asked(&scope, &list, None, |asked| {
        page::cut(things, size, |(position, _)| position.clone(), asked)
    });
    let notices = notices(rows)?;
    let items = things
        .iter()
        .map(|(position, thing)| {
            let of = notices
                .iter()
                .filter(|(thing, _)| *thing == position.id)
                .map(|(_, notice)| notice.clone());
            shown.of(answer(thing, of.collect()))
        })
        .collect::<Result<_, Fault>>()?;
    Ok(types::DeprecationPage { items, next_cursor })
}

/// Who uses it, the first use first.
pub async fn usage(
    core: &Core,
    cx: &Context,
    request: &integrations::ListDeprecationUsageRequest,
) -> Result<types::DeprecationUsagePage, Refusal<codes::CursorInvalid>> {
    let shown = Shown::parse(request.fields.as_deref(), "name", &USE_PROPERTIES)?;
    let (thing, user) = (request.deprecation.as_deref(), request.used_by.as_deref());
    let list = json!(["deprecation_usage", thing, user]).to_string();
    let size = page::size(request.limit);
    let plan = |scope: &Scope| {
        let begin = asked(scope, &list, request.cursor.as_deref(), |asked| {
            asked.position()
        })?;
        let (at, id) = begin
            .map(|begin| (begin.created_at, begin.id))
            .unwrap_or((0, String::new()));
        Ok(vec![Statement::new(
            USES,
            vec![
                Value::Integer(size as i64 + 1),
                at.into(),
                id.into(),
                thing.into(),
                user.into(),
            ],
        )])
    };
    let (scope, rows) = core
        .work
        .read::<Refusal<codes::CursorInvalid>>(cx, plan)
        .await?;
    let uses = rows
        .into_iter()
        .next()
        .unwrap_or_default()
        .into_iter()
        .map(use_of)
        .collect::<Result<Vec<_>, Fault>>()?;
    let (uses, next_cursor) = asked(&scope, &list, None, |asked| {
        let position = |one: &types::DeprecationUsage| Position {
            created_at: one.first_used_at.unwrap_or_default(),
            id: one.name.clone(),
        };
        page::cut(uses, size, position, asked)
    });
    let items = uses
        .into_iter()
        .map(|one| shown.of(one))
        .collect::<Result<_, Fault>>()?;
    Ok(types::DeprecationUsagePage { items, next_cursor })
}

/// ?1 how many, ?2 and ?3 where the page begins, ?4 and ?5 filters, null for none.
const USES: &str = "SELECT u.deprecation, u.principal, u.times, u.first_at, u.last_at, \
     (SELECT json_group_array(json_array(d.day, d.times)) FROM \
     (SELECT day, times FROM deprecation_days WHERE deprecation = u.deprecation AND principal = u.principal ORDER BY day) d) AS days \
     FROM deprecation_uses u \
     WHERE (u.first_at, u.deprecation || ' ' || u.principal) > (?2, ?3) \
     AND (?4 IS NULL OR u.deprecation = ?4) \
     AND (?5 IS NULL OR u.principal IN ('key:' || ?5, 'user:' || ?5, 'portal:' || ?5)) \
     ORDER BY u.first_at, u.deprecation || ' ' || u.principal LIMIT ?1";

fn asked<T>(
    scope: &Scope,
    list: &str,
    cursor: Option<&str>,
    with: impl FnOnce(&Asked<'_>) -> T,
) -> T {
    with(&Asked {
        secret: &scope.state.secret,
        list,
        cursor,
    })
}

fn position(thing: &Deprecation) -> Position {
    Position {
        created_at: ms(thing.deprecated_at).unwrap_or_default(),
        id: name(thing),
    }
}

fn key(position: &Position) -> (i64, &str) {
    (position.created_at, &position.id)
}

fn answer(thing: &Deprecation, notices: Vec<types::DeprecationNotice>) -> types::Deprecation {
    types::Deprecation {
        name: name(thing),
        version: Some(i64::from(thing.version)),
        kind: Some(thing.kind.as_str().into()),
        operation: Some(thing.operation.map(str::to_owned)),
        pointer: Some(thing.element.to_owned()),
        title: Some(thing.title.to_owned()),
        announced_at: Some(ms(thing.deprecated_at)),
        sunset_at: Some(ms(thing.sunset)),
        replacement: Some(thing.replacement.map(str::to_owned)),
        notices: Some(notices),
    }
}

/// By thing, in the order of the log.
fn notices(rows: Vec<Rows>) -> Result<Vec<(String, types::DeprecationNotice)>, Fault> {
    let odd = || Fault::Internal("a notice's row has another shape".into());
    let each = rows.into_iter().next().unwrap_or_default().into_iter();
    let each = each.map(|row| {
        let [thing, kind, sequence, at] = <[Value; 4]>::try_from(row).map_err(|_| odd())?;
        let notice = types::DeprecationNotice {
            kind: kind.as_str().ok_or_else(odd)?.into(),
            sequence: sequence.as_i64().ok_or_else(odd)?,
            at: at.as_i64().ok_or_else(odd)?,
        };
        Ok((thing.into_text().ok_or_else(odd)?, notice))
    });
    each.collect()
}

fn use_of(row: Vec<Value>) -> Result<types::DeprecationUsage, Fault> {
    let odd = || Fault::Internal("the row of a use has another shape".into());
    let [thing, principal, times, first, last, days] =
        <[Value; 6]>::try_from(row).map_err(|_| odd())?;
    let thing = thing.into_text().ok_or_else(odd)?;
    let principal = principal.as_str().ok_or_else(odd)?;
    let days: Vec<(i64, i64)> =
        serde_json::from_str(days.as_str().ok_or_else(odd)?).map_err(|_| odd())?;
    let days = days
        .into_iter()
        .map(|(day, count)| types::DeprecationUsageDay { day, count });
    Ok(types::DeprecationUsage {
        name: format!("{thing} {principal}"),
        deprecation: Some(thing),
        used_by: Some(actor(principal)),
        count: Some(times.as_i64().ok_or_else(odd)?),
        first_used_at: Some(first.as_i64().ok_or_else(odd)?),
        last_used_at: Some(last.as_i64().ok_or_else(odd)?),
        days: Some(days.collect()),
    })
}
