//! A business for the tests, made through the API only, on any host: a caller for each security scheme, and some data.

use serde_json::{Value, json};

#[derive(Clone, Debug)]
pub struct Login {
    pub email: String,
    pub password: String,
}

/// The caller for a security scheme.
#[derive(Clone, Debug)]
pub struct Caller {
    pub id: String,
    pub token: String,
    /// A path that answers as long as the token is valid.
    pub home: &'static str,
}

pub struct Business {
    url: String,
    user: Caller,
}

impl Business {
    pub fn make(url: &str, login: &Login) -> Result<Self, String> {
        let password =
            json!({"grant_type": "password", "email": login.email, "password": login.password});
        let business = Self {
            url: url.to_owned(),
            user: grant(url, &password, "/me")?,
        };
        // A second owner, in case a request deactivates the first one or takes the role away.
        business.make_one(
            "/users",
            json!({"email": "other@business.example", "name": "Other", "roles": ["owner"]}),
        )?;
        let contact = business.contact()?;
        for n in 1..=20 {
            let fields = json!({"title": format!("Job {n}"), "contact": contact});
            business.make_one("/records/job", json!({"fields": fields}))?;
        }
        Ok(business)
    }

    /// Made right before its run, since earlier runs may have ended existing credentials.
    pub fn caller(&self, scheme: &str) -> Result<Caller, String> {
        match scheme {
            "user" => Ok(self.user.clone()),
            "key" => {
                let document = get(&format!("{}/openapi.json", self.url), None)?;
                let key = json!({"name": "everything", "scopes": scopes(&document)});
                let key = self.make_one("/api-keys", key)?;
                let key = json!({"grant_type": "api_key", "api_key": key["secret"]});
                grant(&self.url, &key, "/me")
            }
            "portal" => {
                let code = json!({"contact": self.contact()?});
                let code = self.make_one("/auth/portal-codes", code)?;
                let code = json!({"grant_type": "portal_code", "code": code["code"]});
                grant(&self.url, &code, "/portal/me")
            }
            other => Err(format!("nobody has a token of the scheme `{other}`")),
        }
    }

    fn contact(&self) -> Result<String, String> {
        let contact = json!({"kind": "person", "first_name": "Maria", "last_name": "Okafor"});
        text(&self.make_one("/records/contact", json!({"fields": contact}))?["id"])
    }

    fn make_one(&self, path: &str, body: Value) -> Result<Value, String> {
        post(
            &format!("{}{path}", self.url),
            Some(&self.user.token),
            &body,
        )
    }
}

fn grant(url: &str, body: &Value, home: &'static str) -> Result<Caller, String> {
    let answer = post(&format!("{url}/auth/token"), None, body)?;
    Ok(Caller {
        id: text(&answer["subject"]["id"])?,
        token: text(&answer["access_token"])?,
        home,
    })
}

/// All scopes of a key.
fn scopes(document: &Value) -> Vec<&String> {
    document["components"]["securitySchemes"]["key"]["x-scopes"]
        .as_object()
        .into_iter()
        .flat_map(|scopes| scopes.keys())
        .collect()
}

pub fn get(url: &str, token: Option<&str>) -> Result<Value, String> {
    send("GET", url, token, String::new())
}

fn post(url: &str, token: Option<&str>, body: &Value) -> Result<Value, String> {
    send("POST", url, token, body.to_string())
}

fn send(method: &str, url: &str, token: Option<&str>, body: String) -> Result<Value, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{method} {url}: {error}");
    let mut request = ureq::http::Request::builder()
        .method(method)
        .uri(url)
        .header("Content-Type", "application/json");
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let request = request.body(body).map_err(|error| failed(&error))?;
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(std::time::Duration::from_secs(30)))
        .build()
        .into();
    let mut answer = agent.run(request).map_err(|error| failed(&error))?;
    let status = answer.status();
    let body = answer
        .body_mut()
        .read_to_string()
        .map_err(|error| failed(&error))?;
    if !status.is_success() {
        return Err(failed(&format!("{status} {body}")));
    }
    serde_json::from_str(&body).map_err(|error| failed(&error))
}

fn text(value: &Value) -> Result<String, String> {
    let text = value
        .as_str()
        .ok_or_else(|| format!("text is expected in place of {value}"));
    text.map(str::to_owned)
}
