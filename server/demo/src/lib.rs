//! The demo business of both hosts: its users, its records in the form of the API, and the greeting with commands to
//! try. Hosts write it through the API.

use std::fmt::Write;

mod business;
mod records;

pub use business::{NAME, PEOPLE, TECHNICIANS};
pub use records::{Row, records};

use serde_json::{Value, json};

/// Records per batch.
pub const BATCH: usize = 500;

/// The body of `POST /records/batch` that creates `rows`.
pub fn batch(rows: &[Row]) -> Value {
    let create = |row: &Row| json!({ "op": "create", "type": row.object_type, "id": row.id, "fields": row.fields });
    json!({ "mode": "atomic", "operations": rows.iter().map(create).collect::<Vec<_>>() })
}

/// A person's way in.
pub struct Login {
    pub name: String,
    pub email: String,
    pub password: String,
    pub role: String,
}

/// The greeting with addresses, logins and three commands, which work when pasted in order.
pub fn greeting(base: &str, tenant: &str, records: usize, logins: &[Login]) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "\n{NAME} - {records} records, tenant {tenant}");
    let _ = writeln!(
        text,
        "\n  API       {base}\n  Reference {base}/docs\n  Dashboard {base}/dashboard\n  Contract  {base}/openapi.yaml\n"
    );
    let _ = writeln!(text, "  {:<28}{:<26}role", "sign in as", "password");
    for Login {
        name,
        email,
        password,
        role,
    } in logins
    {
        let _ = writeln!(text, "  {email:<28}{password:<26}{role:<10}{name}");
    }
    if let Some(Login {
        email, password, ..
    }) = logins.first()
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
    text
}
