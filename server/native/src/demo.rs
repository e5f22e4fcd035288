//! `crm serve --demo`: a business with realistic data, written through the API, and a greeting with commands to try.

use std::{fmt::Write, net::SocketAddr, path::Path, sync::Arc};

use crm_core::{
    Core,
    ports::{Clock, store::TenantId},
};
use crm_demo::{BATCH, Login, NAME, PEOPLE, TECHNICIANS, records};
use http::Method;

use crate::{
    cli::{tenant, user},
    clock::SystemClock,
    error::Error,
    host::Host,
    operator::{self, Operator},
};

const DAY: i64 = 24 * 60 * 60 * 1_000;

pub struct Demo {
    tenant: TenantId,
    logins: Vec<Login>,
    records: usize,
}

/// Makes the business in `data`, which must hold none yet.
pub async fn make(host: &Host, core: &Arc<Core>, data: &Path) -> Result<Demo, Error> {
    if !host.ports.directory.tenants().await?.is_empty() {
        return Err(Error::DemoAmongOthers(data.display().to_string()));
    }
    let tenant = tenant::create(host, NAME, None).await?;
    let operator = Operator::new(core.clone(), tenant.clone());
    let mut logins = Vec::new();
    let mut ids = Vec::new();
    for &(first, last, role, email) in PEOPLE {
        let login = Login {
            name: format!("{first} {last}"),
            email: email.to_owned(),
            password: operator::new_password(),
            role: role.to_owned(),
        };
        ids.push(
            user::create(
                &operator,
                email,
                &login.name,
                &[role.to_owned()],
                &login.password,
            )
            .await?,
        );
        logins.push(login);
    }
    let technicians = ids.get(TECHNICIANS).unwrap_or_default();
    let today = SystemClock.now().div_euclid(DAY);
    let rows = records(technicians, today, &mut operator::new_id);
    for rows in rows.chunks(BATCH) {
        operator
            .send(Method::POST, "/records/batch", Some(&crm_demo::batch(rows)))
            .await?;
    }
    Ok(Demo {
        tenant,
        logins,
        records: rows.len(),
    })
}

impl Demo {
    /// The text with logins and commands to try.
    pub fn greeting(&self, address: SocketAddr, temporary: bool) -> String {
        let base = format!("http://{address}");
        let mut text = crm_demo::greeting(&base, self.tenant.as_str(), self.records, &self.logins);
        let end = if temporary {
            "the data goes with it"
        } else {
            "the data stays"
        };
        let _ = writeln!(text, "Ctrl-C stops the server; {end}.\n");
        text
    }
}
