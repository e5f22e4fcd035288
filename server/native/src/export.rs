//! `crm export`: all records of a type, or all users, as CSV or JSON lines that `crm import` can read.

use std::{
    io::{self, Write},
    path::Path,
};

use http::Method;
use serde_json::{Map, Value};

use crate::{error::Error, operator::Operator};

/// The format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A column per field; values other than texts and numbers are JSON
    Csv,
    /// A JSON object per line, values as the API has them
    Jsonl,
}

impl Format {
    /// The format that the ending of a file's name means.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }
}

/// Writes all records of `object_type` (users for `user`), oldest id first, without deleted records. Returns their
/// number.
pub async fn export(
    operator: &Operator,
    object_type: &str,
    format: Format,
    out: &mut dyn Write,
) -> Result<usize, Error> {
    let (list, columns) = if object_type == "user" {
        let columns = [
            "id",
            "email",
            "name",
            "roles",
            "status",
            "external_id",
            "title",
            "phone",
            "manager",
            "attributes",
        ];
        (
            "/users?limit=200".to_owned(),
            columns.map(str::to_owned).to_vec(),
        )
    } else {
        let definition = operator
            .send(Method::GET, &format!("/object-types/{object_type}"), None)
            .await?;
        let fields = definition["fields"].as_array().into_iter().flatten();
        let names = fields.filter_map(|field| field["name"].as_str().map(str::to_owned));
        let columns = ["id".to_owned()].into_iter().chain(names).collect();
        (format!("/records/{object_type}?limit=200&sort=id"), columns)
    };
    let mut sheet = Sheet {
        format,
        columns,
        out,
    };
    sheet.head().map_err(Error::Output)?;
    let mut rows = 0;
    let mut cursor: Option<String> = None;
    loop {
        let url = cursor
            .as_ref()
            .map_or_else(|| list.clone(), |cursor| format!("{list}&cursor={cursor}"));
        let page = operator.send(Method::GET, &url, None).await?;
        for item in page["items"].as_array().into_iter().flatten() {
            sheet.row(&flat(item)).map_err(Error::Output)?;
            rows += 1;
        }
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            sheet.out.flush().map_err(Error::Output)?;
            return Ok(rows);
        }
    }
}

/// The record's fields and its id in one object.
fn flat(item: &Value) -> Map<String, Value> {
    let mut row = match item.get("fields") {
        Some(Value::Object(fields)) => fields.clone(),
        _ => item.as_object().cloned().unwrap_or_default(),
    };
    row.insert("id".to_owned(), item["id"].clone());
    row
}

struct Sheet<'a> {
    format: Format,
    columns: Vec<String>,
    out: &'a mut dyn Write,
}

impl Sheet<'_> {
    fn head(&mut self) -> io::Result<()> {
        if self.format == Format::Jsonl {
            return Ok(());
        }
        let columns = self.columns.clone();
        self.csv(columns.iter().map(String::as_str))
    }

    fn row(&mut self, row: &Map<String, Value>) -> io::Result<()> {
        match self.format {
            Format::Jsonl => {
                let kept = self.columns.iter().filter_map(|name| {
                    Some((
                        name.clone(),
                        row.get(name).filter(|value| !value.is_null())?.clone(),
                    ))
                });
                let line = Value::Object(kept.collect());
                writeln!(self.out, "{line}")
            }
            Format::Csv => {
                let cells: Vec<String> = self
                    .columns
                    .iter()
                    .map(|name| cell(row.get(name)))
                    .collect();
                self.csv(cells.iter().map(String::as_str))
            }
        }
    }

    fn csv<'c>(&mut self, cells: impl Iterator<Item = &'c str>) -> io::Result<()> {
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(Vec::new());
        writer.write_record(cells).map_err(io::Error::other)?;
        let line = writer
            .into_inner()
            .map_err(|error| io::Error::other(error.to_string()))?;
        self.out.write_all(&line)
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(format: Format, row: Value) -> String {
        let mut out = Vec::new();
        let mut sheet = Sheet {
            format,
            columns: vec!["id".into(), "name".into(), "price".into()],
            out: &mut out,
        };
        sheet.head().unwrap();
        sheet.row(&flat(&row)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn csv_quotes_what_needs_it_and_json_stays_as_it_is() {
        let row =
            json!({"id": "7", "fields": {"name": "São \"José\", x", "price": {"amount": 99}}});
        assert_eq!(
            written(Format::Csv, row.clone()),
            "id,name,price\r\n7,\"São \"\"José\"\", x\",\"{\"\"amount\"\":99}\"\r\n"
        );
        assert_eq!(
            written(Format::Jsonl, row),
            "{\"id\":\"7\",\"name\":\"São \\\"José\\\", x\",\"price\":{\"amount\":99}}\n"
        );
    }
}
