//! Generates the modules of `contract.yaml` in two versions: unchanged, and with the changes of `version_2`.

use std::{env, error::Error, fs, path::Path};

use crm_codegen::{Document, generate};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=contract.yaml");
    let first = fs::read_to_string("contract.yaml")?;
    let second = version_2(&first)?;
    let documents = [first, second]
        .iter()
        .map(|text| Document::read("contract.yaml", text.as_bytes()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|found| format!("{found:#?}"))?;
    let (mut modules, mut found) = generate::contract(&documents);
    let (clients, more) = generate::clients(&documents, |_| true);
    modules.extend(clients);
    found.extend(more.into_sorted());
    if !found.is_empty() {
        return Err(format!("{:#?}", found.into_sorted()).into());
    }
    let out = env::var("OUT_DIR")?;
    for module in modules {
        fs::write(Path::new(&out).join(&module.file), module.code)?;
    }
    Ok(())
}

/// One change of every kind that matters between versions. Each text occurs in the document once.
const CHANGES: &[(&str, &str)] = &[
    ("version: 1.0.0", "version: 2.0.0"),
    // Descriptions do not matter: the type is shared.
    (
        "The state of a thing. More may come.",
        "How far a thing has got.",
    ),
    // A bound does not change the type: the handler is shared, the validation is not.
    (
        "schema: {type: string, minLength: 1, maxLength: 5}",
        "schema: {type: string, minLength: 1, maxLength: 4}",
    ),
    // Deprecated in one version only, and handled once.
    (
        "      operationId: things_get\n",
        "      operationId: things_get\n      deprecated: true\n      x-deprecated-at: \"2026-01-31\"\n      x-sunset: \"2026-06-30\"\n",
    ),
    // A different answer: the operation has a handler in each version.
    (
        "                required: [items]\n",
        "                required: [items, total]\n",
    ),
    (
        "                  items: {type: array, items: {$ref: '#/components/schemas/Thing'}}\n",
        "                  items: {type: array, items: {$ref: '#/components/schemas/Thing'}}\n                  total: {type: integer, format: int64, minimum: 0, maximum: 9007199254740991}\n",
    ),
    // A schema that others refer to.
    (
        "      required: [id, fields]\n",
        "      required: [id, fields, kind]\n",
    ),
    (
        "        fields: {type: object, additionalProperties: true}\n    RecordPage:\n",
        "        fields: {type: object, additionalProperties: true}\n        kind: {type: string}\n    RecordPage:\n",
    ),
    // A removed operation, and a new one.
    ("operationId: things_delete", "operationId: things_archive"),
    // An additional error code.
    (
        "      summary: Names that Rust has other plans for\n      security: []\n      x-consumers: [web]\n      x-error-codes: []\n",
        "      summary: Names that Rust has other plans for\n      security: []\n      x-consumers: [web]\n      x-error-codes: [NOT_FOUND]\n",
    ),
];

fn version_2(first: &str) -> Result<String, String> {
    CHANGES
        .iter()
        .try_fold(first.to_owned(), |text, (old, new)| {
            match text.matches(old).count() {
                1 => Ok(text.replace(old, new)),
                count => Err(format!("{count} times in the contract, not once: {old}")),
            }
        })
}
