//! Finds who has an address or external id when a unique index refuses a person.

use std::sync::Arc;

use crm_contract::codes;

use crate::{
    auth::address::fold,
    core::Core,
    fault::Fault,
    ports::{
        TenantStore,
        store::{Statement, StoreError, TenantId},
    },
    refusal::Refusal,
    work::{AsyncViolation, Constraint, Scope, Violation},
};

/// The values that a change sets and another person may have.
pub struct Taken {
    store: Arc<dyn TenantStore>,
    login: String,
    external_id: Option<String>,
}

impl Taken {
    pub fn new(core: &Core, email: Option<&str>, external_id: Option<&str>) -> Self {
        Self {
            store: core.ports().store.clone(),
            login: email.map(fold).unwrap_or_default(),
            external_id: external_id.map(str::to_owned),
        }
    }

    async fn holder(&self, tenant: &TenantId, field: &str) -> Result<Option<String>, StoreError> {
        let statement = match field {
            "email" => Statement::new(
                "SELECT id FROM users WHERE login = ?1",
                [self.login.as_str().into()],
            ),
            _ => Statement::new(
                "SELECT id FROM users WHERE external_id = ?1",
                [self.external_id.clone().into()],
            ),
        };
        let rows = self.store.read(tenant, vec![statement]).await?;
        Ok(rows
            .into_iter()
            .next()
            .and_then(|rows| rows.into_iter().next()?.into_iter().next()?.into_text()))
    }
}

impl<C> AsyncViolation<Refusal<C>> for Taken
where
    Refusal<C>: From<Refusal<codes::UniqueViolation>>,
{
    async fn explain(&self, scope: &Scope, violation: Violation) -> Result<(), Refusal<C>> {
        let field = match violation.constraint {
            Constraint::Login => "email",
            Constraint::ExternalId => "external_id",
            other => {
                let what = format!("the constraint {other} refused a user");
                return Err(Fault::Internal(what).into());
            }
        };
        let holder = self.holder(&scope.caller.tenant, field).await;
        let refusal = Refusal::new(
            codes::UniqueViolation,
            format!("Another user has this {field}."),
        )
        .with("field", field);
        Err(match holder.map_err(Fault::from)? {
            Some(id) => refusal.with("existing", id).into(),
            None => refusal.into(),
        })
    }
}
