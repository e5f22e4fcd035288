//! The operations of the contract's tag `platform`.

use crm_contract::{
    MEDIA,
    latest::{
        server::{PlatformHandlers, platform},
        types::{FilterLimits, Health, HealthStatus, Limits, PageSizeLimits, RateLimitRule},
    },
};
use crm_runtime::{RawJson, server::Problem};

use super::{dashboard::DASHBOARD, documents};
use crate::{
    context::Context,
    core::Core,
    etag,
    http::BODY_LIMIT,
    page::PAGE_BYTES,
    records::filter::{MOST_DEPTH, MOST_LEAVES, MOST_VALUES},
    schema::{MOST_FIELDS, MOST_TYPES, value::MAX_LINES},
    work::stored,
};

/// The contract states these three as well, as bounds of parameters and bodies. Generated code checks them.
const PAGE_DEFAULT: i64 = 50;
const PAGE_MOST: i64 = 200;
const BATCH_MOST: i64 = 1_000;

impl PlatformHandlers<Context> for Core {
    async fn health(
        &self,
        cx: &Context,
        _: platform::HealthRequest,
    ) -> Result<platform::HealthResponse, Problem<platform::HealthError>> {
        // Every request needs the directory first.
        let status = match self.ports().directory.signing_keys().await {
            Ok(_) => HealthStatus::Ok,
            Err(_) => HealthStatus::Degraded,
        };
        let body = Health {
            status,
            time: cx.now,
            api_versions: MEDIA
                .versions
                .iter()
                .map(|version| version.version.into())
                .collect(),
            release: env!("CARGO_PKG_VERSION").to_owned(),
        };
        Ok(platform::HealthResponse { body })
    }

    async fn limits(
        &self,
        _: &Context,
        _: platform::LimitsRequest,
    ) -> Result<platform::LimitsResponse, Problem<platform::LimitsError>> {
        let quotas = [
            self.config.caller_quota,
            self.config.address_quota,
            self.config.sign_in_quota,
        ];
        let rate = |quota: crate::ports::limiter::Quota| RateLimitRule {
            name: quota.name.to_owned(),
            requests: quota.requests.into(),
            window: i64::from(quota.window_s) * 1_000,
        };
        let body = Limits {
            body_bytes: BODY_LIMIT as i64,
            page_size: PageSizeLimits {
                default: PAGE_DEFAULT,
                maximum: PAGE_MOST,
            },
            page_bytes: PAGE_BYTES as i64,
            batch_operations: BATCH_MOST,
            filter: FilterLimits {
                depth: MOST_DEPTH as i64,
                leaves: MOST_LEAVES as i64,
                values: MOST_VALUES as i64,
            },
            object_types: MOST_TYPES as i64,
            fields_per_type: MOST_FIELDS as i64,
            lines_per_record: MAX_LINES as i64,
            idempotency_window: stored::KEPT_MS,
            rates: quotas.into_iter().map(rate).collect(),
        };
        Ok(platform::LimitsResponse { body })
    }

    async fn openapi_json(
        &self,
        _: &Context,
        request: platform::OpenapiJsonRequest,
    ) -> Result<platform::OpenapiJsonResponse, Problem<platform::OpenapiJsonError>> {
        let consumer = request.consumer.as_ref().map(|consumer| consumer.as_str());
        let published = documents::find(request.version, consumer).ok_or_else(|| {
            Problem::new(
                platform::OpenapiJsonError::NotFound,
                unknown(request.version),
            )
        })?;
        let form = request.openapi.as_ref().map(|form| form.as_str());
        let text = documents::json(published, form);
        let e_tag = Some(documents::e_tag(text));
        if etag::none_match(request.if_none_match.as_deref(), &documents::opaque(text)) {
            return Ok(platform::OpenapiJsonResponse::NotModified(
                platform::OpenapiJsonNotModified { e_tag },
            ));
        }
        let text = documents::text(&*self.ports().documents, text).await?;
        let body = RawJson::from_text(text).unwrap_or_default();
        Ok(platform::OpenapiJsonResponse::Ok(platform::OpenapiJsonOk {
            body,
            e_tag,
        }))
    }

    async fn openapi_yaml(
        &self,
        _: &Context,
        request: platform::OpenapiYamlRequest,
    ) -> Result<platform::OpenapiYamlResponse, Problem<platform::OpenapiYamlError>> {
        let consumer = request.consumer.as_ref().map(|consumer| consumer.as_str());
        let published = documents::find(request.version, consumer).ok_or_else(|| {
            Problem::new(
                platform::OpenapiYamlError::NotFound,
                unknown(request.version),
            )
        })?;
        let form = request.openapi.as_ref().map(|form| form.as_str());
        let text = documents::yaml(published, form);
        let e_tag = Some(documents::e_tag(text));
        if etag::none_match(request.if_none_match.as_deref(), &documents::opaque(text)) {
            return Ok(platform::OpenapiYamlResponse::NotModified(
                platform::OpenapiYamlNotModified { e_tag },
            ));
        }
        let text = documents::text(&*self.ports().documents, text).await?;
        let body = text.into();
        Ok(platform::OpenapiYamlResponse::Ok(platform::OpenapiYamlOk {
            body,
            e_tag,
        }))
    }

    async fn docs(
        &self,
        _: &Context,
        request: platform::DocsRequest,
    ) -> Result<platform::DocsResponse, Problem<platform::DocsError>> {
        let consumer = request.consumer.as_ref().map(|consumer| consumer.as_str());
        let published = documents::find(request.version, consumer)
            .ok_or_else(|| Problem::new(platform::DocsError::NotFound, unknown(request.version)))?;
        let text = &published.page;
        let e_tag = Some(documents::e_tag(text));
        if etag::none_match(request.if_none_match.as_deref(), &documents::opaque(text)) {
            return Ok(platform::DocsResponse::NotModified(
                platform::DocsNotModified { e_tag },
            ));
        }
        let text = documents::text(&*self.ports().documents, text).await?;
        Ok(platform::DocsResponse::Ok(platform::DocsOk {
            body: text.into(),
            e_tag,
            content_security_policy: Some(documents::PAGE_POLICY.to_owned()),
        }))
    }

    async fn dashboard(
        &self,
        _: &Context,
        request: platform::DashboardRequest,
    ) -> Result<platform::DashboardResponse, Problem<platform::DashboardError>> {
        // Weak, like those of the documents.
        let e_tag = Some(format!("W/{}", DASHBOARD.opaque));
        if etag::none_match(request.if_none_match.as_deref(), &DASHBOARD.opaque) {
            return Ok(platform::DashboardResponse::NotModified(
                platform::DashboardNotModified { e_tag },
            ));
        }
        Ok(platform::DashboardResponse::Ok(platform::DashboardOk {
            body: DASHBOARD.text.clone().into(),
            e_tag,
            content_security_policy: Some(DASHBOARD.policy.clone()),
        }))
    }
}

fn unknown(version: i64) -> String {
    let known: Vec<String> = MEDIA
        .versions
        .iter()
        .map(|version| version.version.to_string())
        .collect();
    format!(
        "There is no version {version} of the contract; there is {}.",
        known.join(", ")
    )
}
