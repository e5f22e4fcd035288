//! The operations of the contract's tag `auth`: translate, call, translate back.

use crm_contract::latest::{
    server::{AuthHandlers, auth},
    types::{JsonWebKey, JsonWebKeySet},
};
use crm_runtime::server::Problem;

use super::grant;
use crate::{context::Context, core::Core, refusal::Refusal};

/// The default lifetime of a portal code, in ms.
const DEFAULT_CODE_LIFETIME_MS: i64 = 24 * 60 * 60 * 1000;

impl AuthHandlers<Context> for Core {
    async fn token(
        &self,
        cx: &Context,
        request: auth::TokenRequest,
    ) -> Result<auth::TokenResponse, Problem<auth::TokenError>> {
        let body = grant::exchange(self, cx, request.body)
            .await
            .map_err(Refusal::narrow)?;
        Ok(auth::TokenResponse { body })
    }

    async fn revoke(
        &self,
        cx: &Context,
        request: auth::RevokeRequest,
    ) -> Result<auth::RevokeResponse, Problem<auth::RevokeError>> {
        grant::refresh::revoke(self, cx, &request.body.refresh_token).await?;
        Ok(auth::RevokeResponse)
    }

    async fn create_portal_code(
        &self,
        cx: &Context,
        request: auth::CreatePortalCodeRequest,
    ) -> Result<auth::CreatePortalCodeResponse, Problem<auth::CreatePortalCodeError>> {
        let lifetime = request.body.expires_in.unwrap_or(DEFAULT_CODE_LIFETIME_MS);
        grant::portal_code::create(self, cx, &request.body.contact, lifetime)
            .await
            .map_err(Refusal::narrow)
    }

    async fn jwks(
        &self,
        cx: &Context,
        _: auth::JwksRequest,
    ) -> Result<auth::JwksResponse, Problem<auth::JwksError>> {
        let keys = self.auth.published(self.ports(), cx.now).await;
        let key = |(kid, x): (String, String)| JsonWebKey {
            kty: "OKP".to_owned(),
            kid,
            alg: Some(super::jws::ALGORITHM.to_owned()),
            r#use: Some("sig".to_owned()),
            crv: Some("Ed25519".to_owned()),
            x: Some(x),
            y: None,
        };
        Ok(auth::JwksResponse {
            body: JsonWebKeySet {
                keys: keys.into_iter().map(key).collect(),
            },
        })
    }
}
