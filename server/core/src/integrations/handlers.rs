//! The operations of the contract's tag `integrations`.

use crm_contract::{
    codes,
    latest::{
        server::{IntegrationsHandlers, integrations},
        types,
    },
};
use crm_runtime::server::{At, Problem, Report};
use uuid::Uuid;

use super::{
    api_keys::{self, ApiKey},
    deprecations,
};
use crate::{
    access::{grants::Grants, rights::Rights},
    auth::credential::{Credential, Kind},
    code_set,
    context::{Context, Principal},
    core::Core,
    fault::Fault,
    new_id::NewId,
    page, random_id,
    refusal::Refusal,
    rows,
    shown::Shown,
    work::{Decision, Found, Guard, Issued, NoneExpected, Outcome, Reads, Scope, Wanted},
};

code_set! {
    pub enum Making { IdTaken, FieldInvalid }
}

impl IntegrationsHandlers<Context> for Core {
    async fn list_api_keys(
        &self,
        cx: &Context,
        request: integrations::ListApiKeysRequest,
    ) -> Result<integrations::ListApiKeysResponse, Problem<integrations::ListApiKeysError>> {
        let asked = page::Asked {
            fields: request.fields.as_deref(),
            cursor: request.cursor.as_deref(),
            limit: request.limit,
            total: request.total,
        };
        let (items, page) = page::of_table(&self.work, cx, asked, ApiKey::shown)
            .await
            .map_err(Refusal::narrow)?;
        Ok(integrations::ListApiKeysResponse {
            body: types::ApiKeyPage { items, page },
        })
    }

    async fn create_api_key(
        &self,
        cx: &Context,
        request: integrations::CreateApiKeyRequest,
    ) -> Result<integrations::CreateApiKeyResponse, Problem<integrations::CreateApiKeyError>> {
        let outcome = create(self, cx, request.body).await;
        Ok(outcome.map_err(Refusal::narrow)?.into_reply())
    }

    async fn get_api_key(
        &self,
        cx: &Context,
        request: integrations::GetApiKeyRequest,
    ) -> Result<integrations::GetApiKeyResponse, Problem<integrations::GetApiKeyError>> {
        let shown = Shown::parse(request.fields.as_deref(), "id", types::ApiKey::PROPERTIES)?;
        let key: Option<ApiKey> = self.work.row(cx, &request.id).await?;
        let key = key.ok_or_else(|| missing().narrow())?;
        Ok(integrations::GetApiKeyResponse {
            body: shown.of(key.shown())?,
        })
    }

    async fn revoke_api_key(
        &self,
        cx: &Context,
        request: integrations::RevokeApiKeyRequest,
    ) -> Result<integrations::RevokeApiKeyResponse, Problem<integrations::RevokeApiKeyError>> {
        let plan = |_: &Scope| Ok(Reads::one(rows::find::<ApiKey>(&request.id)));
        let decide = |_: &Scope, key: Wanted<Option<ApiKey>>, mut found: Found| {
            let key = found.take(key)?.ok_or_else(missing)?;
            let answer = |_: &Issued| integrations::RevokeApiKeyResponse::NoContent;
            if key.revoked_at.is_some() {
                return Ok(Decision::nothing(answer));
            }
            let entry = key.revoked(cx.now);
            let statements = vec![api_keys::revoke(&key.id, cx.now)];
            let unrevoked = Guard::new().and(
                "EXISTS (SELECT 1 FROM api_keys WHERE id = {} AND revoked_at IS NULL)",
                [key.id.as_str().into()],
            );
            Ok(Decision::change(vec![entry], statements, answer).under(unrevoked))
        };
        let outcome = self.work.write(cx, plan, decide, NoneExpected).await;
        let outcome = outcome.map_err(Refusal::<codes::NotFound>::narrow)?;
        Ok(outcome.into_reply())
    }

    async fn list_deprecations(
        &self,
        cx: &Context,
        request: integrations::ListDeprecationsRequest,
    ) -> Result<integrations::ListDeprecationsResponse, Problem<integrations::ListDeprecationsError>>
    {
        let body = deprecations::list(self, cx, &request)
            .await
            .map_err(Refusal::narrow)?;
        Ok(integrations::ListDeprecationsResponse { body })
    }

    async fn list_deprecation_usage(
        &self,
        cx: &Context,
        request: integrations::ListDeprecationUsageRequest,
    ) -> Result<
        integrations::ListDeprecationUsageResponse,
        Problem<integrations::ListDeprecationUsageError>,
    > {
        let body = deprecations::usage(self, cx, &request)
            .await
            .map_err(Refusal::narrow)?;
        Ok(integrations::ListDeprecationUsageResponse { body })
    }
}

async fn create(
    core: &Core,
    cx: &Context,
    body: types::ApiKeyCreate,
) -> Result<Outcome<integrations::CreateApiKeyResponse>, Refusal<Making>> {
    let random = &*core.ports().random;
    let caller = cx
        .caller
        .as_ref()
        .ok_or(Fault::Unauthenticated("this needs a token"))?;
    let new_id = NewId::of(core, cx, body.id);
    // The contract has checked its form, or it was minted.
    let id = Uuid::try_parse(&new_id.id).unwrap_or_default();
    let secret = Credential {
        kind: Kind::ApiKey,
        tenant: caller.tenant.clone(),
        id,
        secret: random_id::bytes(random),
    };
    let mut scopes: Vec<String> = body
        .scopes
        .iter()
        .map(|scope| scope.as_str().to_owned())
        .collect();
    scopes.sort_unstable();
    let key = ApiKey {
        id: id.hyphenated().to_string(),
        content_hash: api_keys::content_hash(&body.name, &scopes, body.expires_at),
        name: body.name,
        scopes,
        created_by: caller.principal.actor(),
        created_at: cx.now,
        expires_at: body.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    let plan = |scope: &Scope| {
        let mut reads = Reads::default();
        let there = reads.add(rows::find::<ApiKey>(&key.id));
        let made_with = match &scope.caller.principal {
            Principal::Key { id, .. } => Some(reads.add(rows::find::<ApiKey>(id))),
            _ => None,
        };
        Ok((reads, (there, made_with)))
    };
    type Asked = (Wanted<Option<ApiKey>>, Option<Wanted<Option<ApiKey>>>);
    let decide = |scope: &Scope, (there, made_with): Asked, mut found: Found| {
        may_give(&scope.grants, &key.scopes)?;
        let made_with = made_with.map(|key| found.take(key)).transpose()?.flatten();
        let there = found.take(there)?;
        let there = new_id.repeated(there, |key| &key.content_hash, &key.content_hash)?;
        if let Some(found) = there {
            return Ok(Decision::nothing(move |_| answer(&found, None)));
        }
        let end = made_with.and_then(|key| key.expires_at);
        let made = ApiKey {
            expires_at: lasting(key.expires_at, end)?,
            ..key.clone()
        };
        let text = secret.text();
        let entry = made.created();
        let insert = api_keys::insert(&made, &scope.caller.principal, secret.hash());
        let decision = Decision::change(vec![entry], vec![insert], move |_| {
            answer(&made, Some(text.clone()))
        });
        let guard = Guard::new().versions("api_keys", [(key.id.as_str(), 0)]);
        Ok(decision.under(guard).secret())
    };
    core.work.write(cx, plan, decide, NoneExpected).await
}

/// The expiry of a key with the requested expiry `asked` that is made with a key that expires at `end`: no later than
/// `end`.
fn lasting(
    asked: Option<i64>,
    end: Option<i64>,
) -> Result<Option<i64>, Refusal<codes::FieldInvalid>> {
    match (asked, end) {
        (Some(asked), Some(end)) if asked > end => {
            let mut report = Report::new();
            report.add(
                &At::BODY.name("expires_at"),
                "maximum",
                format!(
                    "The key that makes this one expires at {end}: it makes none that outlives it."
                ),
            );
            Err(Refusal::Refused(
                report.problem().map(|_| codes::FieldInvalid),
            ))
        }
        (asked, end) => Ok(asked.or(end)),
    }
}

/// Checks that the maker, a person or a key, has the permissions of the new key's scopes.
fn may_give(maker: &Grants, scopes: &[String]) -> Result<(), Fault> {
    for scope in scopes {
        let rights = Rights::of_scope(scope)
            .ok_or_else(|| Fault::Internal(format!("no permission has the scope {scope}")))?;
        maker.cover(rights, &format!("give the scope {scope}"))?;
    }
    Ok(())
}

fn answer(key: &ApiKey, secret: Option<String>) -> integrations::CreateApiKeyResponse {
    let location = Some(format!("/api-keys/{}", key.id));
    integrations::CreateApiKeyResponse::Created(integrations::CreateApiKeyCreated {
        body: key.made(secret),
        location,
    })
}

fn missing() -> Refusal<codes::NotFound> {
    Refusal::new(codes::NotFound, "There is no such API key.")
}
