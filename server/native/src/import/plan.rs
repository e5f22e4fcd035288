//! From tables to what is to be written: pure. Every row gets the id of the record that its key recognises, or a new one,
//! before the first value is converted, so that rows may refer to each other whatever their order.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::{
    convert,
    index::{Found, Index},
    issue::{Issue, Issues},
    mapping::{Import, Lines, Rule, Source},
    table::{Row, Table},
};

/// A row as it is to be written.
#[derive(Debug)]
pub struct Upsert {
    pub line: u64,
    pub id: String,
    /// Whether the tenant had it before this run.
    pub known: bool,
    pub fields: Map<String, Value>,
    /// Where its lines stand in their file.
    pub parts: Vec<u64>,
    /// Values that the server has to come to.
    pub check: BTreeMap<String, Value>,
}

/// Every `type.field` that the import looks things up by, its own key included.
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

/// The names of all fields that lookups take.
pub fn takes(import: &Import) -> Vec<String> {
    let sources = import
        .set
        .values()
        .chain(import.lines.iter().flat_map(|lines| lines.set.values()));
    sources
        .filter_map(|source| source.rule().take.clone())
        .collect()
}

/// Plans one import. `mint` gives new ids.
pub fn plan(
    import: &Import,
    table: &Table,
    children: Option<&Table>,
    index: &mut Index,
    mint: &mut dyn FnMut() -> String,
    issues: &mut Issues,
) -> Vec<Upsert> {
    let before = issues.count();
    missing_columns(&import.set, &import.check, table, issues);
    if let (Some(lines), Some(children)) = (&import.lines, children) {
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
        return Vec::new();
    };
    if issues.count() > before {
        return Vec::new();
    }
    let key_path = format!("{}.{}", import.into, import.key);
    let keys = keys(table, &key.rule(), &key_path, index, mint, issues);
    let mut of_parent: HashMap<String, Vec<&Row>> = HashMap::new();
    if let (Some(lines), Some(children)) = (&import.lines, children) {
        of_parent = by_parent(lines, table, children, issues);
    }
    let mut planned = Vec::with_capacity(table.rows.len());
    for (row, key) in table.rows.iter().zip(keys) {
        let Some((key, id, known)) = key else {
            continue;
        };
        let mut fields = values(&import.set, table, row, index, issues);
        let mut parts = Vec::new();
        if let (Some(lines), Some(children)) = (&import.lines, children) {
            let rows = row
                .text(&lines.of)
                .and_then(|name| of_parent.remove(&name))
                .unwrap_or_default();
            parts.extend(rows.iter().map(|row| row.line));
            let items: Vec<Value> = rows
                .into_iter()
                .map(|row| values(&lines.set, children, row, index, issues).into())
                .collect();
            fields.insert(lines.into.clone(), items.into());
        }
        let check = values(&import.check, table, row, index, issues)
            .into_iter()
            .collect();
        index.set_fields(&key_path, &key, fields.clone());
        planned.push(Upsert {
            line: row.line,
            id,
            known,
            fields,
            parts,
            check,
        });
    }
    planned
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
    if !table.columns.iter().any(|name| name == column) && !table.rows.is_empty() {
        let message = format!(
            "the mapping names this column, and the file has only {}",
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

type Key = (String, String, bool);

/// Each row's key, its id, and whether the tenant has it; rows without key, or with another row's, are issues.
fn keys(
    table: &Table,
    rule: &Rule,
    path: &str,
    index: &mut Index,
    mint: &mut dyn FnMut() -> String,
    issues: &mut Issues,
) -> Vec<Option<Key>> {
    let mut seen: HashMap<String, u64> = HashMap::new();
    let mut keys = Vec::with_capacity(table.rows.len());
    for row in &table.rows {
        let column = rule.column.as_deref();
        let key = match converted(rule, row, index) {
            Ok(Some(Value::String(key))) => key,
            Ok(Some(other)) => other.to_string(),
            Ok(None) => {
                issues.push(at(
                    table,
                    row.line,
                    column,
                    "it is empty, and is the key by which the row is recognised".into(),
                ));
                keys.push(None);
                continue;
            }
            Err(message) => {
                issues.push(at(table, row.line, column, message));
                keys.push(None);
                continue;
            }
        };
        if let Some(line) = seen.insert(index.compared(path, &key), row.line) {
            issues.push(at(
                table,
                row.line,
                column,
                format!(
                    "{key} stands in line {line} too, and is the key by which the row is recognised"
                ),
            ));
            keys.push(None);
            continue;
        }
        let known = index.get(path, &key).map(|found| found.id.clone());
        let id = known.clone().unwrap_or_else(&mut *mint);
        if known.is_none() {
            index.add(
                path,
                key.clone(),
                Found {
                    id: id.clone(),
                    fields: Map::new(),
                },
            );
        }
        keys.push(Some((key, id, known.is_some())));
    }
    keys
}

fn by_parent<'a>(
    lines: &Lines,
    table: &Table,
    children: &'a Table,
    issues: &mut Issues,
) -> HashMap<String, Vec<&'a Row>> {
    let parents: std::collections::HashSet<String> = table
        .rows
        .iter()
        .filter_map(|row| row.text(&lines.of))
        .collect();
    let mut of_parent: HashMap<String, Vec<&Row>> = HashMap::new();
    for row in &children.rows {
        match row.text(&lines.parent) {
            Some(parent) if parents.contains(&parent) => {
                of_parent.entry(parent).or_default().push(row)
            }
            Some(parent) => issues.push(at(
                children,
                row.line,
                Some(&lines.parent),
                format!("{parent} is in no row of {}", table.file),
            )),
            None => issues.push(at(
                children,
                row.line,
                Some(&lines.parent),
                "it is empty, and names the row that the line belongs to".into(),
            )),
        }
    }
    of_parent
}

fn values(
    set: &BTreeMap<String, Source>,
    table: &Table,
    row: &Row,
    index: &Index,
    issues: &mut Issues,
) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, source) in set {
        let rule = source.rule();
        match converted(&rule, row, index) {
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
    fields
}

/// Puts `value` at `a.b`: into the object `a`, which is made if need be.
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

fn converted(rule: &Rule, row: &Row, index: &Index) -> Result<Option<Value>, String> {
    if let Some(value) = &rule.value {
        return Ok(Some(value.clone()));
    }
    let texts: Vec<String> = rule
        .column
        .iter()
        .chain(&rule.columns)
        .filter_map(|column| row.text(column))
        .collect();
    let text = texts.join(rule.join.as_deref().unwrap_or(" "));
    if text.trim().is_empty() {
        return Ok(None);
    }
    let value = match &rule.lookup {
        None => convert::value(&text, rule)?,
        Some(path) => {
            let found = index.get(path, text.trim()).ok_or_else(|| {
                format!("{text} is the {path} of nothing; import what it refers to first")
            })?;
            match &rule.take {
                None => found.id.clone().into(),
                Some(field) => found
                    .fields
                    .get(field)
                    .cloned()
                    .ok_or_else(|| format!("what has the {path} {text} has no {field}"))?,
            }
        }
    };
    Ok(Some(if rule.list { vec![value].into() } else { value }))
}

#[cfg(test)]
mod tests;
