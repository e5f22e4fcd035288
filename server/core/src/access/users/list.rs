//! Reading people: one, and pages of them in the order in which they were added.

use crm_contract::{codes, v1::types};

use super::row::{self, COLUMNS, PROPERTIES, User};
use crate::{
    context::Context,
    core::Core,
    fault::Fault,
    page::{self, Asked, Position},
    ports::store::{Statement, Value},
    refusal::Refusal,
    shown::Shown,
    work::Scope,
};

const LIST: &str = "users";

pub async fn page(
    core: &Core,
    cx: &Context,
    fields: Option<&str>,
    limit: i64,
    cursor: Option<&str>,
) -> Result<types::UserPage, Refusal<codes::CursorInvalid>> {
    let shown = Shown::parse(fields, "id", &PROPERTIES)?;
    let size = page::size(limit);
    let plan = |scope: &Scope| {
        let position = asked(scope, cursor).position()?;
        let limit = Value::Integer(size as i64 + 1);
        Ok(vec![match position {
            None => Statement::new(
                format!("SELECT {COLUMNS} FROM users ORDER BY created_at, id LIMIT ?1"),
                [limit],
            ),
            Some(Position { created_at, id }) => Statement::new(
                format!(
                    "SELECT {COLUMNS} FROM users WHERE (created_at, id) > (?2, ?3) ORDER BY created_at, id LIMIT ?1"
                ),
                [limit, created_at.into(), id.into()],
            ),
        }])
    };
    let (scope, rows) = core
        .work
        .read::<Refusal<codes::CursorInvalid>>(cx, plan)
        .await?;
    let users = rows
        .into_iter()
        .next()
        .unwrap_or_default()
        .into_iter()
        .map(User::parse)
        .collect::<Result<Vec<_>, Fault>>()?;
    let position = |user: &User| Position {
        created_at: user.created_at,
        id: user.id.clone(),
    };
    let (users, next_cursor) = page::cut(users, size, position, &asked(&scope, None));
    let items = users
        .iter()
        .map(|user| shown.of(user.shown()))
        .collect::<Result<_, Fault>>()?;
    Ok(types::UserPage { items, next_cursor })
}

fn asked<'a>(scope: &'a Scope, cursor: Option<&'a str>) -> Asked<'a> {
    Asked {
        secret: &scope.state.secret,
        list: LIST,
        cursor,
    }
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
