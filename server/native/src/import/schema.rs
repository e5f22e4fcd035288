//! The JSON Schema of mapping files, which `crm import --schema` prints for editors. It is draft 7, the newest draft that
//! editors for TOML support.

use crm_core::schema::Kind;
use schemars::{
    Schema, SchemaGenerator, generate::SchemaSettings, json_schema, transform::RecursiveTransform,
};
use serde_json::{Map, Value, json};

use super::mapping::Mapping;

/// The properties of a custom field that a mapping may set, as in the API: the name, the type in JSON Schema (none: any
/// value), and the meaning.
pub const PROPERTIES: [(&str, Option<&str>, &str); 17] = [
    ("name", Some("string"), "The name of the field."),
    ("type", Some("string"), "The type of the field's values."),
    (
        "label",
        Some("string"),
        "What the field is called, for people. A field that is not there yet needs it.",
    ),
    ("help", Some("string"), "What to enter, for people."),
    (
        "required",
        Some("boolean"),
        "Whether a record must have a value.",
    ),
    (
        "unique",
        Some("boolean"),
        "Whether no two records may have the same value.",
    ),
    (
        "indexed",
        Some("boolean"),
        "Whether lists that filter or sort by the field are fast.",
    ),
    (
        "searchable",
        Some("boolean"),
        "Whether search looks into the field.",
    ),
    (
        "default",
        None,
        "The value of a new record that brings none.",
    ),
    (
        "options",
        Some("array"),
        "The values to choose from, for `select` and `multi_select`.",
    ),
    (
        "min",
        Some("integer"),
        "The least value, in the unit that the field is written in.",
    ),
    (
        "max",
        Some("integer"),
        "The greatest value, in the unit that the field is written in.",
    ),
    (
        "min_length",
        Some("integer"),
        "The least number of characters, or of entries in a list.",
    ),
    (
        "max_length",
        Some("integer"),
        "The greatest number of characters, or of entries in a list.",
    ),
    (
        "pattern",
        Some("string"),
        "A regular expression that the whole text has to match.",
    ),
    (
        "scale",
        Some("integer"),
        "The number of decimal places, for `decimal`.",
    ),
    (
        "target",
        Some("string"),
        "The object type that a relation points to.",
    ),
];

/// The schema of a mapping file.
pub fn schema() -> Schema {
    SchemaSettings::draft07()
        .with_transform(RecursiveTransform(without_null))
        .into_generator()
        .into_root_schema_for::<Mapping>()
}

/// The schema of `[[import.field]]`.
pub fn fields(_: &mut SchemaGenerator) -> Schema {
    let property = |(name, kind, words): (&str, Option<&str>, &str)| {
        let mut schema = json_schema!({"description": words});
        if let Some(kind) = kind {
            schema.insert("type".to_owned(), kind.into());
        }
        if name == "type" {
            schema.insert("enum".to_owned(), json!(Kind::ALL.map(Kind::name)));
        }
        (name.to_owned(), schema.to_value())
    };
    let properties: Map<String, Value> = PROPERTIES.into_iter().map(property).collect();
    json_schema!({
        "type": "array",
        "items": {
            "description": "A custom field.",
            "type": "object",
            "required": ["name", "type"],
            "properties": properties,
            "additionalProperties": false,
        },
    })
}

/// TOML has no null: a key that may be left out is left out.
fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|one| one != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            schema.insert("type".to_owned(), one);
        }
    }
    if let Some(Value::Array(any)) = schema.get_mut("anyOf") {
        any.retain(|one| one["type"] != "null");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../../examples/chinook/import.toml");

    fn faults(text: &str) -> Vec<String> {
        let validator = jsonschema::draft7::new(schema().as_value()).unwrap();
        let file: Value = toml::from_str(text).unwrap();
        let faults = validator.iter_errors(&file);
        faults
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect()
    }

    #[test]
    fn the_example_is_valid() {
        assert_eq!(faults(EXAMPLE), [""; 0]);
    }

    #[test]
    fn the_schema_takes_what_the_program_reads_and_nothing_else() {
        let whole =
            "[[import]]\nfile = 'a.csv'\ninto = 'contact'\nkey = 'id'\n[import.set]\nid = 'id'\n";
        let field =
            |text: &str| format!("{whole}[[import.field]]\nname = 'f'\ntype = 'text'\n{text}\n");
        let cases = [
            (true, whole.to_owned()),
            (
                true,
                format!(
                    "{whole}n = {{ value = 7 }}\ns = {{ columns = ['a', 'b'], join = ', ', list = true }}"
                ),
            ),
            (
                true,
                format!("{whole}d = {{ column = 'a', as = 'money', currency = 'GBP', scale = 0 }}"),
            ),
            (true, format!("{whole}[import.check]\ntotal = 'sum'")),
            (
                true,
                format!(
                    "{whole}[import.lines]\nfile = 'b.csv'\ninto = 'lines'\nparent = 'p'\nof = 'id'\n[import.lines.set]\nunit = 'u'"
                ),
            ),
            (false, String::new()),
            (false, "import = []".to_owned()),
            (false, format!("note = 1\n{whole}")),
            (false, whole.replace("file", "files")),
            (false, whole.replace("key = 'id'", "")),
            (false, whole.replace("'contact'", "7")),
            (false, whole.replace("[import.set]\nid = 'id'", "")),
            (false, format!("{whole}n = 7")),
            (false, format!("{whole}n = {{ colum = 'a' }}")),
            (
                false,
                format!("{whole}n = {{ column = 'a', as = 'euros' }}"),
            ),
            (false, format!("{whole}n = {{ column = 'a', scale = -1 }}")),
            (
                false,
                format!("{whole}n = {{ column = 'a', list = 'yes' }}"),
            ),
            (false, format!("{whole}[import.lines]\nfile = 'b.csv'")),
        ];
        for (right, text) in cases {
            let read = toml::from_str::<Mapping>(&text).is_ok_and(|read| !read.import.is_empty());
            let faults = faults(&text);
            assert_eq!(
                (read, faults.is_empty()),
                (right, right),
                "{text}\n{faults:?}"
            );
        }
        // The program checks these only against the business's definitions, so the schema is stricter than the types.
        for (right, text) in [
            (true, "label = 'F'\nunique = true\ndefault = 'a'"),
            (true, "options = [{ value = 'a', label = 'A' }]"),
            (false, "lable = 'F'"),
            (false, "unique = 'yes'"),
        ] {
            assert_eq!(faults(&field(text)).is_empty(), right, "{text}");
        }
        assert!(!faults(&field("").replace("'text'", "'string'")).is_empty());
    }

    #[test]
    fn every_key_is_described_and_none_is_null() {
        fn walk(schema: &Value, described: &mut usize) {
            if let Value::Object(properties) = &schema["properties"] {
                for (name, property) in properties {
                    let words = property["description"].as_str().unwrap_or_default();
                    assert!(words.ends_with(['.', '`']), "{name}: {words}");
                    *described += 1;
                }
            }
            assert_ne!(schema, "null");
            match schema {
                Value::Object(parts) => parts.values().for_each(|part| walk(part, described)),
                Value::Array(parts) => parts.iter().for_each(|part| walk(part, described)),
                _ => {}
            }
        }
        let mut described = 0;
        walk(schema().as_value(), &mut described);
        assert!(described > 40, "{described}");
    }
}
