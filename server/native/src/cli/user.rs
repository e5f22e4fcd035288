//! `crm user`.

use std::{io::BufRead, sync::Arc};

use crm_core::core::Config;
use http::Method;
use serde_json::json;

use super::{
    Error, User,
    operator::{self, Operator},
};
use crate::{compute::Threads, host::Host};

pub async fn run(command: User) -> Result<(), Error> {
    let User::Create {
        tenant,
        email,
        name,
        role,
        password_stdin,
        data,
    } = command;
    let host = Host::open_existing(&data.data)?;
    let tenant = operator::tenant(&host, &tenant).await?;
    let chosen = if password_stdin {
        Some(password_from_input()?)
    } else {
        None
    };
    let password = chosen.clone().unwrap_or_else(operator::new_password);
    let config = Config {
        compute: Arc::new(Threads::default()),
        ..Config::default()
    };
    let core = operator::core(&host, config).await?;
    let id = create(
        &Operator::new(core, tenant),
        &email,
        &name,
        &role,
        &password,
    )
    .await?;
    println!("{id}");
    if chosen.is_none() {
        println!("password: {password}");
    }
    Ok(())
}

/// Makes the user; returns the id.
pub async fn create(
    operator: &Operator,
    email: &str,
    name: &str,
    roles: &[String],
    password: &str,
) -> Result<String, Error> {
    let body = json!({ "email": email, "name": name, "roles": roles, "password": password });
    let user = operator.send(Method::POST, "/users", Some(&body)).await?;
    Ok(user["id"].as_str().unwrap_or_default().to_owned())
}

/// The first line of standard input.
fn password_from_input() -> Result<String, Error> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(Error::Password)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
