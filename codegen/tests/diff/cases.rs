//! Every rule has a case in which it fires and one in which it must not, in the data files of this folder.

use std::collections::{BTreeMap, BTreeSet};

use crm_codegen::diff::{Options, RULES, diff, rule};
use crm_codegen::document::Date;
use serde::Deserialize;
use serde_json::Value;

use crate::patch::Patch;
use crate::{base, brief, compare, contract, with_schema};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    rule: String,
    fires: Change,
    silent: Change,
}

#[derive(Debug, Deserialize)]
struct Change {
    #[serde(default)]
    before: Patch,
    #[serde(flatten)]
    patch: BTreeMap<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rest {
    #[serde(default, rename = "move")]
    moves: BTreeMap<String, String>,
    #[serde(default)]
    remove: Vec<String>,
    #[serde(default)]
    set: BTreeMap<String, Value>,
    today: Option<String>,
    released: Option<String>,
    #[serde(default)]
    announced: BTreeMap<String, Patch>,
    finds: Vec<String>,
}

fn judge(case: &str, change: Change) -> (Vec<String>, Vec<String>) {
    let rest: Rest = serde_json::from_value(Value::Object(change.patch.into_iter().collect()))
        .unwrap_or_else(|error| panic!("{case}: {error}"));
    let mut old = base();
    change.before.apply(&mut old);
    let mut new = old.clone();
    let patch = Patch {
        moves: rest.moves,
        remove: rest.remove,
        set: rest.set,
    };
    patch.apply(&mut new);
    let announced: Vec<_> = rest
        .announced
        .iter()
        .map(|(day, patch)| {
            let mut release = old.clone();
            patch.apply(&mut release);
            contract(&format!("releases/{day}/v1.yaml"), &release)
        })
        .collect();
    let file = match &rest.released {
        Some(day) => format!("releases/{day}/v1.yaml"),
        None => "old.yaml".to_owned(),
    };
    let options = Options {
        today: rest.today.map(|day| Date::parse(&day).unwrap()),
        announced: &announced,
        consumers: &[],
    };
    let found = brief(&diff(
        &contract(&file, &old),
        &contract("new.yaml", &new),
        &options,
    ));
    let mut expected = rest.finds;
    expected.sort();
    (found, expected)
}

fn check(file: &str) -> (Vec<String>, BTreeSet<String>) {
    let cases: Vec<Case> = serde_norway::from_str(file).unwrap();
    let mut wrong = Vec::new();
    let mut covered = BTreeSet::new();
    for case in cases {
        assert!(
            rule(&case.rule).is_some(),
            "no rule is called {}",
            case.rule
        );
        let is_it = |found: &String| found.split(' ').next() == Some(&case.rule);
        let (found, expected) = judge(&case.rule, case.fires);
        if found != expected || !found.iter().any(is_it) {
            wrong.push(format!(
                "{} fires:\n  found    {found:?}\n  expected {expected:?}",
                case.rule
            ));
        }
        let (found, expected) = judge(&case.rule, case.silent);
        if found != expected || found.iter().any(is_it) {
            wrong.push(format!(
                "{} silent:\n  found    {found:?}\n  expected {expected:?}",
                case.rule
            ));
        }
        covered.insert(case.rule);
    }
    (wrong, covered)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SchemaCase {
    rule: String,
    /// The level in a request, and in a response.
    levels: String,
    fires: SchemaPair,
    silent: SchemaPair,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SchemaPair {
    old: Value,
    new: Value,
    #[serde(default)]
    also: Vec<String>,
}

/// The rules found at the pair's place, and the level of `rule`.
fn schema_findings(pair: &SchemaPair, request: bool, rule: &str) -> (BTreeSet<String>, String) {
    let diff = compare(
        &with_schema(&pair.old, request),
        &with_schema(&pair.new, request),
    );
    let rules = diff.findings.iter().map(|f| f.rule.id.to_owned()).collect();
    let level = diff.findings.iter().find(|f| f.rule.id == rule);
    (
        rules,
        level.map_or("none".to_owned(), |f| f.level.to_string()),
    )
}

fn check_schemas(file: &str) -> (Vec<String>, BTreeSet<String>) {
    let cases: Vec<SchemaCase> = serde_norway::from_str(file).unwrap();
    let mut wrong = Vec::new();
    let mut covered = BTreeSet::new();
    for case in cases {
        assert!(
            rule(&case.rule).is_some(),
            "no rule is called {}",
            case.rule
        );
        let mut levels = Vec::new();
        for request in [true, false] {
            let (mut found, level) = schema_findings(&case.fires, request, &case.rule);
            levels.push(level);
            found.remove(&case.rule);
            let expected: BTreeSet<String> = case.fires.also.iter().cloned().collect();
            if !found.is_subset(&expected) {
                wrong.push(format!(
                    "{} fires, request {request}: also {found:?}",
                    case.rule
                ));
            }
            let (found, _) = schema_findings(&case.silent, request, &case.rule);
            let expected: BTreeSet<String> = case.silent.also.iter().cloned().collect();
            if found != expected || found.contains(&case.rule) {
                wrong.push(format!(
                    "{} silent, request {request}: {found:?}",
                    case.rule
                ));
            }
        }
        if levels.join("/") != case.levels {
            wrong.push(format!("{}: levels {}", case.rule, levels.join("/")));
        }
        covered.insert(case.rule);
    }
    (wrong, covered)
}

#[test]
fn every_rule_fires_and_keeps_silent() {
    let mut wrong = Vec::new();
    let mut covered = BTreeSet::new();
    for (more, names) in [
        check(include_str!("cases/operations.yaml")),
        check(include_str!("cases/lifecycle.yaml")),
        check_schemas(include_str!("cases/schemas.yaml")),
    ] {
        wrong.extend(more);
        covered.extend(names);
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    // These cases are built by code, below and in pins.rs.
    covered.extend(["too-entangled".to_owned(), "pinned-gone".to_owned()]);
    let missing: Vec<&str> = RULES
        .iter()
        .map(|rule| rule.id)
        .filter(|id| !covered.contains(*id))
        .collect();
    assert!(missing.is_empty(), "rules without a case: {missing:?}");
}

/// One schema with too many parts.
#[test]
fn what_is_too_entangled_is_said_to_be() {
    let parts = |count: usize| -> Value {
        let parts: Vec<Value> = (0..count)
            .map(|n| serde_json::json!({"type": "object", "properties": {format!("p{n}"): {}}}))
            .collect();
        serde_json::json!({"allOf": parts})
    };
    let few = compare(
        &with_schema(&parts(100), true),
        &with_schema(&parts(101), true),
    );
    assert_eq!(brief(&few), ["property-added info request"]);
    let many = compare(
        &with_schema(&parts(300), true),
        &with_schema(&parts(301), true),
    );
    assert!(brief(&many).contains(&"too-entangled breaking request".to_owned()));
    let same = compare(
        &with_schema(&parts(300), true),
        &with_schema(&parts(300), true),
    );
    assert!(brief(&same).is_empty());
}
