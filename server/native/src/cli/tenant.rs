//! `crm tenant`.

use crm_core::ports::{Clock, directory::TenantEntry, store::TenantId};

use super::{Error, Tenant, operator};
use crate::{clock::SystemClock, host::Host};

pub async fn run(command: Tenant) -> Result<(), Error> {
    match command {
        Tenant::Create { name, id, data } => {
            // Check the arguments first: if they are wrong, no data folder has been made.
            let entry = entry(&name, id)?;
            let host = Host::open(&data.data)?;
            host.ports.directory.create_tenant(&entry).await?;
            println!("{}", entry.id);
        }
        Tenant::List { data } => {
            let host = Host::open_existing(&data.data)?;
            for tenant in host.ports.directory.tenants().await? {
                println!("{}  {}", tenant.id, tenant.name);
            }
        }
    }
    Ok(())
}

pub async fn create(host: &Host, name: &str, id: Option<String>) -> Result<TenantId, Error> {
    let entry = entry(name, id)?;
    host.ports.directory.create_tenant(&entry).await?;
    Ok(entry.id)
}

fn entry(name: &str, id: Option<String>) -> Result<TenantEntry, Error> {
    let name = name.trim();
    if name.is_empty()
        || name.chars().count() > 200
        || !crm_runtime::server::check::is_plain(name, false)
    {
        return Err(Error::NoName);
    }
    let id = id.unwrap_or_else(operator::new_id);
    let is_v7 = uuid::Uuid::try_parse(&id).is_ok_and(|id| id.get_version_num() == 7);
    let tenant = TenantId::parse(&id)
        .filter(|_| is_v7)
        .ok_or(Error::NoId(id))?;
    Ok(TenantEntry {
        id: tenant,
        name: name.to_owned(),
        created_at: SystemClock.now(),
    })
}
