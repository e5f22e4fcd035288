//! The list of deprecations with their notices, and the list of their usage.

use crm_contract::{
    codes,
    latest::{server::integrations, types},
};
use crm_runtime::server::Deprecation;
use serde_json::json;

use crate::{
    context::{Context, actor},
    core::Core,
    fault::Fault,
    page::{self, Added, Found, Place, at_hand, turn},
    ports::store::{Rows, Statement, Value},
    refusal::Refusal,
    shown::Shown,
    work::{Reads, Scope},
};

/// The unique name of a thing in rows and answers. Versions do not share names.
pub fn name(thing: &Deprecation) -> String {
    format!("v{}{}", thing.version, thing.element)
}

/// A time of the contract in ms.
pub fn ms(seconds: Option<i64>) -> Option<i64> {
    seconds.map(|seconds| seconds * 1_000)
}

/// The deprecations, the first announced first. They are known from the contract; the store has the notices.
pub async fn list(
    core: &Core,
    cx: &Context,
    request: &integrations::ListDeprecationsRequest,
) -> Result<types::DeprecationPage, Refusal<codes::CursorInvalid>> {
    let shown = Shown::parse(
        request.fields.as_deref(),
        "name",
        types::Deprecation::PROPERTIES,
    )?;
    let operation = request.operation.as_deref();
    let of_list = json!(["deprecations", operation]).to_string();
    let parts = [of_list.as_str()];
    let place = |scope: &Scope| {
        scope
            .list(&parts)
            .place(request.cursor.as_deref(), Added::from_json)
    };
    let plan = |scope: &Scope| {
        let place = place(scope)?;
        let sql = "SELECT deprecation, kind, seq, at FROM deprecation_notices ORDER BY seq";
        let (reads, given) = Reads::one::<Rows>(Statement::new(sql, []));
        Ok::<_, Refusal<codes::CursorInvalid>>((reads, (place, given)))
    };
    let (scope, (place, given), mut found) = core.work.read(cx, plan).await?;
    let notices = notices(found.take(given)?)?;
    let mut things: Vec<(Added, &Deprecation)> = core
        .config
        .deprecations
        .iter()
        .filter(|thing| operation.is_none() || thing.operation == operation)
        .map(|thing| (position(thing), *thing))
        .collect();
    things.sort_by(|(a, _), (b, _)| a.cmp(b));
    let after = |last: &Added| things.partition_point(|(position, _)| position <= last);
    let before = |first: &Added| things.partition_point(|(position, _)| position < first);
    let size = page::size(request.limit);
    let found = at_hand(&things, &place, size, after, before);
    let position = |(position, _): &&(Added, &Deprecation)| Ok::<_, Fault>(position.clone());
    let turned = turn(&place, found, position)?;
    let total = request.total.then_some(things.len() as i64);
    let page = scope.list(&parts).links(&turned, Added::to_json, total);
    let items = turned
        .items
        .into_iter()
        .map(|(position, thing)| {
            let of = notices
                .iter()
                .filter(|(thing, _)| *thing == position.id)
                .map(|(_, notice)| notice.clone());
            shown.of(answer(thing, of.collect()))
        })
        .collect::<Result<_, Fault>>()?;
    Ok(types::DeprecationPage { items, page })
}

/// The usage, the first use first.
pub async fn usage(
    core: &Core,
    cx: &Context,
    request: &integrations::ListDeprecationUsageRequest,
) -> Result<types::DeprecationUsagePage, Refusal<codes::CursorInvalid>> {
    let shown = Shown::parse(
        request.fields.as_deref(),
        "name",
        types::DeprecationUsage::PROPERTIES,
    )?;
    let (thing, user) = (request.deprecation.as_deref(), request.used_by.as_deref());
    let of_list = json!(["deprecation_usage", thing, user]).to_string();
    let parts = [of_list.as_str()];
    let size = page::size(request.limit);
    let place = |scope: &Scope| {
        scope
            .list(&parts)
            .place(request.cursor.as_deref(), Added::from_json)
    };
    let plan = |scope: &Scope| {
        let place = place(scope)?;
        let mut reads = Reads::default();
        let rows = reads.add::<Rows>(uses(&place, size, thing, user));
        let total = request.total.then(|| {
            let count = format!("SELECT count(*) FROM deprecation_uses u WHERE {USES_ASKED_FOR}");
            reads.add::<i64>(Statement::new(count, [thing.into(), user.into()]))
        });
        Ok::<_, Refusal<codes::CursorInvalid>>((reads, (place, rows, total)))
    };
    let (scope, (place, rows, total), mut found) = core.work.read(cx, plan).await?;
    let total = total.map(|total| found.take(total)).transpose()?;
    let uses = Found::of_rows(found.take(rows)?, size).try_map(use_of)?;
    let position = |one: &types::DeprecationUsage| {
        Ok::<_, Fault>(Added {
            created_at: one.first_used_at.unwrap_or_default(),
            id: one.name.clone(),
        })
    };
    let turned = turn(&place, uses, position)?;
    let page = scope.list(&parts).links(&turned, Added::to_json, total);
    let items = turned
        .items
        .into_iter()
        .map(|one| shown.of(one))
        .collect::<Result<_, Fault>>()?;
    Ok(types::DeprecationUsagePage { items, page })
}

/// ?1 and ?2: filters, null for none.
const USES_ASKED_FOR: &str = "(?1 IS NULL OR u.deprecation = ?1) \
     AND (?2 IS NULL OR u.principal IN ('key:' || ?2, 'user:' || ?2, 'portal:' || ?2))";

fn uses(place: &Place<Added>, size: usize, thing: Option<&str>, user: Option<&str>) -> Statement {
    let (sign, direction) = place.ascending();
    let mut values: Vec<Value> = vec![thing.into(), user.into(), (size as i64 + 1).into()];
    let mut edge = String::new();
    if let Some(position) = place.position() {
        edge = format!(" AND (u.first_at, u.deprecation || ' ' || u.principal) {sign} (?4, ?5)");
        values.extend([position.created_at.into(), position.id.as_str().into()]);
    }
    let text = format!(
        "SELECT u.deprecation, u.principal, u.times, u.first_at, u.last_at, \
         (SELECT json_group_array(json_array(d.day, d.times)) FROM \
         (SELECT day, times FROM deprecation_days WHERE deprecation = u.deprecation AND principal = u.principal ORDER BY day) d) AS days \
         FROM deprecation_uses u WHERE {USES_ASKED_FOR}{edge} \
         ORDER BY u.first_at{direction}, u.deprecation || ' ' || u.principal{direction} LIMIT ?3"
    );
    Statement::new(text, values)
}

fn position(thing: &Deprecation) -> Added {
    Added {
        created_at: ms(thing.deprecated_at).unwrap_or_default(),
        id: name(thing),
    }
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

/// The notices by thing, in the order of the log.
fn notices(rows: Rows) -> Result<Vec<(String, types::DeprecationNotice)>, Fault> {
    let odd = || Fault::Internal("a notice's row has another shape".into());
    let each = rows.into_iter().map(|row| {
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
