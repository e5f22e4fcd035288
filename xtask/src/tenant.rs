//! `cargo xtask tenant create | list`: a business of a Worker, from its D1 database to its owner. A run finds and keeps
//! what an earlier failed run has done.

mod cloudflare;
mod config;
mod place;

use std::net::IpAddr;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{api::send, tools::Tools};
use config::Config;
use place::{Place, Placed};

#[derive(Subcommand)]
pub enum Tenant {
    /// Makes a business: a D1 database, its binding in wrangler.toml, its entry in the directory, its owner. Repeating
    /// the command continues where it failed
    Create(Create),
    /// Prints the businesses: id, binding, name
    List(Worker),
}

#[derive(Args)]
pub struct Worker {
    /// The address of the Worker; by default that of `cargo xtask dev`
    #[arg(long, env = "CRM_URL", default_value = "http://127.0.0.1:8787")]
    url: String,
    /// The secret OPERATOR_SECRET of the Worker
    #[arg(long, env = "CRM_OPERATOR_SECRET", hide_env_values = true)]
    secret: Option<String>,
}

#[derive(Args)]
pub struct Create {
    /// The name of the business
    name: String,
    /// The owner's email address; without it nobody can sign in
    #[arg(long)]
    email: Option<String>,
    /// The owner's name; by default that of the business
    #[arg(long, requires = "email")]
    owner: Option<String>,
    /// The binding of its database, such as TENANT_3; by default a free one, or the next
    #[arg(long)]
    binding: Option<String>,
    #[command(flatten)]
    worker: Worker,
}

pub fn run(command: Tenant) -> Result<(), String> {
    match command {
        Tenant::Create(create) => make(&create),
        Tenant::List(worker) => {
            for tenant in worker.tenants()? {
                println!("{}  {:<10}  {}", tenant.id, tenant.binding, tenant.name);
            }
            Ok(())
        }
    }
}

impl Worker {
    fn secret(&self) -> Result<&str, String> {
        match &self.secret {
            Some(secret) => Ok(secret),
            None if self.is_here() => Ok(crate::worker::DEV_SECRET),
            None => Err(
                "CRM_OPERATOR_SECRET is not set: the secret OPERATOR_SECRET of the Worker"
                    .to_owned(),
            ),
        }
    }

    /// Whether the Worker runs on this machine, without a Cloudflare account.
    fn is_here(&self) -> bool {
        let host = self.url.split("://").nth(1).unwrap_or_default();
        let host = host.split(['/', ':']).next().unwrap_or_default();
        host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }

    fn door(&self, path: &str) -> String {
        format!("{}/operator/tenants{path}", self.url.trim_end_matches('/'))
    }

    fn tenants(&self) -> Result<Vec<Placed>, String> {
        let said = send("GET", &self.door(""), self.secret()?, &Value::Null)?;
        serde_json::from_value(said).map_err(|error| format!("{}: {error}", self.door("")))
    }
}

fn make(create: &Create) -> Result<(), String> {
    let worker = &create.worker;
    let mut config = Config::read()?;
    let place = place::place(
        &create.name,
        create.binding.as_deref(),
        &config.bindings(),
        &worker.tenants()?,
    )?;
    let binding = match place {
        Place::Bound(binding) => {
            if let Some(name) = config.unmade(&binding).filter(|_| !worker.is_here()) {
                config.set_id(&binding, &cloudflare::database(&Tools::ready()?, &name)?)?;
                eprintln!("{name} has its id in wrangler.toml: commit it");
            }
            binding
        }
        Place::New(binding) => {
            bind(&mut config, &binding, worker.is_here())?;
            binding
        }
    };
    let tenant = enter(create, &binding)?;
    println!("{tenant}  {binding}  {}", create.name);
    match &create.email {
        Some(email) => own(create, email, &tenant),
        None => Ok(()),
    }
}

/// Makes a database for the binding, and the binding in wrangler.toml.
fn bind(config: &mut Config, binding: &str, here: bool) -> Result<(), String> {
    let name = config.database_name(binding);
    let id = if here {
        Uuid::new_v4().to_string()
    } else {
        cloudflare::database(&Tools::ready()?, &name)?
    };
    config.add(binding, &name, &id)?;
    eprintln!("bound {name} as {binding} in wrangler.toml: commit it");
    Ok(())
}

/// Makes the tenant's entry in the directory; returns its id. Deploys the Worker first if it does not have the binding
/// yet.
fn enter(create: &Create, binding: &str) -> Result<String, String> {
    let worker = &create.worker;
    let new = json!({"name": create.name, "binding": binding});
    let enter = || send("POST", &worker.door(""), worker.secret()?, &new);
    let made = match enter() {
        Err(refused) if refused.contains("NOT_BOUND") => {
            if worker.is_here() {
                return Err("stop `cargo xtask dev`, start it again, and repeat this command: the Worker does not know the new database yet".to_owned());
            }
            cloudflare::deploy(&Tools::ready()?)?;
            enter()?
        }
        other => other?,
    };
    let id = made["id"].as_str().unwrap_or_default();
    Ok(id.to_owned())
}

/// Makes the owner. An existing one stays unchanged.
fn own(create: &Create, email: &str, tenant: &str) -> Result<(), String> {
    let worker = &create.worker;
    let password = Uuid::new_v4().simple().to_string();
    let password = &password[..20];
    let name = create.owner.as_deref().unwrap_or(&create.name);
    let person = json!({"name": name, "email": email, "roles": ["owner"], "password": password});
    let users = worker.door(&format!("/{tenant}/api/users"));
    match send("POST", &users, worker.secret()?, &person) {
        Ok(_) => println!("owner: {email}\npassword: {password}"),
        Err(refused) if refused.contains("UNIQUE_VIOLATION") => {
            println!("owner: {email} exists already and keeps the password");
        }
        Err(refused) => return Err(refused),
    }
    Ok(())
}
