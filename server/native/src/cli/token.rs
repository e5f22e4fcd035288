//! `crm token`.

use crm_core::{auth::script, core::Config};

use super::{Error, Token, operator};
use crate::host::Host;

pub async fn run(arguments: Token) -> Result<(), Error> {
    let Token {
        tenant,
        user,
        key,
        expires_in,
        issuer,
        data,
    } = arguments;
    let host = Host::open_existing(&data.data)?;
    let tenant = operator::tenant(&host, &tenant).await?;
    let core = operator::core(
        &host,
        Config {
            issuer,
            ..Config::default()
        },
    )
    .await?;
    let (bearer, what) = match (user, key) {
        (Some(login), _) => (script::Bearer::User(login.clone()), format!("user {login}")),
        (None, key) => {
            let id = key.unwrap_or_default();
            (script::Bearer::Key(id.clone()), format!("API key {id}"))
        }
    };
    let token = script::token(&core, &tenant, &bearer, expires_in).await?;
    println!("{}", token.ok_or(Error::NobodyToImpersonate(what))?);
    Ok(())
}
