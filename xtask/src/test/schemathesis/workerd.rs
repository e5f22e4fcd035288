//! The Worker for the tests, in workerd, with a temporary business.

use serde_json::{Value, json};

use super::business::Login;
use crate::{
    api::send,
    run::root,
    tools::Tools,
    worker::{self, DEV_SECRET, build, dev_secrets, host::Host},
};

pub struct Workerd(Host);

impl Workerd {
    /// Starts it without a rate limit, since all requests come from one address.
    pub fn start() -> Result<Self, String> {
        let tools = Tools::ready()?;
        build(&tools, &worker::server())?;
        let mut vars = dev_secrets();
        vars["RATE_LIMIT"] = Value::from("off");
        vars["LOG"] = Value::from("warn");
        let settings = json!({ "config": root().join("wrangler.toml"), "vars": vars });
        Host::start(&tools, &settings).map(Self)
    }

    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The login of an owner, in a business made through the operator's routes.
    pub fn login(&self) -> Result<Login, String> {
        let door = format!("{}/operator/tenants", self.0.url);
        let made = send("POST", &door, DEV_SECRET, &json!({"name": "Schemathesis"}))?;
        let tenant = made["id"].as_str().unwrap_or_default();
        let login = Login {
            email: "owner@business.example".to_owned(),
            password: "owner of the business".to_owned(),
        };
        let user = json!({
            "email": login.email, "name": "Owner", "roles": ["owner"], "password": login.password,
        });
        send(
            "POST",
            &format!("{door}/{tenant}/api/users"),
            DEV_SECRET,
            &user,
        )?;
        Ok(login)
    }
}
