//! The script: every operation, every kind of refusal, and values for which hosts could differ (large integers, nulls,
//! Unicode, orders, pages, constraints). `${name}` is a value that an earlier step kept.

/// The owner of a request's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Nobody,
    Owner,
    Reader,
    Key,
    Portal,
}

impl Who {
    /// The name under which the token was kept.
    pub fn token(self) -> Option<&'static str> {
        match self {
            Who::Nobody => None,
            Who::Owner => Some("owner_token"),
            Who::Reader => Some("reader_token"),
            Who::Key => Some("key_token"),
            Who::Portal => Some("portal_token"),
        }
    }
}

pub struct Step {
    pub who: Who,
    pub method: &'static str,
    pub path: String,
    pub body: Option<String>,
    pub headers: Vec<(&'static str, &'static str)>,
    /// Values to keep: a name, and a pointer into the body or the name of a header.
    pub keep: Vec<(&'static str, &'static str)>,
}

impl Step {
    pub fn name(&self) -> String {
        let cut = |text: &str| text.chars().take(120).collect::<String>();
        let body = self.body.as_deref().map(cut).unwrap_or_default();
        format!(
            "{:?} {} {} {:?} {body}",
            self.who,
            self.method,
            cut(&self.path),
            self.headers
        )
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Step {
        self.headers.push((name, value));
        self
    }

    fn keep(mut self, name: &'static str, pointer: &'static str) -> Step {
        self.keep.push((name, pointer));
        self
    }
}

fn step(who: Who, method: &'static str, path: &str, body: Option<&str>) -> Step {
    Step {
        who,
        method,
        path: path.to_owned(),
        body: body.map(str::to_owned),
        headers: Vec::new(),
        keep: Vec::new(),
    }
}

fn get(who: Who, path: &str) -> Step {
    step(who, "GET", path, None)
}

fn post(who: Who, path: &str, body: &str) -> Step {
    step(who, "POST", path, Some(body))
}

fn patch(who: Who, path: &str, body: &str) -> Step {
    step(who, "PATCH", path, Some(body))
}

fn delete(who: Who, path: &str) -> Step {
    step(who, "DELETE", path, None)
}

/// A filter as a query parameter.
fn filter(json: &str) -> String {
    url::form_urlencoded::byte_serialize(json.as_bytes()).collect()
}

pub fn steps() -> Vec<Step> {
    let mut steps = access();
    steps.extend(records());
    steps.extend(values());
    steps.extend(lists());
    steps.extend(schema());
    steps.extend(batches());
    steps.extend(protocol());
    steps.extend(ends());
    steps
}

/// Signing in, people, keys, customers.
fn access() -> Vec<Step> {
    use Who::{Key, Nobody, Owner, Portal, Reader};
    let password = r#"{"grant_type":"password","email":"${owner}","password":"${password}"}"#;
    let reader = r#"{"grant_type":"password","email":"reader-${mark}@business.example","password":"reader of the books"}"#;
    vec![
        post(Nobody, "/auth/token", password).keep("owner_token", "/access_token"),
        post(Nobody, "/auth/token", r#"{"grant_type":"password","email":"${owner}","password":"wrong one"}"#),
        post(Nobody, "/auth/token", r#"{"grant_type":"password","email":"nobody-${mark}@x.example","password":"wrong one"}"#),
        post(Nobody, "/auth/token", r#"{"grant_type":"sorcery"}"#),
        post(Nobody, "/auth/token", "{}"),
        get(Nobody, "/.well-known/jwks.json"),
        get(Owner, "/me").keep("owner_id", "/id"),
        get(Owner, "/me?fields=name"),
        get(Owner, "/me?fields=wings"),
        get(Owner, "/me/permissions"),
        post(
            Owner,
            "/users",
            r#"{"email":"reader-${mark}@business.example","name":"Renée Ångström","roles":["readonly"],"password":"reader of the books"}"#,
        )
        .keep("reader_id", "/id"),
        post(Owner, "/users", r#"{"email":"reader-${mark}@business.example","name":"Twice","roles":["readonly"],"password":"reader of the books"}"#),
        post(Owner, "/users", r#"{"email":"no address","name":"","roles":["king"],"password":"short"}"#),
        get(Owner, "/users"),
        get(Owner, "/users/${reader_id}"),
        patch(Owner, "/users/${reader_id}", r#"{"title":"Bookkeeper"}"#),
        post(Owner, "/teams", r#"{"name":"North","leads":["${reader_id}"]}"#).keep("team_id", "/id"),
        post(Owner, "/teams", r#"{"name":"North","members":["${team_id}"],"parent":"${reader_id}"}"#),
        get(Owner, "/teams"),
        get(Owner, "/teams/${team_id}?fields=name"),
        patch(Owner, "/teams/${team_id}", r#"{"parent":"${team_id}"}"#),
        patch(Owner, "/teams/${team_id}", r#"{"name":"Coast"}"#),
        delete(Owner, "/teams/${team_id}"),
        post(Nobody, "/auth/token", reader).keep("reader_token", "/access_token").keep("refresh", "/refresh_token"),
        get(Reader, "/me"),
        get(Reader, "/me/permissions"),
        get(Reader, "/users"),
        post(Reader, "/users", r#"{"email":"x@business.example","name":"X","roles":["readonly"],"password":"reader of the books"}"#),
        post(Nobody, "/auth/token", r#"{"grant_type":"refresh_token","refresh_token":"${refresh}"}"#).keep("refresh2", "/refresh_token"),
        post(Nobody, "/auth/token", r#"{"grant_type":"refresh_token","refresh_token":"rt_nothing"}"#),
        post(Nobody, "/auth/revoke", r#"{"refresh_token":"${refresh2}"}"#),
        post(Nobody, "/auth/token", r#"{"grant_type":"refresh_token","refresh_token":"${refresh2}"}"#),
        get(Owner, "/roles"),
        get(Owner, "/roles/readonly"),
        get(Owner, "/roles/king"),
        post(Owner, "/api-keys", r#"{"name":"books","scopes":["records:read","records:write"]}"#)
            .keep("key", "/secret")
            .keep("key_id", "/id"),
        post(Owner, "/api-keys", r#"{"name":"books","scopes":["everything"]}"#),
        get(Owner, "/api-keys"),
        get(Owner, "/api-keys/${key_id}"),
        get(Owner, "/api-keys/${id9}"),
        post(Nobody, "/auth/token", r#"{"grant_type":"api_key","api_key":"${key}"}"#).keep("key_token", "/access_token"),
        get(Key, "/me"),
        get(Key, "/users"),
        post(
            Owner,
            "/records/contact",
            r#"{"id":"${id1}","fields":{"kind":"person","first_name":"María","last_name":"O'Neil \"Mo\" 😀","emails":["maria-${mark}@mail.example"],"phones":["+441632960147"]}}"#,
        )
        .keep("etag", "etag"),
        post(Owner, "/auth/portal-codes", r#"{"contact":"${id1}"}"#).keep("code", "/code"),
        post(Owner, "/auth/portal-codes", r#"{"contact":"${id9}"}"#),
        post(Nobody, "/auth/token", r#"{"grant_type":"portal_code","code":"${code}"}"#).keep("portal_token", "/access_token"),
        get(Portal, "/portal/me"),
        get(Portal, "/me"),
        get(Owner, "/portal/me"),
    ]
}

/// The life cycle of one record.
fn records() -> Vec<Step> {
    use Who::{Key, Nobody, Owner, Reader};
    vec![
        get(Owner, "/records/contact/${id1}"),
        get(Reader, "/records/contact/${id1}?fields=first_name,emails"),
        get(Owner, "/records/contact/${id1}").with("if-none-match", "${etag}"),
        get(Nobody, "/records/contact/${id1}"),
        get(Owner, "/records/job/${id1}"),
        get(Owner, "/records/nothing/${id1}"),
        get(Owner, "/records/contact/not-an-id"),
        post(
            Owner,
            "/records/contact",
            r#"{"id":"${id1}","fields":{"kind":"person","first_name":"María"}}"#,
        ),
        post(
            Owner,
            "/records/contact",
            r#"{"id":"${id2}","fields":{"kind":"person","first_name":"Once"}}"#,
        )
        .with("idempotency-key", "alike-key-one"),
        post(
            Owner,
            "/records/contact",
            r#"{"id":"${id2}","fields":{"kind":"person","first_name":"Once"}}"#,
        )
        .with("idempotency-key", "alike-key-one"),
        post(
            Owner,
            "/records/contact",
            r#"{"fields":{"kind":"person","first_name":"Other"}}"#,
        )
        .with("idempotency-key", "alike-key-one"),
        patch(
            Owner,
            "/records/contact/${id1}",
            r#"{"fields":{"last_name":null,"tags":["vip","été"]}}"#,
        )
        .with("if-match", "${etag}"),
        patch(
            Owner,
            "/records/contact/${id1}",
            r#"{"fields":{"first_name":"Late"}}"#,
        )
        .with("if-match", "${etag}"),
        patch(Owner, "/records/contact/${id1}", r#"{"fields":{}}"#),
        patch(
            Reader,
            "/records/contact/${id1}",
            r#"{"fields":{"first_name":"No"}}"#,
        ),
        patch(
            Key,
            "/records/contact/${id1}",
            r#"{"fields":{"notes":"written by a key\nover two lines\t."}}"#,
        ),
        patch(
            Owner,
            "/records/contact/${id9}",
            r#"{"fields":{"first_name":"Nobody"}}"#,
        ),
        get(Owner, "/records/contact/${id1}/history"),
        get(Owner, "/records/contact/${id1}/history?limit=1").keep("history", "/next_cursor"),
        get(
            Owner,
            "/records/contact/${id1}/history?limit=1&cursor=${history}",
        ),
        get(Owner, "/records/contact/${id9}/history"),
        delete(Owner, "/records/contact/${id2}"),
        delete(Owner, "/records/contact/${id2}"),
        get(Owner, "/records/contact/${id2}"),
        get(Owner, "/records/contact/${id2}?include_deleted=true"),
        step(Owner, "POST", "/records/contact/${id2}/restore", None),
        delete(Reader, "/records/contact/${id2}"),
    ]
}

/// Values at their bounds, written and read back.
fn values() -> Vec<Step> {
    use Who::Owner;
    let definition = r#"{"name":"edge_${mark}","label":"Edge","fields":[
        {"name":"whole","type":"integer","label":"Whole","indexed":true},
        {"name":"decimal","type":"decimal","scale":4,"label":"Decimal"},
        {"name":"text","type":"text","label":"Text","indexed":true},
        {"name":"serial","type":"text","label":"Serial","unique":true},
        {"name":"flag","type":"boolean","label":"Flag"},
        {"name":"day","type":"date","label":"Day"},
        {"name":"at","type":"datetime","label":"At"},
        {"name":"price","type":"money","label":"Price"}]}"#;
    let mut steps = vec![
        post(Owner, "/object-types", definition),
        get(Owner, "/object-types/edge_${mark}"),
    ];
    for fields in [
        r#"{"whole":9007199254740991,"serial":"max"}"#,
        r#"{"whole":-9007199254740991,"serial":"min"}"#,
        r#"{"whole":9007199254740992}"#,
        r#"{"whole":0,"flag":false,"text":""}"#,
        r#"{"whole":-0}"#,
        r#"{"whole":1e3}"#,
        r#"{"whole":1.5}"#,
        r#"{"whole":"7"}"#,
        r#"{"decimal":"0.1"}"#,
        r#"{"decimal":"12345678901234.5678"}"#,
        r#"{"decimal":0.1}"#,
        r#"{"text":"Straße ẞ İstanbul ﬁ e\u0301 \u00e9 \ud83d\ude00"}"#,
        r#"{"text":"\u0000"}"#,
        r#"{"text":"a\u0001b\u007f\u2028"}"#,
        r#"{"text":"'; DROP TABLE records; --"}"#,
        r#"{"serial":"max"}"#,
        r#"{"serial":"MAX"}"#,
        r#"{"day":"2026-02-29"}"#,
        r#"{"day":"2028-02-29","at":1764000000000}"#,
        r#"{"at":-1}"#,
        r#"{"price":{"amount":9007199254740991,"currency":"JPY"}}"#,
        r#"{"price":{"amount":1.5,"currency":"XXXX"}}"#,
        r#"{"wings":2,"whole":null,"text":null}"#,
        r#"{"text":null,"flag":null}"#,
    ] {
        steps.push(post(
            Owner,
            "/records/edge_${mark}",
            &format!(r#"{{"fields":{fields}}}"#),
        ));
    }
    steps
}

/// Orders, filters, pages.
fn lists() -> Vec<Step> {
    use Who::{Owner, Reader};
    let edge = "/records/edge_${mark}";
    let mut steps = Vec::new();
    for query in [
        "limit=3",
        "sort=whole",
        "sort=-whole,id",
        "sort=text",
        "sort=-text&fields=text",
        "sort=wings",
        "limit=0",
        "limit=1000",
        "colour=red",
        "cursor=nonsense",
        "include_deleted=true&limit=2",
    ] {
        steps.push(get(Owner, &format!("{edge}?{query}")));
    }
    for json in [
        r#"{"field":"whole","op":"eq","value":9007199254740991}"#,
        r#"{"field":"whole","op":"gte","value":-9007199254740991}"#,
        r#"{"field":"whole","op":"lt","value":0}"#,
        r#"{"field":"text","op":"eq","value":"straße ẞ i̇stanbul ﬁ é é 😀"}"#,
        r#"{"field":"text","op":"contains","value":"DROP"}"#,
        r#"{"field":"text","op":"contains","value":"stan"}"#,
        r#"{"field":"text","op":"contains","value":"%"}"#,
        r#"{"field":"serial","op":"in","value":["max","min","none"]}"#,
        r#"{"field":"flag","op":"eq","value":false}"#,
        r#"{"field":"flag","op":"is_null"}"#,
        r#"{"and":[{"field":"whole","op":"gt","value":-1},{"not":{"field":"whole","op":"gt","value":5}}]}"#,
        r#"{"or":[{"field":"serial","op":"eq","value":"max"},{"field":"serial","op":"starts_with","value":"m"}]}"#,
        r#"{"field":"whole","op":"resembles","value":1}"#,
        r#"{"field":"whole","op":"eq","value":"1"}"#,
        r#"[]"#,
        r#"{"field":"text'; --","op":"eq","value":"x"}"#,
    ] {
        steps.push(get(Owner, &format!("{edge}?filter={}", filter(json))));
    }
    steps.push(get(Owner, &format!("{edge}?limit=2&sort=-whole")).keep("page", "/next_cursor"));
    steps.push(get(
        Owner,
        &format!("{edge}?limit=2&sort=-whole&cursor=${{page}}"),
    ));
    steps.push(get(
        Owner,
        &format!("{edge}?limit=2&sort=whole&cursor=${{page}}"),
    ));
    steps.push(get(
        Reader,
        &format!("{edge}?limit=2&sort=-whole&cursor=${{page}}"),
    ));
    for query in [
        "q=mar%C3%ADa",
        "q=MARIA&types=contact",
        "q=oneil+mo",
        "q=",
        "q=x&types=nothing",
        "q=%22unbalanced",
    ] {
        steps.push(get(Owner, &format!("/search?{query}")));
    }
    steps
}

/// Definitions.
fn schema() -> Vec<Step> {
    use Who::{Owner, Reader};
    let boat = "/object-types/boat_${mark}";
    vec![
        get(Owner, "/object-types?limit=3"),
        get(Owner, "/object-types?limit=50&fields=label,built_in"),
        get(Reader, "/object-types/contact"),
        get(Owner, "/object-types/contact/json-schema"),
        get(Owner, "/object-types/contact/fields?limit=2"),
        post(
            Owner,
            "/object-types",
            r#"{"name":"boat_${mark}","label":"Boat","fields":[{"name":"length","type":"integer","label":"Length"}]}"#,
        ),
        post(
            Owner,
            "/object-types",
            r#"{"name":"boat_${mark}","label":"Boat"}"#,
        ),
        post(
            Owner,
            "/object-types",
            r#"{"name":"Not A Name","label":""}"#,
        ),
        post(
            Reader,
            "/object-types",
            r#"{"name":"no_${mark}","label":"No"}"#,
        ),
        post(
            Owner,
            &format!("{boat}/fields"),
            r#"{"name":"colour","type":"select","label":"Colour","options":[{"value":"red","label":"Red"}]}"#,
        ),
        post(
            Owner,
            &format!("{boat}/fields"),
            r#"{"name":"colour","type":"text","label":"Colour"}"#,
        ),
        patch(
            Owner,
            &format!("{boat}/fields/colour"),
            r#"{"label":"Hull colour"}"#,
        ),
        patch(Owner, &format!("{boat}/fields/mast"), r#"{"label":"Mast"}"#),
        get(Owner, &format!("{boat}/fields")),
        get(Owner, &format!("{boat}/json-schema")),
        post(
            Owner,
            "/records/boat_${mark}",
            r#"{"id":"${id3}","fields":{"colour":"red","length":12}}"#,
        ),
        post(
            Owner,
            "/records/boat_${mark}",
            r#"{"fields":{"colour":"green"}}"#,
        ),
        delete(Owner, &format!("{boat}/fields/colour")),
        get(Owner, "/records/boat_${mark}/${id3}"),
        patch(Owner, boat, r#"{"label":"Ship"}"#),
        delete(Owner, boat),
        get(Owner, boat),
        get(Owner, "/records/boat_${mark}"),
        delete(Owner, "/object-types/contact"),
    ]
}

/// Batches: all or nothing, or per item.
fn batches() -> Vec<Step> {
    use Who::{Owner, Reader};
    let item = |id: &str, name: &str| {
        format!(
            r#"{{"op":"create","type":"price_item","id":"{id}","fields":{{"name":"{name}","unit_price":{{"amount":100,"currency":"GBP"}}}}}}"#
        )
    };
    let batch = |mode: &str, operations: &[String]| {
        format!(
            r#"{{"mode":"{mode}","operations":[{}]}}"#,
            operations.join(",")
        )
    };
    let bad = r#"{"op":"create","type":"price_item","fields":{"name":7}}"#.to_owned();
    let update = r#"{"op":"update","type":"price_item","id":"${id4}","fields":{"name":"changed"}}"#
        .to_owned();
    let gone = r#"{"op":"delete","type":"price_item","id":"${id4}"}"#.to_owned();
    let many: Vec<String> = (0..200)
        .map(|n| format!(r#"{{"op":"create","type":"price_item","fields":{{"name":"item {n}","unit_price":{{"amount":{n},"currency":"GBP"}}}}}}"#))
        .collect();
    vec![
        post(
            Owner,
            "/records/batch",
            &batch(
                "atomic",
                &[
                    item("${id4}", "four"),
                    update.clone(),
                    item("${id5}", "five"),
                ],
            ),
        ),
        post(
            Owner,
            "/records/batch",
            &batch("atomic", &[item("${id6}", "six"), bad.clone()]),
        ),
        get(Owner, "/records/price_item/${id6}"),
        post(
            Owner,
            "/records/batch",
            &batch("per_item", &[item("${id6}", "six"), bad, update, gone]),
        ),
        post(
            Owner,
            "/records/batch",
            &batch("per_item", &[item("${id4}", "again")]),
        ),
        post(Owner, "/records/batch", &batch("sideways", &[])),
        post(
            Reader,
            "/records/batch",
            &batch("per_item", &[item("${id7}", "seven")]),
        ),
        post(Owner, "/records/batch", &batch("atomic", &many)),
        get(
            Owner,
            "/records/price_item?limit=200&sort=name,id&fields=name",
        ),
        post(
            Owner,
            "/records/invoice",
            r#"{"id":"${id8}","fields":{"contact":"${id1}","currency":"GBP"}}"#,
        ),
        post(
            Owner,
            "/records/invoice",
            r#"{"fields":{"contact":"${id9}","currency":"GBP"}}"#,
        ),
        patch(
            Owner,
            "/records/invoice/${id8}",
            r#"{"fields":{"number":"I-1"}}"#,
        ),
        post(
            Owner,
            "/records/job",
            r#"{"fields":{"contact":"${id1}","title":"Leak"}}"#,
        ),
        post(
            Owner,
            "/records/job",
            r#"{"fields":{"contact":"${id1}","title":"Leak again"}}"#,
        ),
    ]
}

/// Rules of HTTP itself.
fn protocol() -> Vec<Step> {
    use Who::{Nobody, Owner};
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let origin = contract_tests::host::ORIGIN;
    vec![
        get(Nobody, "/health"),
        get(Nobody, "/limits"),
        get(Nobody, "/openapi.json"),
        get(Nobody, "/openapi.yaml?consumer=portal"),
        get(Nobody, "/openapi.json?version=2"),
        get(Nobody, "/openapi.json?consumer=nobody"),
        get(Nobody, "/openapi.yaml?openapi=3.0"),
        get(Nobody, "/docs"),
        get(Nobody, "/docs?consumer=mobile&version=2"),
        step(Nobody, "HEAD", "/docs", None),
        get(Nobody, "/nothing/here"),
        get(Nobody, "/records/%00/x"),
        get(Nobody, "//me"),
        get(Nobody, "/me/"),
        get(Owner, "/me?fields=%ff"),
        get(Owner, "/me?fields=name&fields=id"),
        get(Owner, "/me").with("accept", "text/html"),
        get(Owner, "/me").with("accept", "application/vnd.crm.v9+json"),
        get(Owner, "/me").with("accept", "*/*"),
        get(Owner, "/me").with("accept-encoding", "identity"),
        get(Nobody, "/me").with("authorization", "Basic abc"),
        get(Nobody, "/me").with("authorization", "Bearer not.a.token"),
        step(Owner, "HEAD", "/me", None),
        step(Owner, "PUT", "/me", Some("{}")),
        step(Owner, "DELETE", "/me", None),
        step(Nobody, "OPTIONS", "/me", None)
            .with("origin", origin)
            .with("access-control-request-method", "GET")
            .with("access-control-request-headers", "authorization"),
        step(Nobody, "OPTIONS", "/me", None)
            .with("origin", "https://evil.example")
            .with("access-control-request-method", "GET"),
        get(Owner, "/me").with("origin", origin),
        post(Owner, "/records/contact", "{"),
        post(Owner, "/records/contact", ""),
        post(
            Owner,
            "/records/contact",
            r#"{"fields":{"kind":"person","kind":"company"}}"#,
        ),
        post(Owner, "/records/contact", r#"{"fields":{"kind":"\ud800"}}"#),
        post(Owner, "/records/contact", &deep),
        post(
            Owner,
            "/records/contact",
            r#"{"fields":{"first_name":1e999}}"#,
        ),
        post(Owner, "/records/contact", "{}").with("content-type", "text/plain"),
        post(Owner, "/records/contact", "{}")
            .with("content-type", "application/json; charset=latin1"),
        post(Owner, "/records/contact", r#"{"fields":{"kind":"person"}}"#)
            .with("idempotency-key", ""),
        post(Owner, "/auth/token", &" ".repeat(2 << 20)),
    ]
}

/// Ending sessions, keys and users.
fn ends() -> Vec<Step> {
    use Who::{Key, Owner, Reader};
    vec![
        delete(Owner, "/api-keys/${key_id}"),
        get(Key, "/me"),
        delete(Owner, "/api-keys/${key_id}"),
        step(Owner, "POST", "/users/${reader_id}/deactivate", None),
        get(Reader, "/me"),
        post(
            Owner,
            "/users/${reader_id}/deactivate",
            r#"{"revoke_api_keys":true}"#,
        ),
        step(Owner, "POST", "/users/${reader_id}/reactivate", None),
        step(Owner, "POST", "/users/${reader_id}/reactivate", None),
        get(Reader, "/me"),
        step(Owner, "POST", "/users/${owner_id}/deactivate", None),
        delete(Owner, "/records/contact/${id1}"),
    ]
}
