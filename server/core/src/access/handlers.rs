//! The operations of the contract's tag `access`: translate, call, translate back.

use crm_contract::latest::{
    server::{AccessHandlers, access},
    types,
};
use crm_runtime::server::Problem;

use super::{
    roles,
    users::{User, change, excess::WithKeys, list, row, standing},
};
use crate::{
    context::Context,
    core::Core,
    fault::Fault,
    page::{self, Added, at_hand, turn},
    records::etag,
    refusal::Refusal,
    shown::Shown,
    work::Outcome,
};

const ROLE_PROPERTIES: [&str; 4] = ["name", "label", "description", "built_in"];

impl AccessHandlers<Context> for Core {
    async fn list_users(
        &self,
        cx: &Context,
        request: access::ListUsersRequest,
    ) -> Result<access::ListUsersResponse, Problem<access::ListUsersError>> {
        let asked = list::Asked {
            fields: request.fields.as_deref(),
            limit: request.limit,
            cursor: request.cursor.as_deref(),
            total: request.total,
        };
        let body = list::page(self, cx, asked).await.map_err(Refusal::narrow)?;
        Ok(access::ListUsersResponse { body })
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
        Ok(reply(
            change::create(self, cx, request.body, answer)
                .await
                .map_err(Refusal::narrow)?,
        ))
    }

    async fn get_user(
        &self,
        cx: &Context,
        request: access::GetUserRequest,
    ) -> Result<access::GetUserResponse, Problem<access::GetUserError>> {
        let shown = Shown::parse(request.fields.as_deref(), "id", &row::PROPERTIES)?;
        let user = list::get(self, cx, &request.id)
            .await
            .map_err(Refusal::narrow)?;
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
        Ok(reply(
            change::update(
                self,
                cx,
                &request.id,
                request.if_match.as_deref(),
                request.body,
                answer,
            )
            .await
            .map_err(Refusal::narrow)?,
        ))
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
        Ok(reply(
            standing::deactivate(self, cx, &request.id, revoke_keys, answer)
                .await
                .map_err(Refusal::narrow)?,
        ))
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
        Ok(reply(
            standing::reactivate(self, cx, &request.id, answer)
                .await
                .map_err(Refusal::narrow)?,
        ))
    }

    async fn list_roles(
        &self,
        cx: &Context,
        request: access::ListRolesRequest,
    ) -> Result<access::ListRolesResponse, Problem<access::ListRolesError>> {
        let shown = Shown::parse(request.fields.as_deref(), "name", &ROLE_PROPERTIES)?;
        let (scope, _) = self.work.read::<Fault>(cx, |_| Ok(Vec::new())).await?;
        let list = scope.list(&["roles"]);
        let place = list
            .place(request.cursor.as_deref(), Added::from_json)
            .map_err(Refusal::narrow)?;
        let all = &roles::ALL;
        let after = |last: &Added| all.partition_point(|role| role.name <= last.id.as_str());
        let before = |first: &Added| all.partition_point(|role| role.name < first.id.as_str());
        let size = page::size(request.limit);
        let found = at_hand(all, &place, size, after, before);
        let position = |role: &&roles::Role| {
            Ok::<_, Fault>(Added {
                created_at: 0,
                id: role.name.to_owned(),
            })
        };
        let turned = turn(&place, found, position)?;
        let total = request.total.then_some(all.len() as i64);
        let page = list.links(&turned, Added::to_json, total);
        let items = turned
            .items
            .into_iter()
            .map(|role| shown.of(role.shown()))
            .collect::<Result<_, _>>()?;
        Ok(access::ListRolesResponse {
            body: types::RolePage { items, page },
        })
    }

    async fn get_role(
        &self,
        cx: &Context,
        request: access::GetRoleRequest,
    ) -> Result<access::GetRoleResponse, Problem<access::GetRoleError>> {
        let shown = Shown::parse(request.fields.as_deref(), "name", &ROLE_PROPERTIES)?;
        self.work.read::<Fault>(cx, |_| Ok(Vec::new())).await?;
        let role = roles::find(&request.role).ok_or_else(|| {
            Problem::new(access::GetRoleError::NotFound, "There is no such role.")
        })?;
        Ok(access::GetRoleResponse {
            body: shown.of(role.shown())?,
        })
    }
}

/// The answer just made, or the one that was stored.
pub fn reply<R: From<crm_runtime::server::StoredAnswer>>(outcome: Outcome<R>) -> R {
    match outcome {
        Outcome::Done(response) => response,
        Outcome::Replayed(stored) => stored.into(),
    }
}
