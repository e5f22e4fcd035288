//! An import's file as rows of named texts: CSV (RFC 4180) or JSON lines, UTF-8, with the line that each row begins on.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

use super::{issue::Issue, quoting};

/// Larger files are split by the caller: they are read whole.
const MOST_BYTES: u64 = 512 << 20;

#[derive(Debug)]
pub struct Table {
    pub file: String,
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

#[derive(Debug)]
pub struct Row {
    pub line: u64,
    /// By column; a cell without text is not there.
    pub cells: BTreeMap<String, Value>,
}

impl Row {
    /// The cell as text: a JSON line's number or boolean as it is written.
    pub fn text(&self, column: &str) -> Option<String> {
        match self.cells.get(column)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }
}

/// Reads `path`. `.jsonl` and `.ndjson` are JSON lines, all else is CSV.
pub fn read(path: &Path) -> Result<Table, Vec<Issue>> {
    let file = path.display().to_string();
    let fail = |line: u64, column: Option<u64>, message: String| {
        vec![Issue {
            file: file.clone(),
            line,
            column: column.map(|column| column.to_string()),
            message,
        }]
    };
    let size = fs::metadata(path)
        .map_err(|error| fail(1, None, format!("it cannot be read: {error}")))?
        .len();
    if size > MOST_BYTES {
        return Err(fail(
            1,
            None,
            format!("it has {size} bytes, and {MOST_BYTES} is the most; split it"),
        ));
    }
    let bytes =
        fs::read(path).map_err(|error| fail(1, None, format!("it cannot be read: {error}")))?;
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(fail(1, Some(1), "it is UTF-16; save it as UTF-8".into()));
    }
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let line = before.matches('\n').count() as u64 + 1;
            let column = before
                .rsplit('\n')
                .next()
                .map_or(0, |line| line.chars().count()) as u64
                + 1;
            let message =
                "this is no UTF-8; if the file is Latin-1, convert it: iconv -f latin1 -t utf-8"
                    .into();
            return Err(fail(line, Some(column), message));
        }
    };
    if let Some(at) = text.find('\0') {
        let line = text[..at].matches('\n').count() as u64 + 1;
        return Err(fail(
            line,
            None,
            "it holds a NUL character, which no text may".into(),
        ));
    }
    let json = path
        .extension()
        .is_some_and(|ending| ending == "jsonl" || ending == "ndjson");
    if json {
        json_lines(&file, text)
    } else {
        csv(&file, text)
    }
}

fn csv(file: &str, text: &str) -> Result<Table, Vec<Issue>> {
    let issue = |line: u64, column: Option<String>, message: String| Issue {
        file: file.to_owned(),
        line,
        column,
        message,
    };
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if !first.contains(',') && first.contains(';') {
        ';'
    } else {
        ','
    };
    if let Some(broken) = quoting::check(text, delimiter) {
        return Err(vec![issue(
            broken.line,
            Some(broken.column.to_string()),
            broken.message.to_owned(),
        )]);
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter as u8)
        .flexible(true)
        .from_reader(text.as_bytes());
    let columns: Vec<String> = match reader.headers() {
        Ok(headers) => headers.iter().map(|name| name.trim().to_owned()).collect(),
        Err(error) => return Err(vec![issue(1, None, error.to_string())]),
    };
    let mut issues = Vec::new();
    if columns.iter().all(String::is_empty) {
        issues.push(issue(
            1,
            None,
            "the first line has to name the columns".into(),
        ));
    }
    for (index, name) in columns.iter().enumerate() {
        if columns[..index].contains(name) {
            issues.push(issue(
                1,
                Some(name.clone()),
                "two columns have this name".into(),
            ));
        }
    }
    let mut rows = Vec::new();
    let mut lines = Lines::new(text);
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                issues.push(issue(line, None, error.to_string()));
                break;
            }
        };
        let line = record
            .position()
            .map_or(0, |position| lines.of(position.byte()));
        if record.len() != columns.len() {
            let message = format!(
                "{} fields where the first line names {} columns",
                record.len(),
                columns.len()
            );
            issues.push(issue(line, None, message));
            continue;
        }
        let cells = columns
            .iter()
            .zip(&record)
            .filter(|(_, cell)| !cell.is_empty());
        rows.push(Row {
            line,
            cells: cells
                .map(|(name, cell)| (name.clone(), Value::from(cell)))
                .collect(),
        });
    }
    if issues.is_empty() {
        Ok(Table {
            file: file.to_owned(),
            columns,
            rows,
        })
    } else {
        Err(issues)
    }
}

/// Counts lines up to growing places. The CSV reader's own count is one behind where lines end in CR LF.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
            line: 1,
        }
    }

    /// The line of the first byte from `byte` on that ends no line.
    fn of(&mut self, byte: u64) -> u64 {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        while let Some(&next) = self.text.get(self.at) {
            if self.at >= byte && !matches!(next, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(next == b'\n');
            self.at += 1;
        }
        self.line
    }
}

fn json_lines(file: &str, text: &str) -> Result<Table, Vec<Issue>> {
    let mut issues = Vec::new();
    let mut rows = Vec::new();
    let mut columns: Vec<String> = Vec::new();
    for (index, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let at = index as u64 + 1;
        match crm_runtime::json::parse(line.as_bytes()) {
            Ok(Value::Object(object)) => {
                for name in object.keys() {
                    if !columns.contains(name) {
                        columns.push(name.clone());
                    }
                }
                let cells = object
                    .into_iter()
                    .filter(|(_, value)| !value.is_null() && value != "");
                rows.push(Row {
                    line: at,
                    cells: cells.collect(),
                });
            }
            Ok(_) => issues.push(Issue {
                file: file.to_owned(),
                line: at,
                column: None,
                message: "a line holds one JSON object".into(),
            }),
            Err(error) => issues.push(Issue {
                file: file.to_owned(),
                line: at,
                column: None,
                message: error.to_string(),
            }),
        }
    }
    if issues.is_empty() {
        Ok(Table {
            file: file.to_owned(),
            columns,
            rows,
        })
    } else {
        Err(issues)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, bytes: &[u8]) -> Result<Table, Vec<Issue>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        read(&path)
    }

    proptest::proptest! {
        #[test]
        fn no_file_panics(
            bytes in proptest::collection::vec(
                proptest::prop_oneof![
                    proptest::prelude::any::<u8>(),
                    proptest::sample::select(b"\",;\t\r\n{}[]:a1\xef\xbb\xbf".to_vec()),
                ],
                0..200,
            ),
            name in "a\\.(csv|jsonl|ndjson|txt)",
        ) {
            match of(&name, &bytes) {
                Ok(table) => {
                    for row in &table.rows {
                        for column in &table.columns {
                            drop(row.text(column));
                        }
                    }
                }
                Err(issues) => proptest::prop_assert!(!issues.is_empty()),
            }
        }
    }

    fn refused(name: &str, bytes: &[u8]) -> (u64, Option<String>) {
        let issue = of(name, bytes).unwrap_err().remove(0);
        (issue.line, issue.column)
    }

    #[test]
    fn rows_know_their_lines_and_empty_cells_are_not_there() {
        let table = of(
            "a.csv",
            "\u{feff}id,city\r\n1,\"São\nJosé\"\r\n2,\r\n".as_bytes(),
        )
        .unwrap();
        assert_eq!(table.columns, ["id", "city"]);
        assert_eq!(table.rows[0].text("city").unwrap(), "São\nJosé");
        assert_eq!((table.rows[1].line, table.rows[1].text("city")), (4, None));
    }

    #[test]
    fn semicolons_separate_where_no_comma_does() {
        assert_eq!(
            of("a.csv", b"id;city\n1;Bath\n").unwrap().rows[0]
                .text("city")
                .unwrap(),
            "Bath"
        );
    }

    #[test]
    fn broken_files_are_refused_where_they_break() {
        assert_eq!(
            refused("a.csv", b"id,city\n1,B\xe9ziers\n"),
            (2, Some("4".into()))
        );
        assert_eq!(
            refused("a.csv", b"id,city\n1,\"open\n2,x\n"),
            (2, Some("3".into()))
        );
        assert_eq!(refused("a.csv", b"id,city\n1,2,3\n"), (2, None));
        assert_eq!(refused("a.csv", b"id,id\n1,2\n"), (1, Some("id".into())));
        assert_eq!(refused("a.csv", b"\xff\xfei\0d\0"), (1, Some("1".into())));
        assert_eq!(refused("a.csv", b"id\na\0b\n"), (2, None));
        assert_eq!(refused("a.jsonl", b"{\"a\":1}\n[1]\n"), (2, None));
        assert_eq!(refused("a.jsonl", b"{\"a\":1,\"a\":2}\n"), (1, None));
    }

    #[test]
    fn json_lines_keep_their_values() {
        let table = of(
            "a.jsonl",
            b"{\"id\":7,\"ok\":true,\"none\":null}\n\n{\"id\":8}\n",
        )
        .unwrap();
        assert_eq!(table.rows[0].text("id").unwrap(), "7");
        assert_eq!(table.rows[1].line, 3);
        assert!(!table.rows[0].cells.contains_key("none"));
    }
}
