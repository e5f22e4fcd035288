//! What a request proves of its caller before anything else: in the round trip of its data, or in the guard of its
//! commit.

use super::{Guard, Issued, stored::StoredRow};
use crate::{
    context::{Idempotency, Principal},
    fault::Fault,
    ports::store::{Statement, Value},
};

pub(super) fn caller_id(principal: &Principal) -> &str {
    match principal {
        Principal::User { session, .. } | Principal::Portal { session, .. } => session,
        Principal::Key { id, .. } => id,
        Principal::Operator => "operator",
    }
}

/// SQL for the caller's roles: the expression, its joins, and the value of `?1`. Null if the session, key or user is gone.
fn roles_of(principal: &Principal) -> (&'static str, &'static str, &str) {
    match principal {
        Principal::User { session, .. } => (
            "CASE WHEN s.revoked_at IS NULL AND u.status = 'active' THEN u.roles END",
            "LEFT JOIN sessions s ON s.id = ?1 AND s.kind = 'user' LEFT JOIN users u ON u.id = s.subject",
            session.as_str(),
        ),
        Principal::Portal { session, .. } => (
            "CASE WHEN s.revoked_at IS NULL AND r.deleted_at IS NULL AND r.id IS NOT NULL THEN '[]' END",
            "LEFT JOIN sessions s ON s.id = ?1 AND s.kind = 'portal' LEFT JOIN records r ON r.id = s.subject",
            session.as_str(),
        ),
        // The roles of the person who made the key limit the key. Nothing limits keys that the command line made. A key
        // without a maker gives nothing: a program older than the column wrote it.
        Principal::Key { id, .. } => (
            "CASE WHEN k.id IS NULL OR k.revoked_at IS NOT NULL THEN NULL WHEN k.maker = 'system:' THEN json_array('owner') \
             WHEN u.status = 'active' THEN u.roles ELSE json_array() END",
            "LEFT JOIN api_keys k ON k.id = ?1 LEFT JOIN users u ON u.id = k.maker",
            id.as_str(),
        ),
        Principal::Operator => ("'[]'", "", "operator"),
    }
}

/// Adds to the guard that the caller still has these roles.
pub(super) fn proven(guard: Guard, principal: &Principal, roles: &str) -> Guard {
    let (roles_now, join, id) = roles_of(principal);
    // The operator has no session or key in the database to check.
    if join.is_empty() {
        return guard;
    }
    let join = join.replace("?1", "{}");
    guard.and(
        &format!("(SELECT {roles_now} FROM meta m {join}) IS {{}}"),
        [id.into(), roles.into()],
    )
}

/// One row: the revisions, the sequence number, the caller's roles (null if the session, key or user is gone), and the stored answer.
pub(super) fn preamble(principal: &Principal, key: Option<&Idempotency>) -> Statement {
    const STORED: &str = "i.fingerprint, i.status, i.headers, i.body, i.prefix, i.sealed, i.base, i.counters, i.places";
    let (roles, join, id) = roles_of(principal);
    match key {
        None => Statement::new(
            format!(
                "SELECT m.schema_rev, m.access_rev, m.seq, {roles} FROM meta m {join} WHERE ?1 IS NOT NULL"
            ),
            [id.into()],
        ),
        Some(key) => Statement::new(
            format!(
                "SELECT m.schema_rev, m.access_rev, m.seq, {roles}, {STORED} FROM meta m {join} LEFT JOIN idempotency i ON i.key_hash = ?2 WHERE ?1 IS NOT NULL"
            ),
            [id.into(), key.key_hash.as_str().into()],
        ),
    }
}

/// The revisions, the sequence number, the roles, and the stored answer.
type Parsed = ((i64, i64), i64, Option<String>, Option<StoredRow>);

pub(super) fn parse_preamble(row: Vec<Value>) -> Result<Parsed, Fault> {
    let odd = || Fault::Internal("the preamble's row has another shape".into());
    let mut columns = row.into_iter();
    let mut next = || columns.next().unwrap_or(Value::Null);
    let schema_rev = next().as_i64().ok_or_else(odd)?;
    let access_rev = next().as_i64().ok_or_else(odd)?;
    let seq = next().as_i64().ok_or_else(odd)?;
    let roles = next().into_text();
    let stored = match next() {
        Value::Text(fingerprint) => Some(StoredRow {
            fingerprint,
            status: next().as_i64().ok_or_else(odd)?,
            headers: next().into_text().ok_or_else(odd)?,
            body: next().into_text().ok_or_else(odd)?,
            prefix: next().as_i64().ok_or_else(odd)?,
            sealed: next().as_i64().ok_or_else(odd)? != 0,
            issued: Issued {
                base: next().as_i64().ok_or_else(odd)?,
                counters: next()
                    .as_str()
                    .and_then(|text| serde_json::from_str(text).ok())
                    .ok_or_else(odd)?,
            },
            places: next().into_text(),
        }),
        _ => None,
    };
    Ok(((schema_rev, access_rev), seq, roles, stored))
}
