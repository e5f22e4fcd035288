//! Hosts do not differ in anything that a client can see: one script of requests is sent to both, and the answers are
//! compared byte for byte, including headers, after ids, times, secrets and request ids are replaced by placeholders.

mod normal;
mod script;

use std::{collections::BTreeMap, sync::Arc};

use contract_tests::{
    business::{login, mark, new_id},
    host::Login,
    raw::Answer,
    runner::Test,
    world::World,
};
use http::Method;
use serde_json::Value;

use normal::Normal;
use script::{Step, Who};

/// The most differences that are listed.
const TOLD: usize = 20;

pub fn tests(one: &Arc<World>, other: &Arc<World>) -> Vec<Test> {
    let (one, other) = (one.clone(), other.clone());
    vec![Test {
        name: "alike::answers_do_not_depend_on_the_host".to_owned(),
        run: Box::pin(async move { answers_do_not_depend_on_the_host(&one, &other).await }),
    }]
}

async fn answers_do_not_depend_on_the_host(one: &World, other: &World) {
    let mark = mark();
    let steps = script::steps();
    // Ids that the caller chooses are the same on both hosts.
    let chosen: BTreeMap<String, String> = (1..=9).map(|n| (format!("id{n}"), new_id())).collect();
    let first = play(one, &mark, &steps, chosen.clone()).await;
    let second = play(other, &mark, &steps, chosen).await;
    let mut differences = Vec::new();
    for ((step, first), second) in steps.iter().zip(&first).zip(&second) {
        if first != second {
            let (first, second) = (around(first, second), around(second, first));
            let (at, other_at) = (one.host.name(), other.host.name());
            differences.push(format!(
                "{}\n  {at}: {first}\n  {other_at}: {second}",
                step.name()
            ));
        }
    }
    println!(
        "{} answers compared between {} and {}",
        steps.len(),
        one.host.name(),
        other.host.name()
    );
    assert!(
        differences.is_empty(),
        "{} of {} answers differ:\n{}",
        differences.len(),
        steps.len(),
        differences[..differences.len().min(TOLD)].join("\n")
    );
}

/// The part of `text` where it begins to differ from `other`.
fn around(text: &str, other: &str) -> String {
    let same = text
        .chars()
        .zip(other.chars())
        .take_while(|(a, b)| a == b)
        .count();
    text.chars()
        .skip(same.saturating_sub(80))
        .take(280)
        .collect()
}

/// Sends the script in a new business; returns the normal form of each answer.
async fn play(
    world: &World,
    mark: &str,
    steps: &[Step],
    mut names: BTreeMap<String, String>,
) -> Vec<String> {
    let owner: Login = login("owner", mark);
    let tenant = world.host.create_tenant("Alike", &owner).await;
    for (name, value) in [
        ("tenant", &tenant),
        ("owner", &owner.email),
        ("password", &owner.password),
        ("mark", &mark.to_owned()),
    ] {
        names.insert(name.to_owned(), value.clone());
    }
    let mut normal = Normal::default();
    let mut seen = Vec::new();
    for step in steps {
        let answer = send(world, step, &names).await;
        for (name, pointer) in &step.keep {
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let value = body.pointer(pointer).map(|value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            let value =
                value.or_else(|| Some(answer.headers.get(*pointer)?.to_str().ok()?.to_owned()));
            let host = world.host.name();
            let value = value
                .unwrap_or_else(|| panic!("{host}: {} gave no {pointer}: {answer:?}", step.name()));
            names.insert((*name).to_owned(), value);
        }
        seen.push(normal.of(&answer));
    }
    seen
}

async fn send(world: &World, step: &Step, names: &BTreeMap<String, String>) -> Answer {
    let raw = world.raw(if step.who == Who::Portal {
        "portal"
    } else {
        "web"
    });
    let method: Method = step.method.parse().expect("a method");
    let mut draft = raw.request(method, filled(&step.path, names));
    if let Some(token) = step.who.token() {
        draft = draft.bearer(&names[token]);
    }
    let mut typed = false;
    for (name, value) in &step.headers {
        typed |= *name == "content-type";
        draft = draft.header(name, filled(value, names));
    }
    if let Some(body) = &step.body {
        draft = draft.body(filled(body, names));
        if !typed {
            draft = draft.header("content-type", "application/json");
        }
    }
    draft.send().await
}

/// Replaces `${name}` by the value that was kept under the name.
fn filled(text: &str, names: &BTreeMap<String, String>) -> String {
    let mut text = text.to_owned();
    for (name, value) in names {
        text = text.replace(&format!("${{{name}}}"), value);
    }
    assert!(!text.contains("${"), "{text}");
    text
}
