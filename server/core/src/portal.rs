//! The operations for customers. They show only the fields listed here, whatever the tenant's schema has.

use crm_contract::latest::{
    server::{PortalHandlers, portal},
    types::PortalMe,
};
use crm_runtime::{JsonObject, server::Problem};

use crate::{
    access::visibility::{CONTACT, OF_CUSTOMER, Of, Visible},
    context::{Context, Principal},
    core::Core,
    fault::Fault,
    me::business,
    ports::store::{Rows, Value},
    records::sql::Sql,
    shown::Shown,
    work::{Reads, Scope},
};

impl PortalHandlers<Context> for Core {
    async fn me(
        &self,
        cx: &Context,
        request: portal::MeRequest,
    ) -> Result<portal::MeResponse, Problem<portal::MeError>> {
        let shown = Shown::parse(request.fields.as_deref(), "id", PortalMe::PROPERTIES)?;
        let plan = |scope: &Scope| {
            let Principal::Portal { contact, .. } = &scope.caller.principal else {
                return Err(Fault::Unauthenticated("this needs a customer's token").into());
            };
            let mut sql = Sql::new("SELECT id, data FROM records WHERE records.deleted_at IS NULL");
            sql.push(" AND records.id = ").bind(contact.as_str());
            Visible::to(scope).restrict(&mut sql, Of::Type(CONTACT), "records");
            Ok::<_, Problem<portal::MeError>>(Reads::one::<Rows>(sql.statement()))
        };
        let (scope, rows, mut found) = self.work.read(cx, plan).await?;
        let rows = found.take(rows)?;
        let Some([Value::Text(id), Value::Text(data)]) = rows.first().map(Vec::as_slice) else {
            return Err(Fault::Unauthenticated("the customer is not on file any more").into());
        };
        let internal = |error: serde_json::Error| Fault::Internal(error.to_string());
        let mut fields: JsonObject = serde_json::from_str(data).map_err(internal)?;
        fields.retain(|name, value| OF_CUSTOMER.contains(&name.as_str()) && !value.is_null());
        fields.insert("id".to_owned(), id.as_str().into());
        let mut me: PortalMe = serde_json::from_value(fields.into()).map_err(internal)?;
        me.business = Some(business(self, &scope.caller.tenant).await?);
        Ok(portal::MeResponse {
            body: shown.of(me)?,
        })
    }
}
