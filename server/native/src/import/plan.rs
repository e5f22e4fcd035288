//! Plans the writes of an import from its tables. The rows of a file are read twice: first every row gets the id of the
//! record with its key, or a new id; then the values are converted. So rows may refer to each other in any order.

use std::collections::BTreeMap;

use crm_core::schema::value::MAX_LINES;
use serde_json::{Map, Value, json};

use super::{
    convert,
    index::Index,
    issue::{Issue, Issues},
    mapping::{Import, Lines, Rule, Source},
    run::Failed,
    spool::{Content, Upsert},
    table::{Row, Table},
    text::MOST_ROW,
};

/// Every `type.field` of the import's lookups, including its own key.
pub fn lookups(import: &Import) -> Vec<String> {
    let sources = import
        .set
        .values()
        .chain(import.lines.iter().flat_map(|lines| lines.set.values()));
    let mut paths: Vec<String> = sources
        .filter_map(|source| source.rule().lookup.clone())
        .collect();
    paths.push(format!("{}.{}", import.into, import.key));
    paths.sort();
    paths.dedup();
    paths
}

/// The names of all fields that lookups `take`.
pub fn takes(import: &Import) -> Vec<String> {
    let sources = import
        .set
        .values()
        .chain(import.lines.iter().flat_map(|lines| lines.set.values()));
    sources
        .filter_map(|source| source.rule().take.clone())
        .collect()
}

/// Plans one import, the `step`th of the mapping. `mint` makes new ids.
pub fn plan(
    (step, import): (usize, &Import),
    table: &Table,
    children: Option<&Table>,
    index: &mut Index,
    mint: &mut dyn FnMut() -> String,
    issues: &mut Issues,
) -> Result<(), Failed> {
    let before = issues.count();
    missing_columns(&import.set, &import.check, table, issues);
    let lines = import.lines.as_ref().zip(children);
    if let Some((lines, children)) = lines {
        missing_columns(&lines.set, &BTreeMap::new(), children, issues);
        need_column(&lines.parent, children, issues);
        need_column(&lines.of, table, issues);
    }
    let Some(key) = import.set.get(&import.key) else {
        issues.push(at(
            table,
            1,
            None,
            format!("the mapping sets no {}, which is its key", import.key),
        ));
        return Ok(());
    };
    if issues.count() > before {
        return Ok(());
    }
    let name = format!("{}.{}", import.into, import.key);
    let keys = Keys {
        step,
        rule: &key.rule(),
        path: index.path(&name),
        name,
    };
    for row in table.rows()? {
        let row = row?;
        keys.recognise(table, &row, index, mint, issues)?;
        if let Some((lines, _)) = lines
            && let Some(name) = row.text(&lines.of)
        {
            index.spool.add_parent(step, &name)?;
        }
    }
    if let Some((lines, children)) = lines {
        by_parent(step, lines, table, children, index, issues)?;
    }
    let mut number = 0;
    for row in table.rows()? {
        let row = row?;
        let Some((key, id, known)) = keys.of(&row, index)? else {
            continue;
        };
        let mut fields = values(&import.set, table, &row, index, issues)?;
        let mut parts = Vec::new();
        if let Some((lines, children)) = lines {
            let rows = children_of(step, lines, (table, &row), children, index, issues)?;
            let mut items = Vec::with_capacity(rows.len());
            for row in rows {
                parts.push(row.line);
                items.push(values(&lines.set, children, &row, index, issues)?.into());
            }
            fields.insert(lines.into.clone(), Value::Array(items));
        }
        let check = values(&import.check, table, &row, index, issues)?
            .into_iter()
            .collect();
        index.set_fields(keys.path, &key, &fields)?;
        let row = Upsert {
            line: row.line,
            id,
            known,
            content: Content {
                fields,
                parts,
                check,
            },
        };
        index.spool.plan(step, number, &row)?;
        number += 1;
    }
    Ok(())
}

fn at(table: &Table, line: u64, column: Option<&str>, message: String) -> Issue {
    Issue {
        file: table.file.clone(),
        line,
        column: column.map(str::to_owned),
        message,
    }
}

fn need_column(column: &str, table: &Table, issues: &mut Issues) {
    if !table.columns.iter().any(|name| name == column) && table.rows > 0 {
        let message = format!(
            "the file does not have this column of the mapping; it has {}",
            table.columns.join(", ")
        );
        issues.push(at(table, 1, Some(column), message));
    }
}

fn missing_columns(
    set: &BTreeMap<String, Source>,
    check: &BTreeMap<String, Source>,
    table: &Table,
    issues: &mut Issues,
) {
    let mut columns: Vec<String> = set
        .values()
        .chain(check.values())
        .flat_map(|source| {
            let rule = source.rule();
            rule.column
                .iter()
                .chain(&rule.columns)
                .cloned()
                .collect::<Vec<_>>()
        })
        .collect();
    columns.sort();
    columns.dedup();
    for column in columns {
        need_column(&column, table, issues);
    }
}

/// How the rows of a step are identified.
struct Keys<'a> {
    step: usize,
    rule: &'a Rule,
    /// `type.field`, and its number in the spool.
    name: String,
    path: i64,
}

impl Keys<'_> {
    /// The key of a row, or what is wrong with it.
    fn key(&self, row: &Row, index: &Index) -> Result<Result<String, String>, Failed> {
        Ok(match converted(self.rule, row, index)? {
            Ok(Some(Value::String(key))) => Ok(key),
            Ok(Some(other)) => Ok(other.to_string()),
            Ok(None) => Err("it is empty, and it is the key of the row".into()),
            Err(message) => Err(message),
        })
    }

    /// Assigns an id to the row's record. A row without a key, or with the key of another row, is an issue.
    fn recognise(
        &self,
        table: &Table,
        row: &Row,
        index: &Index,
        mint: &mut dyn FnMut() -> String,
        issues: &mut Issues,
    ) -> Result<(), Failed> {
        let column = self.rule.column.as_deref();
        let key = match self.key(row, index)? {
            Ok(key) => key,
            Err(message) => {
                issues.push(at(table, row.line, column, message));
                return Ok(());
            }
        };
        let compared = index.compared(&self.name, &key);
        let found = index.spool.found(self.path, &compared)?;
        let earlier = found.as_ref().and_then(|found| found.row);
        if let Some((_, line)) = earlier.filter(|(step, _)| *step == self.step) {
            let message = format!("line {line} has the key {key} too, and a key must be unique");
            issues.push(at(table, row.line, column, message));
            return Ok(());
        }
        let known = found.is_some();
        let id = found.map_or_else(mint, |found| found.id);
        let place = (self.step, row.line);
        index
            .spool
            .recognise(self.path, &compared, place, &id, known)?;
        Ok(())
    }

    /// The key (in comparable form) and id of a row after `recognise`, and whether the record existed before the
    /// import.
    fn of(&self, row: &Row, index: &Index) -> Result<Option<(String, String, bool)>, Failed> {
        let Ok(key) = self.key(row, index)? else {
            return Ok(None);
        };
        let key = index.compared(&self.name, &key);
        let found = index.spool.found(self.path, &key)?;
        let own = found.filter(|found| found.row == Some((self.step, row.line)));
        Ok(own.map(|found| (key, found.id, found.known)))
    }
}

fn by_parent(
    step: usize,
    lines: &Lines,
    table: &Table,
    children: &Table,
    index: &Index,
    issues: &mut Issues,
) -> Result<(), Failed> {
    for row in children.rows()? {
        let row = row?;
        let message = match row.text(&lines.parent) {
            Some(parent) if index.spool.has_parent(step, &parent)? => {
                index.spool.add_child(step, &parent, &row)?;
                continue;
            }
            Some(parent) => format!("{parent} is in no row of {}", table.file),
            None => "it is empty, and it has to name the row to which the line belongs".into(),
        };
        issues.push(at(children, row.line, Some(&lines.parent), message));
    }
    Ok(())
}

/// The lines of a row. They are in memory together, so their number and size are bounded.
fn children_of(
    step: usize,
    lines: &Lines,
    (table, row): (&Table, &Row),
    children: &Table,
    index: &Index,
    issues: &mut Issues,
) -> Result<Vec<Row>, Failed> {
    let Some(name) = row.text(&lines.of) else {
        return Ok(Vec::new());
    };
    if !index.spool.claim(step, &name)? {
        return Ok(Vec::new());
    }
    let (number, bytes) = index.spool.weigh_children(step, &name)?;
    if number > MAX_LINES || bytes > MOST_ROW {
        let message = format!(
            "{number} rows of {} are its lines, with {bytes} bytes together; the most are {MAX_LINES} rows and {MOST_ROW} bytes",
            children.file
        );
        issues.push(at(table, row.line, Some(&lines.of), message));
        return Ok(Vec::new());
    }
    Ok(index.spool.children(step, &name)?)
}

fn values(
    set: &BTreeMap<String, Source>,
    table: &Table,
    row: &Row,
    index: &Index,
    issues: &mut Issues,
) -> Result<Map<String, Value>, Failed> {
    let mut fields = Map::new();
    for (name, source) in set {
        let rule = source.rule();
        match converted(&rule, row, index)? {
            Ok(Some(value)) => place(&mut fields, name, value),
            Ok(None) => {}
            Err(message) => issues.push(at(
                table,
                row.line,
                rule.column.as_deref().or(Some(name)),
                message,
            )),
        }
    }
    Ok(fields)
}

/// Sets the property `b` of the object `a` for the path `a.b`; makes the object if it does not exist.
fn place(fields: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            fields.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            if let Value::Object(inner) = fields.entry(first).or_insert_with(|| json!({})) {
                place(inner, rest, value);
            }
        }
    }
}

/// The value of a rule in a row, None if it is empty; the error is a message.
fn converted(
    rule: &Rule,
    row: &Row,
    index: &Index,
) -> Result<Result<Option<Value>, String>, Failed> {
    if let Some(value) = &rule.value {
        return Ok(Ok(Some(value.clone())));
    }
    let texts: Vec<String> = rule
        .column
        .iter()
        .chain(&rule.columns)
        .filter_map(|column| row.text(column))
        .collect();
    let text = texts.join(rule.join.as_deref().unwrap_or(" "));
    if text.trim().is_empty() {
        return Ok(Ok(None));
    }
    let value = match &rule.lookup {
        None => convert::value(&text, rule),
        Some(path) => looked_up(path, &text, rule.take.as_deref(), index)?,
    };
    Ok(value.map(|value| Some(if rule.list { vec![value].into() } else { value })))
}

fn looked_up(
    path: &str,
    text: &str,
    take: Option<&str>,
    index: &Index,
) -> Result<Result<Value, String>, Failed> {
    let Some(id) = index.id(path, text.trim())? else {
        return Ok(Err(format!(
            "no record has {text} as its {path}; import the referenced records first"
        )));
    };
    let Some(field) = take else {
        return Ok(Ok(id.into()));
    };
    let taken = index.field(path, text.trim(), field)?;
    Ok(taken.ok_or_else(|| format!("the record with the {path} {text} has no {field}")))
}

#[cfg(test)]
mod tests;
