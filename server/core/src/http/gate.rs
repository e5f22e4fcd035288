//! Admits requests to operations: a token of the right kind with the right scopes, within the rate limits, in an
//! existing version. A person's permissions are checked with the first read of the tenant's data.

use std::sync::Arc;

use axum::response::Response;
use crm_runtime::server::{
    Gate, GateCode, Operation, Problem, ReplyCode, Served, UsedDeprecations,
};
use http::{StatusCode, header, request::Parts};

use super::{
    address::{self, Peer, caller_address},
    bearer::{Bearer, bearer, challenge},
    idempotency,
    operator::Operator,
    passage::Passage,
    patience::TENANT_BUSY,
    seat::Seated,
    version,
};
use crate::{
    auth::token::{Rejected, Verified},
    context::{Context, Principal},
    core::Core,
    ports::limiter::Quota,
};

const UNAUTHENTICATED: GateCode = GateCode::new("UNAUTHENTICATED", StatusCode::UNAUTHORIZED);
const TOKEN_EXPIRED: GateCode = GateCode::new("TOKEN_EXPIRED", StatusCode::UNAUTHORIZED);
const FORBIDDEN: GateCode = GateCode::new("FORBIDDEN", StatusCode::FORBIDDEN);
const RATE_LIMITED: GateCode = GateCode::new("RATE_LIMITED", StatusCode::TOO_MANY_REQUESTS);

impl Gate for Core {
    type Context = Context;

    async fn admit(
        &self,
        operation: &'static Operation,
        head: &Parts,
    ) -> Result<Context, Problem<GateCode>> {
        // If the generated router is mounted without `http::router`, nobody is admitted.
        let passage = head
            .extensions
            .get::<Arc<Passage>>()
            .ok_or_else(|| Problem::new(GateCode::INTERNAL, "The server failed."))?;
        let _ = passage.operation.set(operation);
        let now = passage.now;
        let peer = head.extensions.get::<Peer>().map(|peer| peer.0);
        let address = caller_address(peer, &head.headers, &self.config.trusted_proxies);
        let verified = self.authenticate(operation, head, now).await;
        match &verified {
            Ok(Some(verified)) => {
                let id = verified.caller.principal.id().unwrap_or_default();
                self.count(
                    passage,
                    self.config.caller_quota,
                    &format!("{}/{id}", verified.caller.tenant),
                )
                .await?;
                let _ = passage.caller.set(verified.caller.clone());
                if let Some(Seated(seat)) = head.extensions.get::<Seated>()
                    && !seat.known(&verified.caller.tenant)
                {
                    let message =
                        "The server is busy with other requests of this business. Try again.";
                    return Err(Problem::new(TENANT_BUSY, message).retry_after(1));
                }
            }
            // A wrong token counts like none.
            Ok(None) | Err(_) => {
                let key = address::key(address);
                self.count(passage, self.config.address_quota, &key).await?;
            }
        }
        let verified = verified?;
        if head.extensions.get::<Served>().is_none()
            && !version::takes_its_own(operation, &head.headers)
        {
            return Err(version::unsupported());
        }
        let key = if operation.takes_idempotency_key {
            idempotency::key(&head.headers)?
        } else {
            None
        };
        Ok(Context {
            operation,
            request_id: passage.id.as_ref().to_owned(),
            now,
            deadline: now + self.config.deadline_ms,
            idempotency: key
                .zip(verified.as_ref())
                .map(|(key, verified)| idempotency::record(&key, &verified.caller)),
            caller: verified.map(|verified| verified.caller.clone()),
            address,
        })
    }

    fn body(&self, context: &mut Context, _: &'static Operation, head: &Parts, body: &[u8]) {
        if let Some(record) = &mut context.idempotency
            && let Ok(Some(key)) = idempotency::key(&head.headers)
        {
            let version = head
                .extensions
                .get::<Served>()
                .map_or(1, |served| served.version);
            record.fingerprint = idempotency::fingerprint(&key, head, version, body);
        }
    }

    fn finish(
        &self,
        context: Option<&Context>,
        operation: &'static Operation,
        head: &Parts,
        mut response: Response,
    ) -> Response {
        // A caller whose token turned out to be revoked counts as unauthenticated.
        if let Some(context) = context
            && let Some(caller) = &context.caller
            && response.status() != StatusCode::UNAUTHORIZED
        {
            let used = head.extensions.get::<UsedDeprecations>();
            let used = used.into_iter().flat_map(|used| used.0.iter().copied());
            let all = operation.deprecation.into_iter().chain(used);
            self.usage.count(caller, context.now, all);
        }
        if !matches!(
            response.status(),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
        ) || operation.security.is_empty()
        {
            return response;
        }
        let code = response
            .extensions()
            .get::<ReplyCode>()
            .map(|code| code.0.code);
        // Only a key can lack a scope, and it is refused before it has a context.
        let scopes = operation
            .security
            .iter()
            .find(|requirement| requirement.scheme == "key")
            .map(|requirement| requirement.scopes.join(" "));
        let missing = scopes.filter(|_| context.is_none());
        if let Some(value) = challenge(
            code.unwrap_or_default(),
            bearer(&head.headers),
            missing.as_deref(),
        ) {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}

impl Core {
    /// None if the operation needs no token.
    async fn authenticate(
        &self,
        operation: &'static Operation,
        head: &Parts,
        now: i64,
    ) -> Result<Option<Arc<Verified>>, Problem<GateCode>> {
        if operation.security.is_empty() {
            return Ok(None);
        }
        if !operation.has_rule() {
            tracing::error!(operation = operation.id, "the contract has no rule for it");
            return Err(Problem::new(FORBIDDEN, "No rule lets anybody do this."));
        }
        if let Some(operator) = head.extensions.get::<Operator>() {
            return Ok(Some(Arc::new(operator.verified())));
        }
        let token = match bearer(&head.headers) {
            Bearer::Token(token) => token,
            Bearer::Absent => {
                return Err(Problem::new(UNAUTHENTICATED, "This needs an access token."));
            }
            Bearer::Malformed => {
                return Err(Problem::new(
                    UNAUTHENTICATED,
                    "Authorization must be one header of the form `Bearer <token>`.",
                ));
            }
        };
        let verified = self
            .auth
            .verify(self.ports(), token, now)
            .await
            .map_err(refused)?;
        let requirement = operation
            .security
            .iter()
            .find(|requirement| requirement.scheme == verified.kind)
            .ok_or_else(|| {
                Problem::new(
                    UNAUTHENTICATED,
                    format!("A token of the kind {} is not valid here.", verified.kind),
                )
            })?;
        if let Principal::Key { scopes, .. } = &verified.caller.principal
            && let Some(missing) = requirement.missing(scopes)
        {
            return Err(
                Problem::new(FORBIDDEN, format!("The API key lacks the scope {missing}."))
                    .with("scope", missing),
            );
        }
        Ok(Some(verified))
    }

    async fn count(
        &self,
        passage: &Passage,
        quota: Quota,
        key: &str,
    ) -> Result<(), Problem<GateCode>> {
        let decision = self.ports().limiter.take(quota, key).await;
        let _ = passage.quota.set((quota, decision));
        if decision.allowed {
            return Ok(());
        }
        let seconds = decision.reset_s.max(1);
        Err(Problem::new(
            RATE_LIMITED,
            format!("Too many requests: wait for {seconds} s."),
        )
        .with("retry_after", seconds)
        .retry_after(seconds))
    }
}

fn refused(rejected: Rejected) -> Problem<GateCode> {
    match rejected {
        Rejected::Expired(at) => {
            Problem::new(TOKEN_EXPIRED, "The access token has expired.").with("expired_at", at)
        }
        other => Problem::new(
            UNAUTHENTICATED,
            format!("The access token is not valid: {other}."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use crm_runtime::server::Requirement;

    use super::*;
    use crate::{
        fault::Fault,
        testing::api::{Api, now},
    };

    const OPEN: Operation = Operation::new("views_list", "views", "GET", "/views")
        .security(&[Requirement::new("user", &[])])
        .no_permission("Everybody may.");
    static STATED: Operation = OPEN;
    static UNSAID: Operation = Operation {
        no_permission: None,
        ..OPEN
    };

    #[test]
    fn an_operation_without_a_rule_lets_not_even_an_owner_in() {
        let api = Api::default();
        let owner = api.owner();
        let admit = |operation| {
            let passage = Passage::new("r".into(), api.host.ports.clock.now());
            let request = http::Request::get("/views")
                .header("authorization", format!("Bearer {owner}"))
                .extension(Arc::new(passage))
                .extension(version::served(&http::HeaderMap::new()).unwrap());
            let (head, ()) = request.body(()).unwrap().into_parts();
            now(api.core.admit(operation, &head))
        };
        let refused = admit(&UNSAID).unwrap_err();
        assert_eq!(refused.code(), FORBIDDEN);
        // If the gate were bypassed, the inner check refuses it too.
        let mut cx = admit(&STATED).unwrap();
        let read = |cx: &Context| now(api.core.work.scope(cx)).map(|_| ());
        assert_eq!(read(&cx), Ok(()));
        cx.operation = &UNSAID;
        assert!(matches!(read(&cx), Err(Fault::NotGranted { .. })));
    }
}
