//! Reading records: one round trip each.

use std::collections::BTreeMap;

use crm_contract::{codes, latest::types};
use crm_runtime::{JsonObject, RawJson, server::Printable};
use parking_lot::Mutex;
use serde_json::Value as Json;

use super::{
    filter,
    list::{self, Position},
    print::{self, RowRef},
    refusals::Listing,
    search,
    sort::Sort,
};
use crate::{
    access::visibility::{self, Mask},
    context::Context,
    fault::Fault,
    page::{self, Found, Place, counted, turn},
    ports::store::{Bound, Rows, Statement, Value},
    refusal::Refusal,
    schema::{Failure, ObjectType},
    work::{Scope, Work},
};

/// Records of a page: their values are what weighs.
const RECORDS: Bound = page::bound(&["data"]);

fn mask_of(object_type: &ObjectType, fields: Option<&str>) -> Result<Mask, Fault> {
    Mask::parse(fields, |name| object_type.fields.contains_key(name))
}

fn odd(what: &str) -> Fault {
    Fault::Internal(format!("a row of {what} has another shape"))
}

fn by_id(scope: &Scope, object_type: &ObjectType, id: &str) -> Statement {
    let mut sql = format!(
        "SELECT {} FROM records WHERE records.id = ?1",
        list::COLUMNS
    );
    if let Some(restriction) = visibility::rows(scope, object_type) {
        sql.push_str(" AND ");
        sql.push_str(&restriction);
    }
    Statement::new(sql, [id.into()])
}

/// The row, if it is of the type and may be shown.
fn found<'a>(
    object_type: &ObjectType,
    id: &str,
    rows: Option<&'a Rows>,
    include_deleted: bool,
) -> Result<RowRef<'a>, Refusal<codes::NotFound>> {
    let row = rows
        .and_then(|rows| rows.first())
        .map(|row| RowRef::read(row).ok_or_else(|| odd("records")))
        .transpose()?;
    let row = row.filter(|row| {
        row.object_type == object_type.name && (include_deleted || row.deleted_at.is_none())
    });
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
        mask_of(object_type, fields)?;
        Ok::<_, Refusal<codes::NotFound>>(vec![by_id(scope, object_type, id)])
    };
    let (scope, rows) = work.read(cx, plan).await?;
    let object_type = scope.state.schema.find(type_name)?;
    let mask = mask_of(object_type, fields)?;
    let row = found(object_type, id, rows.first(), include_deleted)?;
    let etag = mask.etag(row.version, &object_type.hidden);
    Ok((print::record(&mask, object_type, &row)?, etag))
}

/// What a list is asked with.
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

/// What a list is read by: its statements, and what its rows are understood with.
struct Plan {
    statements: Vec<Statement>,
    place: Place<Position>,
    /// So many sort keys come after a record's columns.
    keys: usize,
}

impl Asked<'_> {
    /// The parts that a cursor of this list is signed with.
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

    fn plan(&self, scope: &Scope, now: i64) -> Result<Plan, Refusal<Listing>> {
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
        mask_of(object_type, self.fields)?;
        let keys = sort.keys.len();
        let parts = self.parts();
        let list = scope.list(&parts);
        let place = list.place(self.cursor, |json| Position::from_json(json, keys))?;
        let restriction = visibility::rows(scope, object_type);
        let page = list::Page {
            object_type,
            filter: filter.as_ref(),
            restriction: restriction.as_deref(),
            sort: &sort,
            place: &place,
            include_deleted: self.include_deleted,
            limit: self.limit + 1,
        };
        let mut statements = vec![list::statement(&page).bounded(RECORDS)];
        statements.extend(self.total.then(|| list::count(&page)));
        Ok(Plan {
            statements,
            place,
            keys,
        })
    }
}

/// A page of a list.
pub async fn list(
    work: &Work,
    cx: &Context,
    asked: &Asked<'_>,
) -> Result<Printable<types::RecordPage<RawJson>>, Refusal<Listing>> {
    let read_by = Mutex::new((Place::Start, 0));
    let plan = |scope: &Scope| {
        let plan = asked.plan(scope, cx.now)?;
        *read_by.lock() = (plan.place, plan.keys);
        Ok::<_, Refusal<Listing>>(plan.statements)
    };
    let (scope, mut rows) = work.read(cx, plan).await?;
    let (place, keys) = read_by.into_inner();
    let object_type = scope.state.schema.find(asked.type_name)?;
    let mask = mask_of(object_type, asked.fields)?;
    let total = counted(&mut rows, asked.total)?;
    let rows = rows.into_iter().next().unwrap_or_default();
    let position = |row: &Vec<Value>| Position::of_row(row, keys).ok_or_else(|| odd("records"));
    let turned = turn(&place, Found::of_rows(rows, asked.limit), position)?;
    let parts = asked.parts();
    let list = scope.list(&parts);
    let links = list.links(&turned, Position::to_json, total);
    let rows = turned.items.iter().map(|row| {
        let row = RowRef::read(row).ok_or_else(|| odd("records"))?;
        Ok((&**object_type, row))
    });
    Ok(print::page(&mask, rows, links)?)
}

/// What a history is asked with.
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

/// A page of a record's changes, the newest first.
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
    let place = |scope: &Scope| scope.list(&parts).place(cursor, |json| json.as_i64());
    let plan = |scope: &Scope| {
        let object_type = scope.state.schema.find(type_name)?;
        mask_of(object_type, fields)?;
        let place = place(scope)?;
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
        let mut statements = vec![by_id(scope, object_type, id), changes];
        if total {
            let count = "SELECT count(*) FROM changes WHERE record_id = ?1 AND type = ?2";
            let of = [id.into(), object_type.name.as_str().into()];
            statements.push(Statement::new(count, of));
        }
        Ok::<_, Refusal<Listing>>(statements)
    };
    let (scope, mut rows) = work.read(cx, plan).await?;
    let object_type = scope.state.schema.find(type_name)?;
    let mask = mask_of(object_type, fields)?;
    let total = counted(&mut rows, total)?;
    let mut rows = rows.into_iter();
    found(object_type, id, rows.next().as_ref(), include_deleted)?;
    let rows = rows.next().unwrap_or_default();
    let seq = |row: &Vec<Value>| {
        let seq = row.first().and_then(Value::as_i64);
        seq.ok_or_else(|| odd("changes"))
    };
    let place = place(&scope)?;
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
        actor: visibility::actor(&actor),
        kind: op.as_str().into(),
        changes,
    })
}

/// What a search is asked with.
pub struct SearchFor<'a> {
    pub q: &'a str,
    pub types: Option<&'a str>,
    pub fields: Option<&'a str>,
    pub cursor: Option<&'a str>,
    pub limit: usize,
}

/// A page of what a search finds.
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
    let place = |scope: &Scope| scope.list(&parts).place(cursor, |json| json.as_i64());
    let mask_of = |scope: &Scope| {
        let schema = &scope.state.schema;
        Mask::parse(fields, |name| {
            schema.types().any(|object_type| {
                wanted
                    .as_ref()
                    .is_none_or(|wanted| wanted.contains(&object_type.name.as_str()))
                    && object_type.fields.contains_key(name)
            })
        })
    };
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
        mask_of(scope)?;
        let statement = search::statement(q, wanted.as_deref(), &place(scope)?, limit + 1);
        let statement = statement.map(|statement| statement.bounded(RECORDS));
        Ok::<_, Refusal<codes::CursorInvalid>>(statement.into_iter().collect())
    };
    let (scope, rows) = work.read(cx, plan).await?;
    let mask = mask_of(&scope)?;
    let rows = rows.into_iter().next().unwrap_or_default();
    let found = Found::of_rows(rows, limit);
    let version = |row: &Vec<Value>| {
        let row = RowRef::read(row).ok_or_else(|| odd("records"))?;
        Ok::<_, Fault>(row.version)
    };
    let turned = turn(&place(&scope)?, found, version)?;
    let list = scope.list(&parts);
    let links = list.links(&turned, |version| (*version).into(), None);
    let rows = turned.items.iter().filter_map(|row| {
        let row = RowRef::read(row)?;
        let object_type = scope.state.schema.get(row.object_type)?;
        Some(Ok((&**object_type, row)))
    });
    Ok(print::page(&mask, rows, links)?)
}
