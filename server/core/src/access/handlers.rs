//! The operations of the contract's tag `access`: translate, call, translate back.

use crm_contract::latest::{
    server::{AccessHandlers, access},
    types,
};
use crm_runtime::server::Problem;

use super::{
    roles,
    users::{User, change, excess::WithKeys, row::missing, standing},
};
use crate::{
    context::Context,
    core::Core,
    etag,
    page::{self, of_items},
    refusal::Refusal,
    shown::Shown,
};

impl AccessHandlers<Context> for Core {
    async fn list_users(
        &self,
        cx: &Context,
        request: access::ListUsersRequest,
    ) -> Result<access::ListUsersResponse, Problem<access::ListUsersError>> {
        let asked = page::Asked {
            fields: request.fields.as_deref(),
            cursor: request.cursor.as_deref(),
            limit: request.limit,
            total: request.total,
        };
        let (items, page) = page::of_table(&self.work, cx, asked, User::shown)
            .await
            .map_err(Refusal::narrow)?;
        Ok(access::ListUsersResponse {
            body: types::UserPage { items, page },
        })
    }

    async fn create_user(
        &self,
        cx: &Context,
        request: access::CreateUserRequest,
    ) -> Result<access::CreateUserResponse, Problem<access::CreateUserError>> {
        let answer = |user: User| {
            access::CreateUserResponse::Created(access::CreateUserCreated {
                e_tag: Some(Shown::default().etag(user.version)),
                location: Some(format!("/users/{}", user.id)),
                body: user.shown(),
            })
        };
        let outcome = change::create(self, cx, request.body, answer).await;
        Ok(outcome.map_err(Refusal::narrow)?.into_reply())
    }

    async fn get_user(
        &self,
        cx: &Context,
        request: access::GetUserRequest,
    ) -> Result<access::GetUserResponse, Problem<access::GetUserError>> {
        let shown = Shown::parse(request.fields.as_deref(), "id", types::User::PROPERTIES)?;
        let user: Option<User> = self.work.row(cx, &request.id).await?;
        let user = user.ok_or_else(|| missing().narrow())?;
        let tag = shown.etag(user.version);
        if etag::none_match(request.if_none_match.as_deref(), &tag) {
            return Ok(access::GetUserResponse::NotModified(
                access::GetUserNotModified { e_tag: Some(tag) },
            ));
        }
        Ok(access::GetUserResponse::Ok(access::GetUserOk {
            body: shown.of(user.shown())?,
            e_tag: Some(tag),
        }))
    }

    async fn update_user(
        &self,
        cx: &Context,
        request: access::UpdateUserRequest,
    ) -> Result<access::UpdateUserResponse, Problem<access::UpdateUserError>> {
        let answer = |changed: WithKeys| {
            access::UpdateUserResponse::Ok(access::UpdateUserOk {
                e_tag: Some(Shown::default().etag(changed.user.version)),
                body: changed.shown(),
            })
        };
        let if_match = request.if_match.as_deref();
        let outcome = change::update(self, cx, &request.id, if_match, request.body, answer).await;
        Ok(outcome.map_err(Refusal::narrow)?.into_reply())
    }

    async fn deactivate_user(
        &self,
        cx: &Context,
        request: access::DeactivateUserRequest,
    ) -> Result<access::DeactivateUserResponse, Problem<access::DeactivateUserError>> {
        let asked = request.body.and_then(|body| body.revoke_api_keys);
        let revoke_keys = asked.unwrap_or_default();
        let answer = |done: WithKeys| {
            access::DeactivateUserResponse::Ok(access::DeactivateUserOk {
                e_tag: Some(Shown::default().etag(done.user.version)),
                body: done.shown(),
            })
        };
        let outcome = standing::deactivate(self, cx, &request.id, revoke_keys, answer).await;
        Ok(outcome.map_err(Refusal::narrow)?.into_reply())
    }

    async fn reactivate_user(
        &self,
        cx: &Context,
        request: access::ReactivateUserRequest,
    ) -> Result<access::ReactivateUserResponse, Problem<access::ReactivateUserError>> {
        let answer = |user: User| {
            access::ReactivateUserResponse::Ok(access::ReactivateUserOk {
                e_tag: Some(Shown::default().etag(user.version)),
                body: user.shown(),
            })
        };
        let outcome = standing::reactivate(self, cx, &request.id, answer).await;
        Ok(outcome.map_err(Refusal::narrow)?.into_reply())
    }

    async fn list_roles(
        &self,
        cx: &Context,
        request: access::ListRolesRequest,
    ) -> Result<access::ListRolesResponse, Problem<access::ListRolesError>> {
        let shown = Shown::parse(request.fields.as_deref(), "name", types::Role::PROPERTIES)?;
        let scope = self.work.scope(cx).await?;
        let asked = page::Asked {
            fields: request.fields.as_deref(),
            cursor: request.cursor.as_deref(),
            limit: request.limit,
            total: request.total,
        };
        let show = |role: &roles::Role| shown.of(role.shown());
        let (items, page) = of_items(
            &scope,
            &["roles"],
            &roles::ALL,
            |role| role.name,
            show,
            asked,
        )
        .map_err(Refusal::narrow)?;
        Ok(access::ListRolesResponse {
            body: types::RolePage { items, page },
        })
    }

    async fn get_role(
        &self,
        cx: &Context,
        request: access::GetRoleRequest,
    ) -> Result<access::GetRoleResponse, Problem<access::GetRoleError>> {
        let shown = Shown::parse(request.fields.as_deref(), "name", types::Role::PROPERTIES)?;
        self.work.scope(cx).await?;
        let role = roles::find(&request.role).ok_or_else(|| {
            Problem::new(access::GetRoleError::NotFound, "There is no such role.")
        })?;
        Ok(access::GetRoleResponse {
            body: shown.of(role.shown())?,
        })
    }
}
