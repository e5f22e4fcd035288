//! Executes the examples of the contract: makes a business like that of the document, sends each request example in the
//! order of a story, and checks that the answer contains what its example shows. Values that the server makes (ids,
//! secrets, times, versions) are compared by type only.

use std::collections::BTreeMap;

use contract_tests::{
    business::{grant, text},
    contract::{Content, Operation},
    host::Login,
    raw::{Answer, Raw},
    world::World,
};
use serde_json::{Value, json};

/// The operations in the order of the story; with a bar the one example of the request that is meant.
const STORY: [&str; 56] = [
    "platform_health",
    "platform_limits",
    "platform_openapi_json",
    "platform_openapi_yaml",
    "platform_docs",
    "platform_dashboard",
    "auth_jwks",
    "auth_token|password",
    "auth_token|password_of_one_tenant",
    "me_get",
    "me_permissions",
    "records_create|contact",
    "records_get",
    "records_list",
    "records_search",
    "records_update",
    "records_history",
    "records_delete",
    "records_restore",
    "records_create|company",
    "records_batch",
    "auth_create_portal_code",
    "auth_token|portal_code",
    "portal_me",
    "schema_list",
    "schema_create",
    "schema_get",
    "schema_list_fields",
    "schema_json_schema",
    "schema_create_field",
    "schema_update_field",
    "schema_delete_field",
    "schema_update",
    "access_create_user",
    "access_get_user",
    "access_list_users",
    "teams_create",
    "teams_get",
    "teams_list",
    "teams_update",
    "teams_delete",
    "access_update_user",
    "access_deactivate_user",
    "access_reactivate_user",
    "access_list_roles",
    "access_get_role",
    "integrations_create_api_key",
    "integrations_get_api_key",
    "integrations_list_api_keys",
    "integrations_list_deprecations",
    "integrations_list_deprecation_usage",
    "auth_token|api_key",
    "integrations_revoke_api_key",
    "auth_token|refresh_token",
    "auth_revoke",
    "schema_delete",
];

/// Members whose values the server makes.
const MINTED: [&str; 30] = [
    "id",
    "version",
    "created_at",
    "updated_at",
    "deleted_at",
    "created_by",
    "updated_by",
    "at",
    "actor",
    "access_token",
    "refresh_token",
    "expires_in",
    "expires_at",
    "code",
    "secret",
    "hint",
    "last_used_at",
    "time",
    "release",
    "next_cursor",
    "next",
    "previous",
    "kid",
    "x",
    "y",
    "kty",
    "crv",
    "alg",
    "rates",
    "contact",
];

/// Maps values of the examples to values of this run.
type Names = BTreeMap<String, String>;

struct Story<'w> {
    world: &'w World,
    raw: Raw,
    names: Names,
    token: String,
    portal: String,
}

pub async fn every_example_of_a_request_is_true(world: &World) {
    let mut untold: Vec<&str> = Vec::new();
    for operation in &world.contract.operations {
        let examples = operation.body.iter().flat_map(|body| body.content.values());
        let mut names: Vec<&str> = examples
            .flat_map(|content| content.examples.keys().map(String::as_str))
            .collect();
        if names.is_empty() {
            names.push("");
        }
        for name in names {
            let step = format!("{}|{name}", operation.id);
            if !STORY
                .iter()
                .any(|told| *told == operation.id || *told == step)
            {
                untold.push(&operation.id);
            }
        }
    }
    assert!(untold.is_empty(), "the story leaves out {untold:?}");
    let mut story = Story::begin(world).await;
    for step in STORY {
        let (id, example) = step.split_once('|').unwrap_or((step, ""));
        story.tell(world.contract.by_id(id), example).await;
    }
}

impl<'w> Story<'w> {
    /// Makes the business of the document, with its owner.
    async fn begin(world: &'w World) -> Story<'w> {
        let raw = world.raw("web").clone();
        let mut names = Names::new();
        let mut email = "dana@alderfinch.example".to_owned();
        if world.version > 1 {
            // The owner of the other version's run is on the same host.
            let own = format!("dana-{}@alderfinch.example", world.version);
            names.insert(email, own.clone());
            email = own;
        }
        let owner = Login {
            name: "Dana Alder".to_owned(),
            email,
            password: "copper-elbow-22-mm".to_owned(),
        };
        let tenant = world
            .host
            .create_tenant("Alder & Finch Plumbing", &owner)
            .await;
        let signed_in = grant(
            &raw,
            json!({"grant_type": "password", "email": owner.email, "password": owner.password}),
        )
        .await;
        let token = text(&signed_in["access_token"]);
        let owner_id = text(&signed_in["subject"]["id"]);
        let title = json!({"title": "Managing director"});
        let path = format!("/users/{owner_id}");
        raw.patch(path, title)
            .bearer(&token)
            .send()
            .await
            .expect(200);
        let document = &world.contract.document;
        let example = &document["paths"]["/auth/token"]["post"]["responses"]["200"]["content"]["application/json"]
            ["examples"]["user"]["value"];
        names.insert(text(&example["tenant"]), tenant);
        names.insert(text(&example["subject"]["id"]), owner_id);
        Story {
            world,
            raw,
            names,
            token,
            portal: String::new(),
        }
    }

    async fn tell(&mut self, operation: &Operation, example: &str) {
        let contents: Vec<&Content> = operation
            .body
            .iter()
            .flat_map(|body| body.content.values())
            .collect();
        let mut bodies: Vec<(&str, Option<Value>)> = contents
            .iter()
            .flat_map(|content| &content.examples)
            .filter(|(name, _)| example.is_empty() || *name == example)
            .map(|(name, body)| (name.as_str(), Some(self.named(body))))
            .collect();
        if bodies.is_empty() {
            bodies.push(("", None));
        }
        for (name, body) in bodies {
            let mut draft = self.raw.request(
                operation.method.parse().unwrap(),
                self.path(operation, &body),
            );
            if operation.secured {
                let portal = operation.path.starts_with("/portal");
                draft = draft.bearer(if portal { &self.portal } else { &self.token });
            }
            if let Some(body) = &body {
                draft = draft.json(body);
            }
            let answer = draft.send().await;
            let told = format!("{} {name}", operation.id);
            assert!(answer.status.is_success(), "{told}: {body:?} {answer:?}");
            self.compare(operation, name, &told, &answer);
            self.learn(operation, name, &answer);
        }
    }

    /// The path with the examples of its parameters, and the query to which the examples of answers belong.
    fn path(&self, operation: &Operation, _: &Option<Value>) -> String {
        let item = &self.world.contract.document["paths"][&operation.path];
        let node = &item[operation.method.to_lowercase()];
        let mut path = operation.path.clone();
        let parameters = [&item["parameters"], &node["parameters"]];
        for parameter in parameters.into_iter().filter_map(Value::as_array).flatten() {
            let parameter = self.world.contract.resolve(parameter);
            let name = text(&parameter["name"]);
            if parameter["in"] == "path" {
                let example = text(&self.named(&parameter["example"]));
                path = path.replace(&format!("{{{name}}}"), &example);
            }
        }
        match operation.id.as_str() {
            "schema_list" => path + "?fields=label,built_in&limit=2",
            "schema_list_fields" => path + "?limit=1",
            "records_search" => path + "?q=okafor&types=contact",
            _ => path,
        }
    }

    /// Checks that the answer contains what the example shows.
    fn compare(&self, operation: &Operation, name: &str, told: &str, answer: &Answer) {
        let response = operation
            .response(answer.status.as_u16())
            .expect("a documented status");
        let Some(content) = response.content.get("application/json") else {
            return;
        };
        let answer = answer.json();
        let examples = &content.examples;
        let wanted: Vec<&Value> = match examples.get(name) {
            Some(example) => vec![example],
            // The only example of the answer belongs to the only example of the request.
            None if name.is_empty() => examples.values().collect(),
            None => return,
        };
        let reasons: Vec<String> = wanted
            .into_iter()
            .map(|example| shown(&self.named(example), &answer, ""))
            .filter_map(Result::err)
            .collect();
        let all = match examples.contains_key(name) {
            true => 1,
            false => examples.len(),
        };
        assert!(reasons.len() < all, "{told}: {reasons:#?} in {answer}");
    }

    /// Maps values that the server made to those of the example.
    fn learn(&mut self, operation: &Operation, name: &str, answer: &Answer) {
        if answer.body.is_empty() {
            return;
        }
        let examples = &self.world.contract.document["paths"];
        let example_of = |path: &str, example: &str, member: &str| {
            text(
                &examples[path]["post"]["requestBody"]["content"]["application/json"]["examples"]
                    [example]["value"][member],
            )
        };
        match (operation.id.as_str(), name) {
            ("auth_token", "portal_code") => self.portal = text(&answer.json()["access_token"]),
            ("auth_token", "password") => {
                let minted = text(&answer.json()["refresh_token"]);
                self.names.insert(
                    example_of("/auth/token", "refresh_token", "refresh_token"),
                    minted,
                );
            }
            ("auth_token", "refresh_token") => {
                let minted = text(&answer.json()["refresh_token"]);
                self.names.insert(
                    example_of("/auth/revoke", "sign_out", "refresh_token"),
                    minted,
                );
            }
            ("auth_create_portal_code", _) => {
                let minted = text(&answer.json()["code"]);
                self.names
                    .insert(example_of("/auth/token", "portal_code", "code"), minted);
            }
            ("integrations_create_api_key", _) => {
                let created = answer.json();
                let secret = example_of("/auth/token", "api_key", "api_key");
                self.names.insert(secret, text(&created["secret"]));
                let id = &self.world.contract.document["components"]["parameters"]["ApiKeyId"]["example"];
                self.names.insert(text(id), text(&created["id"]));
            }
            _ => {}
        }
    }

    /// The example with this run's values.
    fn named(&self, example: &Value) -> Value {
        let mut text = example.to_string();
        for (theirs, ours) in &self.names {
            text = text.replace(theirs.as_str(), ours);
        }
        serde_json::from_str(&text).expect("JSON")
    }
}

/// Checks that `answer` contains `example`: each member of an object, each element of an array.
fn shown(example: &Value, answer: &Value, at: &str) -> Result<(), String> {
    match (example, answer) {
        (Value::Object(example), Value::Object(answer)) => {
            for (name, value) in example {
                let at = format!("{at}/{name}");
                let Some(found) = answer.get(name) else {
                    return Err(format!("{at} is missing"));
                };
                if !MINTED.contains(&name.as_str()) {
                    shown(value, found, &at)?;
                } else if std::mem::discriminant(value) != std::mem::discriminant(found)
                    && !value.is_null()
                    && !found.is_null()
                {
                    return Err(format!("{at} is {found}, of another type than {value}"));
                }
            }
            Ok(())
        }
        (Value::Array(example), Value::Array(answer)) => {
            for (index, value) in example.iter().enumerate() {
                let at = format!("{at}/{index}");
                let reasons: Vec<String> = answer
                    .iter()
                    .map(|found| shown(value, found, &at))
                    .filter_map(Result::err)
                    .collect();
                if reasons.len() == answer.len() {
                    return Err(format!("{at} is not there: {}", reasons.join("; ")));
                }
            }
            Ok(())
        }
        _ if example == answer => Ok(()),
        _ => Err(format!("{at} is {answer}, not {example}")),
    }
}
