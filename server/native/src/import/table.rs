//! An import's file as rows of named texts: CSV (RFC 4180) or JSON lines, UTF-8, with the line that each row begins on.
//! It is read row by row, from the beginning for each iteration, and is never in memory as a whole.

use std::{
    collections::{BTreeMap, HashSet},
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde_json::Value;

use super::{
    issue::{Issue, Issues},
    run::Failed,
    text::{MOST_ROW, Text, Wrong},
};

/// The greatest number of columns, or of different names in JSON lines.
const MOST_COLUMNS: usize = 1_000;

#[derive(Debug)]
pub struct Row {
    pub line: u64,
    /// The cells by column; empty cells are left out.
    pub cells: BTreeMap<String, Value>,
}

impl Row {
    /// The cell as text; a number or boolean of a JSON line in its JSON form.
    pub fn text(&self, column: &str) -> Option<String> {
        match self.cells.get(column)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }
}

/// A file that was checked to be well-formed.
#[derive(Debug)]
pub struct Table {
    pub file: String,
    pub columns: Vec<String>,
    pub rows: u64,
    path: PathBuf,
    form: Form,
    /// Size in bytes and modification time at the check.
    state: (u64, Option<SystemTime>),
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Csv(char),
    Json,
}

/// Checks the form of the whole file `path`; errors go to `issues`. `.jsonl` and `.ndjson` are JSON lines, all other
/// files are CSV.
pub fn scan(path: &Path, issues: &mut Issues) -> Option<Table> {
    let before = issues.count();
    let mut table = Table {
        file: path.display().to_string(),
        columns: Vec::new(),
        rows: 0,
        path: path.to_owned(),
        form: Form::Json,
        state: (0, None),
    };
    if let Err(wrong) = look_through(&mut table, issues) {
        issues.push(table.issue(wrong));
    }
    (issues.count() == before).then_some(table)
}

fn look_through(table: &mut Table, issues: &mut Issues) -> Result<(), Wrong> {
    let path = table.path.clone();
    let unreadable = |error: std::io::Error| whole(format!("it cannot be read: {error}"));
    let state = fs::metadata(&path).map_err(unreadable)?;
    if state.is_dir() {
        return Err(whole("it is a folder; name a file in it".into()));
    }
    if !state.is_file() {
        return Err(whole(
            "it can be read only once, such as a pipe, and an import reads its files several times; save it as a file first"
                .into(),
        ));
    }
    table.state = (state.len(), state.modified().ok());
    let json = path
        .extension()
        .is_some_and(|ending| ending == "jsonl" || ending == "ndjson");
    if !json {
        table.form = Form::Csv(delimiter(&path).map_err(unreadable)?);
    }
    let mut reader = table.reader()?;
    table.columns = reader.columns().to_vec();
    if !json {
        head(table, issues)?;
    }
    let mut known: HashSet<String> = HashSet::new();
    while let Some(row) = reader.next() {
        match row {
            Ok(row) if json => {
                table.rows += 1;
                for name in row.cells.keys() {
                    if !known.contains(name) {
                        if table.columns.len() == MOST_COLUMNS {
                            return Err(Wrong {
                                line: row.line,
                                ..whole(format!(
                                    "the rows have more than {MOST_COLUMNS} different names"
                                ))
                            });
                        }
                        known.insert(name.clone());
                        table.columns.push(name.clone());
                    }
                }
            }
            Ok(_) => table.rows += 1,
            Err(Bad::Row(wrong)) => issues.push(table.issue(wrong)),
            Err(Bad::Text(wrong)) => return Err(wrong),
        }
    }
    Ok(())
}

/// Checks that the first line names the columns.
fn head(table: &Table, issues: &mut Issues) -> Result<(), Wrong> {
    if table.columns.len() > MOST_COLUMNS {
        return Err(whole(format!(
            "it has {} columns; the most are {MOST_COLUMNS}",
            table.columns.len()
        )));
    }
    if table.columns.iter().all(String::is_empty) {
        issues.push(table.issue(whole("the first line has to name the columns".into())));
    }
    for (index, name) in table.columns.iter().enumerate() {
        if table.columns[..index].contains(name) {
            issues.push(Issue {
                column: Some(name.clone()),
                ..table.issue(whole("two columns have this name".into()))
            });
        }
    }
    Ok(())
}

fn whole(message: String) -> Wrong {
    Wrong {
        line: 1,
        column: None,
        message,
    }
}

/// The delimiter: a semicolon if the first line has one and no comma, else a comma.
fn delimiter(path: &Path) -> std::io::Result<char> {
    let first = BufReader::new(File::open(path)?.take(MOST_ROW as u64));
    let mut semicolon = false;
    for byte in first.bytes() {
        match byte? {
            b',' => return Ok(','),
            b'\n' => break,
            b';' => semicolon = true,
            _ => {}
        }
    }
    Ok(if semicolon { ';' } else { ',' })
}

impl Table {
    fn issue(&self, wrong: Wrong) -> Issue {
        Issue {
            file: self.file.clone(),
            line: wrong.line,
            column: wrong.column.map(|column| column.to_string()),
            message: wrong.message,
        }
    }

    fn reader(&self) -> Result<Reader, Wrong> {
        let delimiter = match self.form {
            Form::Csv(delimiter) => Some(delimiter),
            Form::Json => None,
        };
        let text = Text::open(&self.path, delimiter);
        let text = text.map_err(|error| whole(format!("it cannot be read: {error}")))?;
        match delimiter {
            None => Ok(Reader::Json {
                text: BufReader::new(text),
                line: 0,
            }),
            Some(delimiter) => Reader::csv(text, delimiter),
        }
    }

    /// Iterates over the rows, from the first one.
    pub fn rows(&self) -> Result<Rows<'_>, Failed> {
        Ok(Rows {
            table: self,
            reader: Some(self.reader().map_err(|_| self.changed())?),
        })
    }

    fn changed(&self) -> Failed {
        Failed::Changed(self.file.clone())
    }
}

/// The rows of a checked file. It is an error if the file has changed since the check.
pub struct Rows<'a> {
    table: &'a Table,
    /// None once it has ended.
    reader: Option<Reader>,
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, Failed>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.reader.as_mut()?.next() {
            Some(Ok(row)) => Some(Ok(row)),
            Some(Err(_)) => {
                self.reader = None;
                Some(Err(self.table.changed()))
            }
            None => {
                self.reader = None;
                let now = fs::metadata(&self.table.path).ok();
                let now = now.map(|now| (now.len(), now.modified().ok()));
                (now != Some(self.table.state)).then(|| Err(self.table.changed()))
            }
        }
    }
}

enum Bad {
    /// An error in one row; the next rows can be read.
    Row(Wrong),
    /// An error in the text; nothing after it can be read.
    Text(Wrong),
}

enum Reader {
    Csv {
        reader: Box<csv::Reader<Text>>,
        columns: Vec<String>,
        record: csv::StringRecord,
    },
    Json {
        text: BufReader<Text>,
        line: u64,
    },
}

impl Reader {
    fn csv(text: Text, delimiter: char) -> Result<Self, Wrong> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter as u8)
            .flexible(true)
            .has_headers(false)
            .from_reader(text);
        let mut record = csv::StringRecord::new();
        let read = reader.read_record(&mut record);
        if let Err(error) = read {
            let wrong = reader.get_mut().take_wrong();
            return Err(wrong.unwrap_or_else(|| whole(error.to_string())));
        }
        let _ = reader.get_mut().next_start();
        Ok(Self::Csv {
            columns: record.iter().map(|name| name.trim().to_owned()).collect(),
            reader: Box::new(reader),
            record,
        })
    }

    fn columns(&self) -> &[String] {
        match self {
            Self::Csv { columns, .. } => columns,
            Self::Json { .. } => &[],
        }
    }

    fn next(&mut self) -> Option<Result<Row, Bad>> {
        match self {
            Self::Csv {
                reader,
                columns,
                record,
            } => match reader.read_record(record) {
                Ok(false) => None,
                Ok(true) => {
                    let line = reader.get_mut().next_start().unwrap_or(0);
                    Some(csv_row(record, columns, line))
                }
                Err(error) => {
                    let wrong = reader.get_mut().take_wrong();
                    let line = error.position().map_or(0, csv::Position::line);
                    Some(Err(Bad::Text(wrong.unwrap_or_else(|| Wrong {
                        line,
                        ..whole(error.to_string())
                    }))))
                }
            },
            Self::Json { text, line } => loop {
                let mut bytes = Vec::new();
                *line += 1;
                match text.read_until(b'\n', &mut bytes) {
                    Ok(0) => return None,
                    Ok(_) if bytes.trim_ascii().is_empty() => {}
                    Ok(_) => return Some(json_row(bytes.trim_ascii(), *line)),
                    Err(error) => {
                        let wrong = text.get_mut().take_wrong();
                        return Some(Err(Bad::Text(wrong.unwrap_or_else(|| Wrong {
                            line: *line,
                            ..whole(error.to_string())
                        }))));
                    }
                }
            },
        }
    }
}

fn csv_row(record: &csv::StringRecord, columns: &[String], line: u64) -> Result<Row, Bad> {
    if record.len() != columns.len() {
        return Err(Bad::Row(Wrong {
            line,
            ..whole(format!(
                "{} fields where the first line names {} columns",
                record.len(),
                columns.len()
            ))
        }));
    }
    let cells = columns
        .iter()
        .zip(record)
        .filter(|(_, cell)| !cell.is_empty())
        .map(|(name, cell)| (name.clone(), Value::from(cell)));
    Ok(Row {
        line,
        cells: cells.collect(),
    })
}

fn json_row(bytes: &[u8], line: u64) -> Result<Row, Bad> {
    let wrong = |message: String| {
        Bad::Row(Wrong {
            line,
            ..whole(message)
        })
    };
    match crm_runtime::json::parse(bytes) {
        Ok(Value::Object(object)) => {
            let cells = object
                .into_iter()
                .filter(|(_, value)| !value.is_null() && value != "");
            Ok(Row {
                line,
                cells: cells.collect(),
            })
        }
        Ok(_) => Err(wrong("each line must hold one JSON object".into())),
        Err(error) => Err(wrong(error.to_string())),
    }
}

#[cfg(test)]
mod tests;
