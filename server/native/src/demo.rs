//! `crm serve --demo`: a business with believable data, written as everybody's data is, and what to do with it.

use std::{fmt::Write, net::SocketAddr, path::Path, sync::Arc};

use crm_core::{
    Core,
    ports::{Clock, store::TenantId},
};
use http::Method;
use serde_json::json;

use crate::{
    cli::{
        Error,
        operator::{self, Operator},
        tenant, user,
    },
    clock::SystemClock,
    host::Host,
};

mod business;
mod records;

const DAY: i64 = 24 * 60 * 60 * 1_000;
/// Records per batch.
const BATCH: usize = 500;

pub struct Demo {
    tenant: TenantId,
    logins: Vec<Login>,
    records: usize,
}

struct Login {
    name: String,
    email: &'static str,
    password: String,
    role: &'static str,
}

/// Makes the business in `data`, which must hold none yet.
pub async fn make(host: &Host, core: &Arc<Core>, data: &Path) -> Result<Demo, Error> {
    if !host.ports.directory.tenants().await?.is_empty() {
        return Err(Error::DemoAmongOthers(data.display().to_string()));
    }
    let tenant = tenant::create(host, business::NAME, None).await?;
    let operator = Operator::new(core.clone(), tenant.clone());
    let mut logins = Vec::new();
    let mut ids = Vec::new();
    for &(first, last, role, email) in business::PEOPLE {
        let login = Login {
            name: format!("{first} {last}"),
            email,
            password: operator::new_password(),
            role,
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
    let technicians = ids.get(business::TECHNICIANS).unwrap_or_default();
    let today = SystemClock.now().div_euclid(DAY);
    let rows = records::records(technicians, today, &mut operator::new_id);
    for rows in rows.chunks(BATCH) {
        let create = |row: &records::Row| json!({ "op": "create", "type": row.object_type, "id": row.id, "fields": row.fields });
        let batch =
            json!({ "mode": "atomic", "operations": rows.iter().map(create).collect::<Vec<_>>() });
        operator
            .send(Method::POST, "/records/batch", Some(&batch))
            .await?;
    }
    Ok(Demo {
        tenant,
        logins,
        records: rows.len(),
    })
}

impl Demo {
    /// What to know and what to try. The three commands work when pasted, one after the other.
    pub fn greeting(&self, address: SocketAddr, temporary: bool) -> String {
        let mut text = String::new();
        let base = format!("http://{address}");
        let _ = writeln!(
            text,
            "\n{} - {} records, tenant {}",
            business::NAME,
            self.records,
            self.tenant
        );
        let _ = writeln!(
            text,
            "\n  API       {base}\n  Contract  {base}/openapi.yaml\n"
        );
        let _ = writeln!(text, "  {:<28}{:<26}role", "sign in as", "password");
        for Login {
            name,
            email,
            password,
            role,
        } in &self.logins
        {
            let _ = writeln!(text, "  {email:<28}{password:<26}{role:<10}{name}");
        }
        if let Some(Login {
            email, password, ..
        }) = self.logins.first()
        {
            let _ = write!(
                text,
                "\nTry, in another terminal:\n\n\
                 TOKEN=$(curl -s {base}/auth/token -H 'Content-Type: application/json' \\\n  \
                   -d '{{\"grant_type\":\"password\",\"email\":\"{email}\",\"password\":\"{password}\"}}' \\\n  \
                   | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\n\n\
                 curl -s \"{base}/records/job?limit=3&sort=-scheduled_at\" -H \"Authorization: Bearer $TOKEN\"\n\n\
                 curl -s {base}/records/contact -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\\n  \
                   -d '{{\"fields\":{{\"kind\":\"person\",\"first_name\":\"Ada\",\"last_name\":\"Lovelace\"}}}}'\n\n"
            );
        }
        let end = if temporary {
            "the data goes with it"
        } else {
            "the data stays"
        };
        let _ = writeln!(text, "Ctrl-C stops the server; {end}.\n");
        text
    }
}
