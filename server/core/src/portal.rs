//! What a customer sees: nothing but what is said here, whatever the tenant's schema has.

use crm_contract::latest::{
    server::{PortalHandlers, portal},
    types::PortalMe,
};
use crm_runtime::{JsonObject, server::Problem};

use crate::{
    context::{Context, Principal},
    core::Core,
    fault::Fault,
    me::business,
    ports::store::{Statement, Value},
    shown::Shown,
    work::Scope,
};

/// The properties, of which these fields of the contact are copied.
const PROPERTIES: [&str; 9] = [
    "id",
    "business",
    "kind",
    "first_name",
    "last_name",
    "company_name",
    "emails",
    "phones",
    "billing_address",
];
const COPIED: &[&str] = PROPERTIES.split_at(2).1;

impl PortalHandlers<Context> for Core {
    async fn me(
        &self,
        cx: &Context,
        request: portal::MeRequest,
    ) -> Result<portal::MeResponse, Problem<portal::MeError>> {
        let shown = Shown::parse(request.fields.as_deref(), "id", &PROPERTIES)?;
        let plan = |scope: &Scope| {
            let Principal::Portal { contact, .. } = &scope.caller.principal else {
                return Err(Fault::Unauthenticated("this needs a customer's token").into());
            };
            Ok(vec![Statement::new(
                "SELECT id, data FROM records WHERE id = ?1 AND type = 'contact' AND deleted_at IS NULL",
                [contact.as_str().into()],
            )])
        };
        let (scope, rows) = self.work.read::<Problem<portal::MeError>>(cx, plan).await?;
        let Some([Value::Text(id), Value::Text(data)]) = rows
            .first()
            .and_then(|rows| rows.first())
            .map(Vec::as_slice)
        else {
            return Err(Fault::Unauthenticated("the customer is not on file any more").into());
        };
        let internal = |error: serde_json::Error| Fault::Internal(error.to_string());
        let mut fields: JsonObject = serde_json::from_str(data).map_err(internal)?;
        fields.retain(|name, value| COPIED.contains(&name.as_str()) && !value.is_null());
        fields.insert("id".to_owned(), id.as_str().into());
        let mut me: PortalMe = serde_json::from_value(fields.into()).map_err(internal)?;
        me.business = Some(business(self, &scope.caller.tenant).await?);
        Ok(portal::MeResponse {
            body: shown.of(me)?,
        })
    }
}
