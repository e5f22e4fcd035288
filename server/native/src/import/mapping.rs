//! The mapping file: TOML that says, file by file, which column becomes which field. Unknown keys are errors.
//!
//! ```toml
//! [[import]]
//! file = "contacts.csv"            # beside the mapping file
//! into = "contact"                 # an object type, or `user`
//! key = "old_id"                   # the field that identifies a row in later imports
//!
//! [[import.field]]                 # a custom field, created if it does not exist
//! name = "old_id"
//! type = "text"
//! label = "Old id"
//! unique = true
//!
//! [import.set]
//! old_id = "customer_id"                                          # a column, unchanged
//! kind = { value = "person" }                                     # the same for every row
//! emails = { column = "email", list = true }
//! phones = { column = "phone", as = "phone", list = true }
//! "billing_address.city" = "city"
//! account_manager = { column = "rep_id", lookup = "user.external_id" }
//! ```

use std::{collections::BTreeMap, fs, io, path::Path};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::schema;

/// The value of `into` for importing users.
pub const USER: &str = "user";

/// Which columns of which files become which fields of a business's records.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["import"]))]
pub struct Mapping {
    /// The files to import.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub import: Vec<Import>,
}

/// One file, whose rows become records of one type.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The file: CSV, or JSON lines if its name ends in `.jsonl` or `.ndjson`. A relative path starts at the mapping's folder.
    pub file: String,
    /// The name of the object type that the rows become, or `user`.
    pub into: String,
    /// The field that identifies a row: unique in the file and in the business. For `user` it is `external_id` or `email`.
    pub key: String,
    /// Definitions of custom fields. A field that the object type does not have yet is created.
    #[serde(default)]
    #[schemars(schema_with = "schema::fields")]
    pub field: Vec<BTreeMap<String, Value>>,
    /// The source of each field; `a.b` is the property `b` of the object `a`.
    pub set: BTreeMap<String, Source>,
    /// A second file, whose rows become the lines of these rows.
    pub lines: Option<Lines>,
    /// The source of the expected value of each field that the server computes, such as an invoice's total.
    #[serde(default)]
    pub check: BTreeMap<String, Source>,
}

/// A file whose rows become lines of documents.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    /// The file, as in `[[import]]`.
    pub file: String,
    /// The field of type `lines`.
    pub into: String,
    /// The column of the lines' file that names the row to which a line belongs.
    pub parent: String,
    /// The column of the row's own file that `parent` names.
    pub of: String,
    /// For each property of a line the source of its value.
    pub set: BTreeMap<String, Source>,
}

/// Where a value comes from: the name of a column, or a rule.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Source {
    /// The name of the column that holds the text.
    Column(String),
    /// A rule that makes the value.
    Value(Box<Rule>),
}

/// How a value is made.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The column that holds the text.
    pub column: Option<String>,
    /// Several columns. Their texts are joined by `join`; empty ones are left out.
    #[serde(default)]
    pub columns: Vec<String>,
    /// The text between the texts of `columns`. A space if it is left out.
    pub join: Option<String>,
    /// A constant for every row.
    pub value: Option<Value>,
    /// How the text becomes a value.
    #[serde(default, rename = "as")]
    pub form: Form,
    /// For `as = "money"`: the ISO 4217 code of the currency.
    pub currency: Option<String>,
    /// For `as = "decimal"` and `as = "money"`: the number of decimal places. The default is 2.
    pub scale: Option<u32>,
    /// For `as = "date"` and `as = "datetime"`: the format in strftime's notation. The defaults are `%Y-%m-%d` and `%Y-%m-%d %H:%M:%S`.
    pub format: Option<String>,
    /// For `as = "datetime"`: the IANA time zone of the values. The default is UTC.
    pub zone: Option<String>,
    /// For `as = "phone"`: the country code of numbers without a plus, such as "44".
    pub country_code: Option<String>,
    /// `type.field`: the value becomes the id of the record (or `user`) whose field has it.
    pub lookup: Option<String>,
    /// With `lookup`: use this field of the found record instead of its id.
    pub take: Option<String>,
    /// Whether the value becomes the only entry of a list.
    #[serde(default)]
    pub list: bool,
}

/// How a column's text becomes a value.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// The text as it is.
    #[default]
    Text,
    /// `12` becomes the integer 12.
    Integer,
    /// `12.34` becomes an integer in units of 10^-scale.
    Decimal,
    /// `2` becomes 2000.
    Thousandths,
    /// `0.99` becomes an amount in minor units and its currency.
    Money,
    /// A telephone number as people write it becomes E.164: a plus and digits.
    Phone,
    /// `true`, `yes`, `y` and `1` become true; `false`, `no`, `n` and `0` become false.
    Boolean,
    /// A date becomes its number of days since 1970-01-01.
    Date,
    /// A time becomes its number of milliseconds since 1970-01-01 00:00 UTC.
    Datetime,
    /// The text is JSON, and its value is taken as it is.
    Json,
}

impl Source {
    /// The source as a rule, in whichever form it was written.
    pub fn rule(&self) -> std::borrow::Cow<'_, Rule> {
        match self {
            Self::Column(name) => std::borrow::Cow::Owned(Rule {
                column: Some(name.clone()),
                ..Rule::default()
            }),
            Self::Value(rule) => std::borrow::Cow::Borrowed(rule),
        }
    }
}

/// Reads the mapping file; an error names line and column.
pub fn read(path: &Path) -> Result<Mapping, String> {
    let wrong = |what: String| format!("the mapping {}: {what}", path.display());
    let bytes = fs::read(path).map_err(|error| {
        let hint = if error.kind() == io::ErrorKind::IsADirectory {
            "; name the file in it"
        } else {
            ""
        };
        wrong(format!("it cannot be read: {error}{hint}"))
    })?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8 text".to_owned()))?;
    let mapping: Mapping =
        toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
    if mapping.import.is_empty() {
        return Err(wrong(
            "it has no [[import]], so there is nothing to import".to_owned(),
        ));
    }
    Ok(mapping)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_head_is_a_mapping() {
        let text = include_str!("mapping.rs");
        let example: String = text
            .lines()
            .skip_while(|line| *line != "//! ```toml")
            .skip(1)
            .take_while(|line| *line != "//! ```")
            .map(|line| format!("{}\n", line.trim_start_matches("//!").trim_start()))
            .collect();
        let mapping: Mapping = toml::from_str(&example).unwrap();
        assert_eq!(mapping.import[0].set.len(), 6);
    }

    #[test]
    fn a_file_that_is_no_mapping_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("m.toml");
        let said = |content: &[u8]| {
            fs::write(&file, content).unwrap();
            read(&file).unwrap_err()
        };
        for (content, what) in [
            (&b""[..], "no [[import]]"),
            (b"import = []", "no [[import]]"),
            (b"import = 1", "line 1"),
            (b"\xff\xfe", "UTF-8"),
        ] {
            let said = said(content);
            assert!(said.contains(what) && said.contains("m.toml"), "{said}");
        }
        let said = read(folder.path()).unwrap_err();
        assert!(said.contains("name the file in it"), "{said}");
    }

    #[test]
    fn a_misspelt_key_is_an_error_with_its_place() {
        let error =
            toml::from_str::<Mapping>("[[import]]\nfile = \"a\"\nintoo = \"b\"\n").unwrap_err();
        assert!(error.to_string().contains("line 3"), "{error}");
    }
}
