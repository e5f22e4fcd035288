//! The one-time code of a customer: making it, and signing in with it.

use crm_contract::{
    codes,
    latest::{
        server::auth::CreatePortalCodeResponse,
        types::{PortalCode, TokenResponse},
    },
};
use serde_json::json;

use super::{answer, commit, read, refused};
use crate::{
    access::visibility::{CONTACT, Of, Visible},
    auth::{
        credential::{self, Credential},
        sessions,
    },
    context::Context,
    core::Core,
    fault::Fault,
    ports::store::{Statement, Value},
    random_id,
    records::sql::Sql,
    refusal::Refusal,
    work::{
        Decision, Entry, Found, Guard, Kind, NoneExpected, Outcome, Reads, Scope, Wanted, settled,
    },
};

/// Makes a code for a contact with a lifetime in ms.
pub async fn create(
    core: &Core,
    cx: &Context,
    contact: &str,
    lifetime_ms: i64,
) -> Result<CreatePortalCodeResponse, Refusal<codes::NotFound>> {
    let random = &*core.ports().random;
    let tenant = cx
        .caller
        .as_ref()
        .map(|caller| caller.tenant.clone())
        .ok_or(Fault::Unauthenticated("this needs a token"))?;
    let code = Credential {
        kind: credential::Kind::PortalCode,
        tenant,
        id: random_id::uuid_v7(cx.now, random),
        secret: random_id::bytes(random),
    };
    let expires_at = cx.now + lifetime_ms;
    let plan = |scope: &Scope| {
        let mut sql = Sql::new("SELECT 1 FROM records WHERE records.deleted_at IS NULL");
        sql.push(" AND records.id = ").bind(contact);
        Visible::to(scope).restrict(&mut sql, Of::Type(CONTACT), "records");
        Ok(Reads::one::<bool>(sql.statement()))
    };
    let decide = |scope: &Scope, is_there: Wanted<bool>, mut found: Found| {
        if !found.take(is_there)? {
            return Err(Refusal::new(codes::NotFound, "There is no such contact."));
        }
        let body = PortalCode {
            code: code.text(),
            contact: contact.to_owned(),
            expires_at,
        };
        let statements = vec![
            settled::look(cx.now),
            Statement::new(
                format!(
                    "DELETE FROM portal_codes WHERE expires_at < {}",
                    settled::passed("?1", "?2")
                ),
                [cx.now.into(), settled::STEADY_MS.into()],
            ),
            Statement::new(
                "INSERT INTO portal_codes (code_hash, contact_id, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)",
                [
                    code.hash().into(),
                    contact.into(),
                    cx.now.into(),
                    expires_at.into(),
                ],
            ),
        ];
        let entry = Entry::new(
            Kind::PortalCode,
            code.id.hyphenated().to_string(),
            "create",
            json!({"contact": contact, "expires_at": expires_at}),
        );
        let decision = Decision::change(vec![entry], statements, move |_| {
            CreatePortalCodeResponse { body: body.clone() }
        });
        Ok(decision.under(Visible::to(scope).guard([contact])).secret())
    };
    match core.work.write(cx, plan, decide, NoneExpected).await? {
        Outcome::Done(response) => Ok(response),
        Outcome::Replayed(_) => {
            Err(Fault::Internal("an operation without key was replayed".into()).into())
        }
    }
}

pub async fn exchange(
    core: &Core,
    cx: &Context,
    code: &str,
) -> Result<TokenResponse, Refusal<codes::InvalidCredentials>> {
    let code = Credential::parse(credential::Kind::PortalCode, code).ok_or_else(refused)?;
    let hash = code.hash();
    let find = Statement::new(
        "SELECT m.secret, p.contact_id FROM portal_codes p JOIN meta m JOIN records r ON r.id = p.contact_id \
         WHERE p.code_hash = ?1 AND p.used_at IS NULL AND p.expires_at > ?2 AND r.type = 'contact' AND r.deleted_at IS NULL",
        [hash.as_str().into(), cx.now.into()],
    );
    let row = read(core, &code.tenant, find)
        .await?
        .into_iter()
        .next()
        .ok_or_else(refused)?;
    let [Value::Text(secret), Value::Text(contact)] = row.as_slice() else {
        return Err(refused());
    };
    let (refresh, opening) = sessions::open(
        &code.tenant,
        secret,
        sessions::Kind::Portal,
        contact,
        cx.now,
        &*core.ports().random,
    );
    let guard = Guard::new()
        .and(
            "EXISTS (SELECT 1 FROM portal_codes WHERE code_hash = {} AND used_at IS NULL)",
            [hash.as_str().into()],
        )
        .and(
            "EXISTS (SELECT 1 FROM records WHERE id = {} AND deleted_at IS NULL)",
            [contact.as_str().into()],
        );
    let used = Statement::new(
        "UPDATE portal_codes SET used_at = ?2 WHERE code_hash = ?1",
        [hash.as_str().into(), cx.now.into()],
    );
    // If several requests use a code at the same time, one succeeds.
    if !commit(
        core,
        &code.tenant,
        guard
            .statement()
            .into_iter()
            .chain([used])
            .chain(opening)
            .collect(),
    )
    .await?
    {
        return Err(refused());
    }
    Ok(answer(core, cx, sessions::Kind::Portal, contact.clone(), &refresh).await?)
}
