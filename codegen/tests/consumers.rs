//! Pins: recorded, written, read again, found in the contract, queried.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crm_codegen::consumers::{self, Consumer, record, removal};
use crm_codegen::diff::Contract;

const NOTES: &str = "openapi: 3.1.0
info: {title: Notes, version: 1.2.0, x-media-type: vnd.notes}
x-error-codes:
  INTERNAL: {status: 500, applies: every, description: A fault.}
  TAKEN: {status: 409, applies: own, description: Taken.}
  UNUSED: {status: 409, applies: own, description: Unused.}
paths:
  /records/{type}:
    parameters: [{$ref: '#/components/parameters/Type'}]
    post:
      operationId: records_create
      x-error-codes: [TAKEN]
      parameters:
        - {name: If-Match, in: header, schema: {type: string}}
        - {name: dry, in: query, schema: {type: boolean}}
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/RecordCreate'}}}}
      responses:
        '201': {description: Made, content: {application/json: {schema: {$ref: '#/components/schemas/Record'}}}}
        4XX: {description: Refused, content: {application/json: {schema: {type: object, properties: {code: {type: string}}}}}}
  /records/batch:
    post:
      operationId: records_batch
      responses:
        '200': {description: Done, content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Record'}}}}}
components:
  parameters:
    Type: {name: type, in: path, required: true, x-record-type: true, schema: {type: string}}
  schemas:
    RecordCreate:
      type: object
      x-type-parameter: fields
      properties: {id: {type: string}, fields: {type: object, additionalProperties: true}}
    Record:
      x-type-parameter: fields
      allOf: [{$ref: '#/components/schemas/RecordCreate'}]
      properties:
        type: {type: string}
        counts: {type: object, additionalProperties: {type: object, properties: {n: {type: integer}}}}
        by: {oneOf: [{$ref: '#/components/schemas/Person'}, {type: 'null'}]}
    Person: {type: object, properties: {name: {type: string}, mail: {type: string}}}
    JobFields:
      type: object
      x-record-type: job
      properties: {title: {type: string}, lines: {type: array, items: {type: object, properties: {price: {type: integer}}}}}
      additionalProperties: true
";

const RECORDING: &str = r#"
{"consumer":"web","method":"POST","path":"/records/job","query":["dry","unknown"],"headers":{"if-match":"1","accept":"application/vnd.notes.v1+json"},"sent":{"id":"1","fields":{"title":"a","own":1}},"status":201,"got":{"id":"1","type":"job","fields":{"title":"a","lines":[{"price":1}],"own":1},"counts":{"x":{"n":1}},"by":{"name":"Ada"},"extra":1}}
{"consumer":"web","method":"POST","path":"/records/job","headers":{},"sent":null,"status":409,"got":{"code":"TAKEN"}}
{"consumer":"web","method":"POST","path":"/records/job","headers":{},"sent":null,"status":500,"got":{"code":"INTERNAL"}}
{"consumer":"mobile","method":"POST","path":"/records/batch","headers":{},"status":200,"got":[{"type":"job","fields":{"title":"b"}}]}
{"consumer":"mobile","method":"POST","path":"/records/batch","headers":{"accept":"application/vnd.notes.v2+json"},"status":200,"got":[{"id":"1"}]}
{"consumer":"mobile","method":"GET","path":"/elsewhere","headers":{},"status":404,"got":{"code":"NOT_FOUND"}}
"#;

fn contract() -> Contract {
    Contract::read("openapi.yaml", NOTES.as_bytes()).unwrap()
}

fn recorded() -> Vec<Consumer> {
    let exchanges = record::read(RECORDING).unwrap();
    let recorded = record::pins(&contract().root, &exchanges);
    assert_eq!(recorded.passed_by, 2);
    let consumers = recorded.consumers.into_iter();
    consumers
        .map(|(name, used)| record::renewed(None, &name, 1, used))
        .collect()
}

/// Only used parts that the contract names: no unknown parameters, no custom fields, no other version.
#[test]
fn a_recording_becomes_pins() {
    let texts: Vec<String> = recorded().iter().map(Consumer::to_yaml).collect();
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn what_was_written_is_read_again() {
    for consumer in recorded() {
        let text = consumer.to_yaml();
        let mut again = Consumer::read("x.yaml", text.as_bytes()).unwrap();
        again.file.clear();
        assert_eq!(again, consumer);
        assert_eq!(again.to_yaml(), text);
    }
}

#[test]
fn names_that_yaml_reads_otherwise_are_quoted() {
    let text =
        "consumer: web\nv1:\n  'no':\n    sends: ['/a b', '/a: b', '/x,y', '/[z]', \"/\\u00e9\"]\n";
    let consumer = Consumer::read("x.yaml", text.as_bytes()).unwrap();
    let again = Consumer::read("x.yaml", consumer.to_yaml().as_bytes()).unwrap();
    assert_eq!(again, consumer);
}

#[test]
fn a_version_recorded_anew_leaves_the_others() {
    let kept = Consumer::read("x.yaml", b"consumer: web\nv1: {a: {}}\nv2: {b: {}}").unwrap();
    let renewed = record::renewed(Some(kept), "web", 1, Default::default());
    assert!(renewed.versions[&1].is_empty() && renewed.versions[&2].contains_key("b"));
}

#[test]
fn every_pin_that_was_recorded_is_in_the_contract() {
    for consumer in recorded() {
        assert!(consumer.pins(1).count() > 3);
        assert_eq!(consumer.unknown(&contract().root), []);
    }
    let gone = "consumer: web\nv1:\n  records_batch: {parameters: [query x], reads: {'200': [/*/ids]}, codes: [TAKEN]}\n  none: {}\n";
    let gone = Consumer::read("web.yaml", gone.as_bytes()).unwrap();
    let told: Vec<String> = gone
        .unknown(&contract().root)
        .iter()
        .map(|d| d.message.clone())
        .collect();
    assert_eq!(
        told,
        [
            "`web`: none is called, and the contract has no such thing",
            "`web`: records_batch sends the parameter query x, and the contract has no such thing",
            "`web`: records_batch reads /*/ids of 200, and the contract has no such thing",
            "`web`: records_batch knows the code TAKEN, and the contract has no such thing",
        ]
    );
}

#[test]
fn a_pin_is_found_through_references_and_unions() {
    let pin = recorded()[1]
        .pins(1)
        .find(|pin| pin.to_string().contains("/by/name"))
        .unwrap();
    let contract = contract();
    let found = consumers::Contract::new(&contract.root).find(&pin).unwrap();
    assert_eq!(found.path, "/records/{type}");
    assert_eq!(found.places, ["/components/schemas/Person/properties/name"]);
}

#[test]
fn who_relies_on_something_is_told() {
    let (contract, consumers) = (contract(), recorded());
    let relying = |pointer: &str| -> Option<Vec<String>> {
        let pins = removal::relying(&contract.root, &consumers, pointer)?;
        Some(
            pins.iter()
                .map(|pin| format!("{}: {pin}", pin.consumer))
                .collect(),
        )
    };
    assert_eq!(
        relying("/components/schemas/JobFields/properties/title").unwrap(),
        [
            "mobile: records_batch reads /*/fields(job)/title of 200",
            "web: records_create sends /fields(job)/title",
            "web: records_create reads /fields(job)/title of 201",
        ]
    );
    assert_eq!(
        relying("/components/schemas/Person/properties/mail").unwrap(),
        [""; 0]
    );
    assert_eq!(relying("/x-error-codes/UNUSED").unwrap(), [""; 0]);
    assert_eq!(
        relying("/x-error-codes/TAKEN").unwrap(),
        ["web: records_create knows the code TAKEN"]
    );
    // A bound belongs to its thing.
    assert_eq!(
        relying("/components/schemas/Person/properties/name/type").unwrap(),
        ["web: records_create reads /by/name of 201"]
    );
    assert_eq!(
        relying("/paths/~1records~1{type}/post/parameters/1").unwrap(),
        ["web: records_create sends the parameter query dry"]
    );
    assert!(
        relying("/paths/~1records~1batch/post")
            .unwrap()
            .contains(&"mobile: records_batch is called".to_owned())
    );
    assert_eq!(relying("/components/schemas/Nobody"), None);
}

#[test]
fn what_is_no_pins_is_told_with_its_line() {
    for (text, line) in [
        ("", 0),
        ("a: 1", 1),
        ("consumer: web\nv1:\n  a: {reads: [x]}", 3),
        ("consumer: web\nv1:\n  a: {sends: [x, x]}", 3),
        ("consumer: web\nv1:\n  a:\n    sent: [x]", 4),
        ("consumer: web\nversion1: {}", 2),
    ] {
        let found = Consumer::read("web.yaml", text.as_bytes()).unwrap_err();
        assert!(line == 0 || found[0].at.line == line, "{text}: {found:?}");
    }
    assert!(record::read("{}\n").unwrap_err().starts_with("line 1: "));
}

fn command(name: &str, arguments: &[&str]) -> (PathBuf, Output) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("openapi.yaml"), NOTES).unwrap();
    std::fs::write(folder.join("recording"), RECORDING).unwrap();
    let output = contract_command(
        &folder,
        &["pin", "openapi.yaml", "recording", "--out", "pins"],
    );
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = contract_command(&folder, arguments);
    (folder, output)
}

fn contract_command(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_contract"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

#[test]
fn nobody_is_0_somebody_is_1_unreadable_is_2() {
    let ask = |pointer: &str, pins: &str| {
        let arguments = ["can-remove", pointer, "openapi.yaml", "--consumers", pins];
        let (_, output) = command("can-remove", &arguments);
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let mail = "/components/schemas/Person/properties/mail";
    assert_eq!(ask(mail, "pins"), (0, format!("nobody relies on {mail}\n")));
    let name = "/components/schemas/Person/properties/name";
    assert_eq!(
        ask(name, "pins"),
        (1, "web: records_create reads /by/name of 201\n".to_owned())
    );
    assert_eq!(ask("/nothing", "pins").0, 2);
    assert_eq!(ask(name, "elsewhere").0, 2);
}

/// The pins of this repository name existing parts of the contract.
#[test]
fn the_pins_of_this_repository_are_true() {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec");
    let folder = crm_codegen::release::Folder::read(&spec).unwrap().unwrap();
    let mut names: Vec<&str> = folder
        .consumers
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["integrations", "mobile", "portal", "web"]);
    for version in &folder.versions {
        for consumer in &folder.consumers {
            assert_eq!(consumer.unknown(&version.contract.root), []);
        }
    }
}
