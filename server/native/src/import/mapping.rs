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

use serde::Deserialize;
use serde_json::Value;

/// The value of `into` for importing users.
pub const USER: &str = "user";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    #[serde(default)]
    pub import: Vec<Import>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    pub file: String,
    /// An object type's name, or `user`.
    pub into: String,
    /// The field that identifies a row: unique in the file and in the tenant.
    pub key: String,
    /// Definitions of custom fields.
    #[serde(default)]
    pub field: Vec<BTreeMap<String, Value>>,
    /// The source of each field; `a.b` is the property `b` of the object `a`.
    pub set: BTreeMap<String, Source>,
    /// Rows of another file that become this row's lines.
    pub lines: Option<Lines>,
    /// Fields that the server computes, and the column that holds the expected value.
    #[serde(default)]
    pub check: BTreeMap<String, Source>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    pub file: String,
    /// The field of type `lines`.
    pub into: String,
    /// The column of the lines' file that names the row to which the line belongs ...
    pub parent: String,
    /// ... and the column of the row's file with that name.
    pub of: String,
    pub set: BTreeMap<String, Source>,
}

/// Where a value comes from: a column's name, or a rule.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Source {
    Column(String),
    Value(Box<Rule>),
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub column: Option<String>,
    /// Several columns, joined by `join` (default: a space); empty ones are left out.
    #[serde(default)]
    pub columns: Vec<String>,
    pub join: Option<String>,
    /// A constant for every row.
    pub value: Option<Value>,
    #[serde(default, rename = "as")]
    pub form: Form,
    /// For `money`: the ISO 4217 code.
    pub currency: Option<String>,
    /// For `decimal` and `money`: the decimal places (default: 2).
    pub scale: Option<u32>,
    /// For `date` and `datetime`: the format in strftime's notation (default: `%Y-%m-%d` and `%Y-%m-%d %H:%M:%S`).
    pub format: Option<String>,
    /// For `datetime`: the IANA time zone of the values (default: UTC).
    pub zone: Option<String>,
    /// For `phone`: the country code of numbers without a plus, such as "44".
    pub country_code: Option<String>,
    /// `type.field`: the record (or `user`) whose field has this value; its id is the value.
    pub lookup: Option<String>,
    /// With `lookup`: use this field of the found record instead of its id.
    pub take: Option<String>,
    /// The value is the only entry of a list.
    #[serde(default)]
    pub list: bool,
}

/// How a column's text becomes a value.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    #[default]
    Text,
    Integer,
    /// `12.34` becomes an integer in units of 10^-scale.
    Decimal,
    /// `2` becomes 2000.
    Thousandths,
    /// `0.99` becomes `{amount, currency}` in minor units.
    Money,
    /// A telephone number becomes E.164: a plus and its digits. See `country_code`.
    Phone,
    Boolean,
    /// Days since the epoch.
    Date,
    /// Milliseconds since the epoch.
    Datetime,
    /// For JSON lines: the value unchanged.
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
