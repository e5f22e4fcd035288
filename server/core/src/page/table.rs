//! Lists of a tenant's table, in the order in which its rows were added.

use crm_contract::{codes, latest::types};
use serde::{Serialize, de::DeserializeOwned};

use super::{Added, Found, Turned, added, size, turn};
use crate::{
    context::Context,
    fault::Fault,
    refusal::Refusal,
    rows::{self, Row},
    shown::Shown,
    work::{Reads, Scope, Work},
};

/// A row type whose table can be listed.
pub trait Listed: Row {
    /// The properties that `?fields=` may name.
    const PROPERTIES: &'static [&'static str];

    /// The position of the row in the list.
    fn added(&self) -> Added;
}

/// A page of a list, as a request asks for it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub fields: Option<&'a str>,
    pub cursor: Option<&'a str>,
    pub limit: i64,
    /// Whether to count the whole list.
    pub total: bool,
}

/// A page of a table: one round trip. `show` makes the contract's form of a row.
pub async fn of_table<T: Listed + Send, S: Serialize + DeserializeOwned>(
    work: &Work,
    cx: &Context,
    asked: Asked<'_>,
    show: impl Fn(&T) -> S,
) -> Result<(Vec<S>, types::Page), Refusal<codes::CursorInvalid>> {
    let shown = Shown::parse(asked.fields, "id", T::PROPERTIES)?;
    let size = size(asked.limit);
    let parts = [T::TABLE];
    let plan = |scope: &Scope| {
        let place = scope.list(&parts).place(asked.cursor, Added::from_json)?;
        let select = format!("SELECT {} FROM {}", T::COLUMNS, T::TABLE);
        let mut reads = Reads::default();
        let rows = reads.add(added(&select, &place, size));
        let total = asked.total.then(|| reads.add::<i64>(rows::count::<T>()));
        Ok::<_, Refusal<codes::CursorInvalid>>((reads, (place, rows, total)))
    };
    let (scope, (place, rows, total), mut found) = work.read(cx, plan).await?;
    let total = total.map(|total| found.take(total)).transpose()?;
    let found = Found::of_rows(found.take(rows)?, size).try_map(T::read)?;
    let turned: Turned<T, Added> = turn(&place, found, |row: &T| Ok::<_, Fault>(row.added()))?;
    let links = scope.list(&parts).links(&turned, Added::to_json, total);
    let items = turned.items.iter().map(|row| shown.of(show(row)));
    Ok((items.collect::<Result<_, Fault>>()?, links))
}
