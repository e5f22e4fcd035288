//! Sessions: a family of refresh tokens of one person or customer. Each renewal replaces the token. For a minute the
//! previous one returns the same successor, so that an interrupted renewal can be repeated. After that, using it ends
//! the session, since somebody else may have it.

use serde_json::json;

use super::credential::Credential;
use crate::{
    fault::Fault,
    ports::{
        Random,
        store::{Rows, Statement, TenantId, Value},
    },
    random_id,
    work::{Entry, Guard, log, seal, settled},
};

/// The lifetime of a session without renewal, in ms.
pub const IDLE_MS: i64 = 90 * 24 * 60 * 60 * 1000;
/// How long the previous refresh token returns its successor, in ms.
pub const REPEAT_MS: i64 = 60_000;

/// The kind of a session's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    User,
    Portal,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Portal => "portal",
        }
    }
}

/// A stored session, and the other data for its renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The tenant's secret, which proves that a token was made here.
    pub tenant_secret: String,
    pub kind: Kind,
    pub subject: String,
    pub refresh_hash: String,
    pub previous_hash: Option<String>,
    /// The refresh token, encrypted under the previous one.
    pub successor: Option<String>,
    pub rotated_at: i64,
    pub expires_at: i64,
    pub revoked: bool,
    /// Whether the person is active, or the customer's record exists.
    pub alive: bool,
}

/// The verdict on a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The current token: it gets a successor.
    Renew,
    /// The previous token, within a minute: it gets the same successor again.
    Repeat(Credential),
    /// An older token: the session ends.
    Reused,
    Refused,
}

/// Makes a session and its first refresh token, and logs the sign-in.
pub fn open(
    tenant: &TenantId,
    tenant_secret: &str,
    kind: Kind,
    subject: &str,
    now: i64,
    random: &dyn Random,
) -> (Credential, Vec<Statement>) {
    let token = Credential::refresh(
        tenant,
        random_id::uuid_v7(now, random),
        tenant_secret,
        random_id::bytes(random),
    );
    let actor = format!("{}:{subject}", kind.name());
    let fields = json!({"kind": kind.name(), "subject": subject});
    let entry = Entry::new(log::Kind::Session, id(&token), "create", fields);
    let mut statements = vec![
        settled::look(now),
        Statement::new(
            format!(
                "DELETE FROM sessions WHERE expires_at < {}",
                settled::passed("?1", "?2")
            ),
            [now.into(), settled::STEADY_MS.into()],
        ),
        Statement::new(
            "INSERT INTO sessions (id, kind, subject, refresh_hash, rotated_at, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)",
            [
                id(&token).into(),
                kind.name().into(),
                subject.into(),
                token.hash().into(),
                now.into(),
                (now + IDLE_MS).into(),
            ],
        ),
    ];
    statements.extend(log::alone(&entry, now, &actor));
    (token, statements)
}

/// The session id of a refresh token.
pub fn id(token: &Credential) -> String {
    token.id.hyphenated().to_string()
}

/// Reads the session that a refresh token names.
pub fn read(token: &Credential) -> Statement {
    Statement::new(
        "SELECT m.secret, s.kind, s.subject, s.refresh_hash, s.previous_hash, s.successor, s.rotated_at, s.expires_at, s.revoked_at, \
         CASE s.kind WHEN 'user' THEN EXISTS (SELECT 1 FROM users u WHERE u.id = s.subject AND u.status = 'active') \
         ELSE EXISTS (SELECT 1 FROM records r WHERE r.id = s.subject AND r.type = 'contact' AND r.deleted_at IS NULL) END \
         FROM sessions s JOIN meta m WHERE s.id = ?1",
        [id(token).into()],
    )
}

/// None if there is no such session.
pub fn parse(rows: Rows) -> Result<Option<Session>, Fault> {
    let Some(row) = rows.into_iter().next() else {
        return Ok(None);
    };
    let odd = || Fault::Internal("a session's row has another shape".into());
    let Ok(
        [
            secret,
            kind,
            subject,
            hash,
            previous,
            successor,
            rotated_at,
            expires_at,
            revoked_at,
            alive,
        ],
    ) = <[Value; 10]>::try_from(row)
    else {
        return Err(odd());
    };
    Ok(Some(Session {
        tenant_secret: secret.into_text().ok_or_else(odd)?,
        kind: match kind.as_str() {
            Some("user") => Kind::User,
            Some("portal") => Kind::Portal,
            _ => return Err(odd()),
        },
        subject: subject.into_text().ok_or_else(odd)?,
        refresh_hash: hash.into_text().ok_or_else(odd)?,
        previous_hash: previous.into_text(),
        successor: successor.into_text(),
        rotated_at: rotated_at.as_i64().ok_or_else(odd)?,
        expires_at: expires_at.as_i64().ok_or_else(odd)?,
        revoked: revoked_at != Value::Null,
        alive: alive.as_i64() == Some(1),
    }))
}

/// Judges a refresh token by its session.
pub fn judge(session: &Session, token: &Credential, now: i64) -> Verdict {
    if session.revoked || !session.alive || now >= session.expires_at {
        return Verdict::Refused;
    }
    if token.matches(&session.refresh_hash) {
        return Verdict::Renew;
    }
    let is_previous = session
        .previous_hash
        .as_ref()
        .is_some_and(|hash| token.matches(hash));
    // `abs_diff`, so that a clock that went back does not prolong the time for repeats.
    if is_previous && now.abs_diff(session.rotated_at) <= REPEAT_MS.unsigned_abs() {
        let successor = session
            .successor
            .as_ref()
            .and_then(|sealed| seal::open(&token.sealing_key(), sealed));
        let successor = successor
            .and_then(|text| Credential::parse(super::credential::Kind::RefreshToken, &text));
        return successor.map_or(Verdict::Refused, Verdict::Repeat);
    }
    // A token that this server did not make does not end the session.
    if is_previous || token.is_genuine(&session.tenant_secret) {
        Verdict::Reused
    } else {
        Verdict::Refused
    }
}

/// Replaces the token by a successor, unless another request was faster.
pub fn renew(
    session: &Session,
    token: &Credential,
    now: i64,
    random: &dyn Random,
) -> (Credential, Vec<Statement>) {
    let successor = Credential::refresh(
        &token.tenant,
        token.id,
        &session.tenant_secret,
        random_id::bytes(random),
    );
    let sealed = seal::seal(&token.sealing_key(), &successor.text(), random);
    let guard = Guard::new().and(
        "EXISTS (SELECT 1 FROM sessions WHERE id = {} AND refresh_hash = {} AND revoked_at IS NULL)",
        [id(token).into(), session.refresh_hash.as_str().into()],
    );
    let update = Statement::new(
        "UPDATE sessions SET previous_hash = refresh_hash, refresh_hash = ?2, successor = ?3, rotated_at = ?4, expires_at = ?5 WHERE id = ?1",
        [
            id(token).into(),
            successor.hash().into(),
            sealed.into(),
            now.into(),
            (now + IDLE_MS).into(),
        ],
    );
    (
        successor,
        guard.statement().into_iter().chain([update]).collect(),
    )
}

/// Ends the session of a refresh token, unless it has ended. The change log records `why`.
pub fn revoke(session: &Session, token: &Credential, why: &str, now: i64) -> Vec<Statement> {
    let id = id(token);
    let going = Guard::new().and(
        "EXISTS (SELECT 1 FROM sessions WHERE id = {} AND revoked_at IS NULL)",
        [id.as_str().into()],
    );
    let end = Statement::new(
        "UPDATE sessions SET revoked_at = ?2, successor = NULL WHERE id = ?1",
        [id.as_str().into(), now.into()],
    );
    let actor = format!("{}:{}", session.kind.name(), session.subject);
    let entry = Entry::new(log::Kind::Session, id, "revoke", json!({"why": why}));
    let statements = going.statement().into_iter().chain([end]);
    statements.chain(log::alone(&entry, now, &actor)).collect()
}

/// Ends all sessions of a person or customer except `kept`.
pub fn revoke_all(subject: &str, kept: Option<&str>, now: i64) -> Statement {
    Statement::new(
        "UPDATE sessions SET revoked_at = ?2, successor = NULL WHERE subject = ?1 AND revoked_at IS NULL AND id IS NOT ?3",
        [subject.into(), now.into(), kept.map(str::to_owned).into()],
    )
}

#[cfg(test)]
mod tests;
