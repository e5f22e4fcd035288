//! Hostile sources: each leads to findings in a short time, and never to a panic.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "support/support.rs"]
mod support;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use support::{clean, findings};

/// Far more than any of these takes on a slow machine.
const SOON: Duration = Duration::from_secs(20);

fn judged(name: &str, source: &[u8]) -> usize {
    let start = Instant::now();
    let found = findings(name, source);
    let took = start.elapsed();
    assert!(took < SOON, "{name} took {took:?}");
    for diagnostic in &found {
        assert!(!diagnostic.message.is_empty() && !diagnostic.mend.is_empty());
    }
    found.len()
}

/// A document around a `components.schemas`.
fn with_schemas(schemas: &str) -> String {
    format!(
        "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths: {{}}\ncomponents:\n  schemas:\n{schemas}"
    )
}

#[test]
fn aliases_that_multiply() {
    let mut lol = String::from("a0: &a0 [x]\n");
    for n in 1..40 {
        let _ = writeln!(
            lol,
            "a{n}: &a{n} [*a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}]",
            n - 1
        );
    }
    assert!(judged("lol.yaml", lol.as_bytes()) > 0);
    // Nested, so that each would keep a copy of all below it.
    let nested = format!(
        "{}1{}",
        (0..100).map(|n| format!("&a{n} [")).collect::<String>(),
        "]".repeat(100)
    );
    judged("nested.yaml", nested.as_bytes());
    let text = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(1_000_000),
        "*a, ".repeat(10_000)
    );
    assert!(judged("text.yaml", text.as_bytes()) > 0);
}

#[test]
fn nesting_without_end() {
    for (open, close) in [
        ("[", "]"),
        ("{a: ", "}"),
        ("- ", ""),
        ("? ", ""),
        ("!!str ", ""),
        ("&a ", ""),
    ] {
        judged(
            "deep.yaml",
            format!("{}{}", open.repeat(10_000), close.repeat(10_000)).as_bytes(),
        );
        judged("open.yaml", open.repeat(200_000).as_bytes());
    }
    let mut block = String::new();
    for depth in 0..1_000 {
        let _ = writeln!(block, "{}a:", " ".repeat(depth));
    }
    assert!(judged("block.yaml", block.as_bytes()) > 0);
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        judged(
            "deep.json",
            format!("{}1{}", open.repeat(10_000), close.repeat(10_000)).as_bytes(),
        );
    }
}

#[test]
fn references_in_circles() {
    let mut ring = String::new();
    for n in 0..20_000 {
        let _ = writeln!(
            ring,
            "    S{n}: {{$ref: '#/components/schemas/S{}'}}",
            (n + 1) % 20_000
        );
    }
    assert!(judged("ring.yaml", with_schemas(&ring).as_bytes()) > 0);
    let mut chain = String::new();
    for n in 0..20_000 {
        let _ = writeln!(
            chain,
            "    S{n}: {{$ref: '#/components/schemas/S{}'}}",
            n + 1
        );
    }
    chain.push_str("    S20000: {type: string, default: 1}\n");
    assert!(judged("chain.yaml", with_schemas(&chain).as_bytes()) > 0);
}

/// Judging a value against schemas that refer to each other twice would double at every level.
#[test]
fn examples_of_entangled_schemas() {
    let schemas = "    A:\n      anyOf:\n        - {type: array, items: {$ref: '#/components/schemas/A'}}\n        - {type: array, items: {$ref: '#/components/schemas/A'}}\n        - {type: array, minItems: 1, items: {$ref: '#/components/schemas/A'}}\n";
    let example = format!("      example: {}1{}\n", "[".repeat(60), "]".repeat(60));
    judged(
        "tangle.yaml",
        with_schemas(&format!("{schemas}{example}")).as_bytes(),
    );
    let all = "    A: {allOf: [{$ref: '#/components/schemas/B'}, {$ref: '#/components/schemas/B'}], default: {}}\n    B: {allOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/A'}]}\n";
    assert!(judged("all.yaml", with_schemas(all).as_bytes()) > 0);
}

/// A large answer that very many operations share is copied to each of them.
#[test]
fn references_that_unfold() {
    let mut source = String::from("openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n");
    for n in 0..4_000 {
        let _ = writeln!(
            source,
            "  /p{n}: {{get: {{responses: {{'200': {{$ref: '#/components/responses/R'}}}}}}}}"
        );
    }
    source.push_str("components:\n  responses:\n    R:\n      description: r\n      content:\n        application/json:\n          schema:\n            properties:\n");
    for n in 0..5_000 {
        let _ = writeln!(source, "              p{n}: {{type: string}}");
    }
    assert!(judged("unfold.yaml", source.as_bytes()) > 0);
}

#[test]
fn patterns_that_cost() {
    let mut schemas = String::new();
    for n in 0..3_000 {
        let _ = writeln!(
            schemas,
            "    S{n}: {{type: string, pattern: '(\\p{{L}}{{1,50}}){{1,{n}}}'}}"
        );
    }
    assert!(judged("patterns.yaml", with_schemas(&schemas).as_bytes()) > 0);
}

#[test]
fn very_many_of_everything() {
    let mut operations = String::from("openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n");
    for n in 0..6_000 {
        let _ = writeln!(
            operations,
            "  /p{n}/{{a}}: {{get: {{operationId: p_{n}, tags: [t{n}], x-consumers: [c{n}], security: [{{s{n}: [a]}}], responses: {{}}}}}}"
        );
    }
    assert!(judged("operations.yaml", operations.as_bytes()) > 0);
    let wide = format!("[{}]", "1,".repeat(600_000));
    assert!(judged("wide.yaml", wide.as_bytes()) > 0);
    let keys: String = (0..100_000).map(|n| format!("k{n}: {n}\n")).collect();
    assert!(judged("keys.yaml", keys.as_bytes()) > 0);
    let long = format!("\"{}\"", "\\u0041".repeat(1_000_000));
    judged("long.yaml", long.as_bytes());
    judged("line.yaml", "a".repeat(4_000_000).as_bytes());
    judged("spaces.yaml", " \n".repeat(1_000_000).as_bytes());
    judged("comments.yaml", "# a\n".repeat(500_000).as_bytes());
}

#[test]
fn bytes_that_are_no_text() {
    for bytes in [
        &b"\0"[..],
        b"\xff\xfe\0\0",
        b"\xff\xfeo\0p\0",
        b"\xef\xbb\xbf",
        b"\xef\xbb\xbfopenapi: 3.1.0",
        b"a\0b: c",
        b"\xc3",
        b"%",
        b"---",
        b"...",
        b"--- |",
        b"*a",
        b"&a",
        b"!",
        b"!<",
        b"\"",
        b"'",
        b"? ",
        b": ",
        b"-",
        b"\t",
        b"%YAML 9.9\n---\n",
        b"%TAG ! tag:a,2:\n--- !a b",
        b"|9",
        b">-\n\n",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b"@",
        b"`",
    ] {
        judged("bytes.yaml", bytes);
        judged("bytes.json", bytes);
        judged("bytes", bytes);
    }
}

fn wrong() -> Vec<serde_json::Value> {
    use serde_json::json;
    vec![
        json!(null),
        json!(true),
        json!(-1.5),
        json!(1e300),
        json!(""),
        json!([]),
        json!([{}]),
        json!({}),
        json!({"$ref": "#/components/schemas/Note"}),
    ]
}

fn pointers(value: &serde_json::Value, at: String, out: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, inner) in map {
                pointers(
                    inner,
                    format!("{at}/{}", crm_codegen::source::escape(key)),
                    out,
                );
            }
        }
        serde_json::Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                pointers(inner, format!("{at}/{index}"), out);
            }
        }
        _ => {}
    }
    out.push(at);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        judged("any.yaml", &bytes);
        judged("any.json", &bytes);
    }

    /// Text of the characters that mean something to YAML.
    #[test]
    fn any_punctuation(text in "[-\\[\\]{}:,?&*!|>'\"%@`#~a1 \n\t\\\\.<=]{0,300}") {
        judged("any.yaml", text.as_bytes());
        judged("any.json", text.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// A contract with pieces cut out, moved and doubled.
    #[test]
    fn a_contract_cut_to_pieces(cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..60usize, any::<prop::sample::Index>()), 1..6)) {
        let mut text: Vec<char> = clean().chars().collect();
        for (from, length, to) in cuts {
            let from = from.index(text.len());
            let piece: Vec<char> = text.drain(from..(from + length).min(text.len())).collect();
            let to = to.index(text.len() + 1);
            let doubled = piece.iter().chain(&piece).copied().collect::<Vec<char>>();
            text.splice(to..to, if length % 2 == 0 { piece } else { doubled });
        }
        judged("cut.yaml", text.into_iter().collect::<String>().as_bytes());
    }

    /// A contract with one value of a wrong kind.
    #[test]
    fn a_contract_with_a_wrong_kind(place in any::<prop::sample::Index>(), value in prop::sample::select(wrong())) {
        let reading = crm_codegen::document::read("clean.yaml", clean().as_bytes());
        let mut source = reading.document.unwrap().to_json();
        let mut places = Vec::new();
        pointers(&source, String::new(), &mut places);
        *source.pointer_mut(place.get::<String>(&places)).unwrap() = value;
        judged("wrong.json", source.to_string().as_bytes());
    }

    /// A contract with swapped lines.
    #[test]
    fn a_contract_with_lines_swapped(swaps in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..5)) {
        let mut lines: Vec<&str> = clean().lines().collect();
        for (a, b) in swaps {
            let (a, b) = (a.index(lines.len()), b.index(lines.len()));
            lines.swap(a, b);
        }
        judged("swapped.yaml", lines.join("\n").as_bytes());
    }
}
