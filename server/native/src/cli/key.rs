//! `crm key`.

use crm_core::core::Config;
use http::Method;
use serde_json::json;

use super::{
    Error, Key,
    operator::{self, Operator},
};
use crate::host::Host;

pub async fn run(command: Key) -> Result<(), Error> {
    let Key::Create {
        tenant,
        name,
        scope,
        data,
    } = command;
    let host = Host::open_existing(&data.data)?;
    let tenant = operator::tenant(&host, &tenant).await?;
    let operator = Operator::new(operator::core(&host, Config::default()).await?, tenant);
    let body = json!({ "name": name, "scopes": scope });
    let made = operator
        .send(Method::POST, "/api-keys", Some(&body))
        .await?;
    println!("{}", made["secret"].as_str().unwrap_or_default());
    Ok(())
}
