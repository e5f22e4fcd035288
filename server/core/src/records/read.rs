//! Reads of records, with one round trip each.

use std::{collections::BTreeMap, sync::Arc};

use crm_contract::{codes, latest::types};
use crm_runtime::{JsonObject, RawJson, server::Printable};
use serde_json::Value as Json;

use super::{
    filter,
    list::{self, Position},
    print::{self, RowRef},
    refusals::Listing,
    search,
    sort::Sort,
    sql::Sql,
};
use crate::{
    access::visibility::{Mask, Of, Visible},
    context::{self, Context},
    failure::Failure,
    fault::Fault,
    page::{self, Found, Place, turn},
    ports::store::{Bound, Rows, Statement, Value},
    refusal::Refusal,
    schema::ObjectType,
    work::{Planned, Reads, Scope, Wanted, Work},
};

/// The bound of a page of records. Their size is mostly that of their values.
const RECORDS: Bound = page::bound(&["data"]);

fn odd(what: &str) -> Fault {
    Fault::Internal(format!("a row of {what} has another shape"))
}

fn by_id(scope: &Scope, object_type: &ObjectType, id: &str) -> Statement {
    let mut sql = Sql::new("SELECT ");
    sql.push(list::COLUMNS)
        .push(" FROM records WHERE records.id = ")
        .bind(id);
    Visible::to(scope).restrict(&mut sql, Of::Type(&object_type.name), "records");
    sql.statement()
}

/// The row, if the caller may see it.
fn found<'a>(
    object_type: &ObjectType,
    id: &str,
    rows: &'a Rows,
    include_deleted: bool,
) -> Result<RowRef<'a>, Refusal<codes::NotFound>> {
    let row = rows
        .first()
        .map(|row| RowRef::read(row).ok_or_else(|| odd("records")))
        .transpose()?;
    let row = row.filter(|row| include_deleted || row.deleted_at.is_none());
    row.ok_or_else(|| {
        Refusal::new(
            codes::NotFound,
            format!("There is no {} {id}.", object_type.name),
        )
    })
}

/// A record and its ETag.
pub async fn get(
    work: &Work,
    cx: &Context,
    type_name: &str,
    id: &str,
    fields: Option<&str>,
    include_deleted: bool,
) -> Result<(Printable<types::Record<RawJson>>, String), Refusal<codes::NotFound>> {
    let plan = |scope: &Scope| {
        let object_type = scope.state.schema.find(type_name)?;
        let mask = Mask::of(scope, object_type, fields)?;
        let (reads, rows) = Reads::one::<Rows>(by_id(scope, object_type, id));
        Ok::<_, Refusal<codes::NotFound>>((reads, (object_type.clone(), mask, rows)))
    };
    let (_, (object_type, mask, rows), mut read) = work.read(cx, plan).await?;
    let (object_type, rows) = (&*object_type, read.take(rows)?);
    let row = found(object_type, id, &rows, include_deleted)?;
    let etag = mask.etag(row.version, &object_type.hidden);
    Ok((print::record(&mask, object_type, &row)?, etag))
}

/// The parameters of a list.
pub struct Asked<'a> {
    pub type_name: &'a str,
    pub filter: Option<&'a str>,
    pub sort: Option<&'a str>,
    pub fields: Option<&'a str>,
    pub cursor: Option<&'a str>,
    pub limit: usize,
    pub include_deleted: bool,
    /// Whether to count the whole list.
    pub total: bool,
}

/// What is needed to interpret the rows of a list.
struct Plan {
    object_type: Arc<ObjectType>,
    mask: Mask,
    page: Wanted<Rows>,
    total: Option<Wanted<i64>>,
    place: Place<Position>,
    /// The number of sort keys after a record's columns.
    keys: usize,
}

impl Asked<'_> {
    /// The parts of the list's identity, with which its cursors are signed.
    fn parts(&self) -> [&str; 5] {
        let deleted = if self.include_deleted { "deleted" } else { "" };
        [
            "records",
            self.type_name,
            self.filter.unwrap_or_default(),
            self.sort.unwrap_or_default(),
            deleted,
        ]
    }

    fn plan(&self, scope: &Scope, now: i64) -> Planned<Plan, Refusal<Listing>> {
        let object_type = scope.state.schema.find(self.type_name)?;
        let mut failures: Vec<Failure> = Vec::new();
        let mut keep = |result: Result<(), Vec<Failure>>| {
            result
                .err()
                .into_iter()
                .for_each(|more| failures.extend(more))
        };
        let filter = self
            .filter
            .map(|text| filter::read(&scope.state.schema, object_type, text, now));
        let sort = Sort::parse(object_type, self.sort);
        keep(filter.as_ref().map_or(Ok(()), |filter| {
            filter.as_ref().map(drop).map_err(Clone::clone)
        }));
        keep(sort.as_ref().map(drop).map_err(Clone::clone));
        let (Some(filter), Ok(sort)) = (filter.transpose().ok(), sort) else {
            return Err(Fault::Invalid(failures).into());
        };
        let mask = Mask::of(scope, object_type, self.fields)?;
        let keys = sort.keys.len();
        let parts = self.parts();
        let list = scope.list(&parts);
        let place = list.place(self.cursor, |json| Position::from_json(json, keys))?;
        let visible = Visible::to(scope);
        let page = list::Page {
            object_type,
            filter: filter.as_ref(),
            visible: &visible,
            sort: &sort,
            place: &place,
            include_deleted: self.include_deleted,
            limit: self.limit + 1,
        };
        let mut reads = Reads::default();
        let rows = reads.add(list::statement(&page).bounded(RECORDS));
        let total = self.total.then(|| reads.add(list::count(&page)));
        let plan = Plan {
            object_type: object_type.clone(),
            mask,
            page: rows,
            total,
            place,
            keys,
        };
        Ok((reads, plan))
    }
}

/// A page of a list.
pub async fn list(
    work: &Work,
    cx: &Context,
    asked: &Asked<'_>,
) -> Result<Printable<types::RecordPage<RawJson>>, Refusal<Listing>> {
    let plan = |scope: &Scope| asked.plan(scope, cx.now);
    let (scope, plan, mut read) = work.read(cx, plan).await?;
    let total = plan.total.map(|total| read.take(total)).transpose()?;
    let rows = Found::of_rows(read.take(plan.page)?, asked.limit);
    let position =
        |row: &Vec<Value>| Position::of_row(row, plan.keys).ok_or_else(|| odd("records"));
    let turned = turn(&plan.place, rows, position)?;
    let parts = asked.parts();
    let list = scope.list(&parts);
    let links = list.links(&turned, Position::to_json, total);
    let rows = turned.items.iter().map(|row| {
        let row = RowRef::read(row).ok_or_else(|| odd("records"))?;
        Ok((&*plan.object_type, row))
    });
    Ok(print::page(&plan.mask, rows, links)?)
}

/// The parameters of a history.
pub struct HistoryOf<'a> {
    pub type_name: &'a str,
    pub id: &'a str,
    pub fields: Option<&'a str>,
    pub cursor: Option<&'a str>,
    pub limit: usize,
    pub include_deleted: bool,
    /// Whether to count all changes.
    pub total: bool,
}

/// A page of a record's changes, newest first.
pub async fn history(
    work: &Work,
    cx: &Context,
    asked: &HistoryOf<'_>,
) -> Result<types::HistoryPage, Refusal<Listing>> {
    let HistoryOf {
        type_name,
        id,
        fields,
        cursor,
        limit,
        include_deleted,
        total,
    } = *asked;
    let parts = ["history", type_name, id];
    let plan = |scope: &Scope| {
        let object_type = scope.state.schema.find(type_name)?;
        let mask = Mask::of(scope, object_type, fields)?;
        let place = scope.list(&parts).place(cursor, |json| json.as_i64())?;
        let (sign, direction) = place.descending();
        let changes = format!(
            "SELECT seq, at, actor, op, fields, before FROM changes WHERE record_id = ?1 AND seq {sign} ?2 AND type = ?4 ORDER BY seq{direction} LIMIT ?3"
        );
        let edge = match place.is_backwards() {
            false => i64::MAX >> 10,
            true => -1,
        };
        let changes = Statement::new(
            changes,
            [
                id.into(),
                place.position().copied().unwrap_or(edge).into(),
                (limit as i64 + 1).into(),
                object_type.name.as_str().into(),
            ],
        );
        let changes = changes.bounded(page::bound(&["fields", "before"]));
        let mut reads = Reads::default();
        let record = reads.add::<Rows>(by_id(scope, object_type, id));
        let changes = reads.add::<Rows>(changes);
        let total = total.then(|| {
            let count = "SELECT count(*) FROM changes WHERE record_id = ?1 AND type = ?2";
            let of = [id.into(), object_type.name.as_str().into()];
            reads.add::<i64>(Statement::new(count, of))
        });
        let plan = (object_type.clone(), mask, place, record, changes, total);
        Ok::<_, Refusal<Listing>>((reads, plan))
    };
    let (scope, plan, mut read) = work.read(cx, plan).await?;
    let (object_type, mask, place, record, changes, total) = plan;
    let object_type = &*object_type;
    let total = total.map(|total| read.take(total)).transpose()?;
    found(object_type, id, &read.take(record)?, include_deleted)?;
    let rows = read.take(changes)?;
    let seq = |row: &Vec<Value>| {
        let seq = row.first().and_then(Value::as_i64);
        seq.ok_or_else(|| odd("changes"))
    };
    let turned = turn(&place, Found::of_rows(rows, limit), seq)?;
    let list = scope.list(&parts);
    let page = list.links(&turned, |seq| (*seq).into(), total);
    let entry = |row: Vec<Value>| entry(object_type, &mask, row).ok_or_else(|| odd("changes"));
    Ok(types::HistoryPage {
        items: turned
            .items
            .into_iter()
            .map(entry)
            .collect::<Result<_, _>>()?,
        page,
    })
}

fn entry(object_type: &ObjectType, mask: &Mask, row: Vec<Value>) -> Option<types::HistoryEntry> {
    let mut columns = row.into_iter();
    let version = columns.next()?.as_i64()?;
    let at = columns.next()?.as_i64()?;
    let actor = columns.next()?.into_text()?;
    let op = columns.next()?.into_text()?;
    let mut after: JsonObject = serde_json::from_str(columns.next()?.as_str()?).ok()?;
    let mut before: JsonObject = serde_json::from_str(columns.next()?.as_str()?).ok()?;
    mask.retain(object_type, &mut after);
    let changes: BTreeMap<String, types::FieldChange> = after
        .into_iter()
        .map(|(name, after)| {
            let before = before.remove(&name).unwrap_or(Json::Null);
            (name, types::FieldChange { before, after })
        })
        .collect();
    Some(types::HistoryEntry {
        version,
        at,
        actor: context::actor(&actor),
        kind: op.as_str().into(),
        changes,
    })
}

/// The parameters of a search.
pub struct SearchFor<'a> {
    pub q: &'a str,
    pub types: Option<&'a str>,
    pub fields: Option<&'a str>,
    pub cursor: Option<&'a str>,
    pub limit: usize,
}

/// A page of the records that a search finds.
pub async fn search(
    work: &Work,
    cx: &Context,
    asked: &SearchFor<'_>,
) -> Result<Printable<types::RecordPage<RawJson>>, Refusal<codes::CursorInvalid>> {
    let SearchFor {
        q,
        types,
        fields,
        cursor,
        limit,
    } = *asked;
    let wanted: Option<Vec<&str>> = types.map(|types| types.split(',').collect());
    let parts = ["search", q, types.unwrap_or_default()];
    let plan = |scope: &Scope| {
        let unknown = wanted
            .iter()
            .flatten()
            .filter(|name| scope.state.schema.get(name).is_none())
            .map(|name| Failure {
                pointer: "/query/types".into(),
                rule: "unknown_type",
                message: format!("There is no object type {name}."),
            });
        let unknown: Vec<Failure> = unknown.collect();
        if !unknown.is_empty() {
            return Err(Fault::Invalid(unknown).into());
        }
        let is_wanted = |name: &str| wanted.as_ref().is_none_or(|wanted| wanted.contains(&name));
        let types = scope.state.schema.types();
        let types = types.map(|one| &**one).filter(|one| is_wanted(&one.name));
        let mask = Mask::of_types(scope, types.collect::<Vec<_>>(), fields)?;
        let place = scope.list(&parts).place(cursor, |json| json.as_i64())?;
        let visible = Visible::to(scope);
        let statement = search::statement(q, &visible, wanted.as_deref(), &place, limit + 1);
        let mut reads = Reads::default();
        let rows = statement.map(|statement| reads.add::<Rows>(statement.bounded(RECORDS)));
        Ok::<_, Refusal<codes::CursorInvalid>>((reads, (mask, place, rows)))
    };
    let (scope, (mask, place, rows), mut read) = work.read(cx, plan).await?;
    let rows = rows.map(|rows| read.take(rows)).transpose()?;
    let found = Found::of_rows(rows.unwrap_or_default(), limit);
    let version = |row: &Vec<Value>| {
        let row = RowRef::read(row).ok_or_else(|| odd("records"))?;
        Ok::<_, Fault>(row.version)
    };
    let turned = turn(&place, found, version)?;
    let list = scope.list(&parts);
    let links = list.links(&turned, |version| (*version).into(), None);
    let rows = turned.items.iter().filter_map(|row| {
        let row = RowRef::read(row)?;
        let object_type = scope.state.schema.get(row.object_type)?;
        Some(Ok((&**object_type, row)))
    });
    Ok(print::page(&mask, rows, links)?)
}
