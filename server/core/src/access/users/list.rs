//! Reading people: one, and pages of them in the order in which they were added.

use crm_contract::{codes, latest::types};

use super::row::{self, COLUMNS, PROPERTIES, User};
use crate::{
    context::Context,
    core::Core,
    fault::Fault,
    page::{self, Added, Found, added, counted, turn},
    ports::store::Statement,
    refusal::Refusal,
    shown::Shown,
    work::Scope,
};

const LIST: [&str; 1] = ["users"];

/// A page of people, as it is asked for.
pub struct Asked<'a> {
    pub fields: Option<&'a str>,
    pub limit: i64,
    pub cursor: Option<&'a str>,
    pub total: bool,
}

pub async fn page(
    core: &Core,
    cx: &Context,
    asked: Asked<'_>,
) -> Result<types::UserPage, Refusal<codes::CursorInvalid>> {
    let shown = Shown::parse(asked.fields, "id", &PROPERTIES)?;
    let size = page::size(asked.limit);
    let place = |scope: &Scope| scope.list(&LIST).place(asked.cursor, Added::from_json);
    let plan = |scope: &Scope| {
        let select = format!("SELECT {COLUMNS} FROM users");
        let mut statements = vec![added(&select, &place(scope)?, size)];
        if asked.total {
            statements.push(Statement::new("SELECT count(*) FROM users", []));
        }
        Ok(statements)
    };
    let (scope, mut rows) = core
        .work
        .read::<Refusal<codes::CursorInvalid>>(cx, plan)
        .await?;
    let total = counted(&mut rows, asked.total)?;
    let rows = rows.into_iter().next().unwrap_or_default();
    let users = Found::of_rows(rows, size).try_map(User::parse)?;
    let position = |user: &User| {
        Ok::<_, Fault>(Added {
            created_at: user.created_at,
            id: user.id.clone(),
        })
    };
    let turned = turn(&place(&scope)?, users, position)?;
    let page = scope.list(&LIST).links(&turned, Added::to_json, total);
    let items = turned
        .items
        .iter()
        .map(|user| shown.of(user.shown()))
        .collect::<Result<_, Fault>>()?;
    Ok(types::UserPage { items, page })
}

pub async fn get(core: &Core, cx: &Context, id: &str) -> Result<User, Refusal<codes::NotFound>> {
    let (_, rows) = core
        .work
        .read::<Fault>(cx, |_| Ok(vec![row::find(id)]))
        .await?;
    let row = rows
        .into_iter()
        .next()
        .and_then(|rows| rows.into_iter().next())
        .ok_or_else(missing)?;
    Ok(User::parse(row)?)
}

pub fn missing() -> Refusal<codes::NotFound> {
    Refusal::new(codes::NotFound, "There is no such user.")
}
