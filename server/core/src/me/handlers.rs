//! The operations of the contract's tag `me`.

use crm_contract::latest::{
    server::{MeHandlers, me},
    types::{Me, MeKind, NamedRef, PermissionSet},
};
use crm_runtime::server::Problem;

use super::permissions;
use crate::{
    context::{Context, Principal},
    core::Core,
    fault::Fault,
    ports::store::{Rows, Statement, TenantId, Value},
    shown::Shown,
    work::{Reads, Scope},
};

impl MeHandlers<Context> for Core {
    async fn get(
        &self,
        cx: &Context,
        request: me::GetRequest,
    ) -> Result<me::GetResponse, Problem<me::GetError>> {
        let shown = Shown::parse(request.fields.as_deref(), "id", Me::PROPERTIES)?;
        let me = caller(self, cx).await?;
        Ok(me::GetResponse {
            body: shown.of(me)?,
        })
    }

    async fn permissions(
        &self,
        cx: &Context,
        _: me::PermissionsRequest,
    ) -> Result<me::PermissionsResponse, Problem<me::PermissionsError>> {
        let scope = self.work.scope(cx).await?;
        let types = scope
            .state
            .schema
            .types()
            .map(|object_type| object_type.name.as_str());
        Ok(me::PermissionsResponse {
            body: PermissionSet {
                permissions: permissions::list(&scope.grants, types),
            },
        })
    }
}

async fn caller(core: &Core, cx: &Context) -> Result<Me, Fault> {
    let plan = |scope: &Scope| {
        Ok(Reads::one::<Rows>(match &scope.caller.principal {
            Principal::User { id, .. } => Statement::new(
                "SELECT name, roles, email, profile ->> 'title' FROM users WHERE id = ?1",
                [id.as_str().into()],
            ),
            Principal::Key { id, .. } => Statement::new(
                "SELECT name, scopes, NULL AS email, NULL AS title FROM api_keys WHERE id = ?1",
                [id.as_str().into()],
            ),
            Principal::Portal { .. } | Principal::Operator => {
                return Err(Fault::Unauthenticated(
                    "this needs a person's or a key's token",
                ));
            }
        }))
    };
    let (scope, rows, mut found) = core.work.read::<_, Fault>(cx, plan).await?;
    let row = found.take(rows)?.into_iter().next().unwrap_or_default();
    let [Value::Text(name), Value::Text(list), email, title] =
        <[Value; 4]>::try_from(row).unwrap_or([const { Value::Null }; 4])
    else {
        return Err(Fault::Unauthenticated("the caller is gone"));
    };
    let list: Vec<String> = serde_json::from_str(&list).unwrap_or_default();
    let (kind, roles, scopes) = match &scope.caller.principal {
        Principal::User { .. } => (MeKind::User, Some(list), None),
        _ => (MeKind::Key, None, Some(list)),
    };
    Ok(Me {
        id: scope.caller.principal.id().unwrap_or_default().to_owned(),
        kind: Some(kind),
        name: Some(name),
        tenant: Some(business(core, &scope.caller.tenant).await?),
        email: email.into_text(),
        title: title.into_text(),
        roles,
        scopes,
    })
}

/// The id and name of the business.
pub async fn business(core: &Core, tenant: &TenantId) -> Result<NamedRef, Fault> {
    let entry = core.ports().directory.tenant(tenant).await?;
    Ok(NamedRef {
        id: tenant.to_string(),
        name: entry.map(|entry| entry.name).unwrap_or_default(),
    })
}
