//! The checking half of an import: finds every planned row that the tenant would refuse, with file, line and column,
//! before the first row is written.

use crm_core::{
    Core,
    access::{
        roles,
        users::import::{self as people, Incoming, Wrong},
    },
    fault::Fault,
    ports::store::TenantId,
    records::import::{self as records, Rehearsed, Row},
    schema::{Kind, ObjectType, Schema, value::is_e164},
};
use crm_runtime::server::format;
use serde_json::Value;

use super::{
    batches::Batches,
    index::Index,
    issue::{Issue, Issues},
    mapping::Source,
    run::{Failed, Step},
    spool::Upsert,
};
use crate::error::{Error, Refused};

/// Adds the errors of a step's planned rows to `issues`. Rows are checked in the batches in which they would be
/// written, since the order of rows within a batch does not matter.
pub async fn judge(
    core: &Core,
    tenant: &TenantId,
    (step, batch): (&Step<'_>, usize),
    schema: &Schema,
    index: &Index,
    issues: &mut Issues,
) -> Result<(), Failed> {
    let place = Place { step, index };
    let mut seen = index.spool.seen()?;
    let mut batches = Batches::of(batch);
    loop {
        let mut rows = batches.next(&index.spool, step.number)?;
        if rows.is_empty() {
            return Ok(());
        }
        let cx = records::context(&core.work, tenant);
        let Some(object_type) = schema.get(&step.import.into) else {
            let persons: Vec<Incoming> = rows.iter().map(incoming).collect();
            let conflicts = people::conflicts(&core.work, &cx, &persons, &mut seen)
                .await
                .map_err(Error::from)?;
            rows.iter().for_each(|row| person(row, &place, issues));
            for conflict in conflicts {
                let Some(row) = rows.get(conflict.place) else {
                    continue;
                };
                let message = match conflict.what {
                    Wrong::NoRole(role) => roles::unknown(&role),
                    Wrong::Taken(by) => place.taken(conflict.property, row, &by)?,
                };
                issues.push(place.at(row, conflict.property, message));
            }
            continue;
        };
        let sent: Vec<Row> = rows
            .iter_mut()
            .map(|row| Row {
                id: row.id.clone(),
                fields: std::mem::take(&mut row.content.fields),
            })
            .collect();
        let rehearsed = records::rehearse(&core.work, &cx, object_type, &sent, &mut seen).await;
        if matches!(rehearsed, Err(Fault::TooLarge)) && batches.halve() {
            continue;
        }
        let rehearsed = rehearsed.map_err(|fault| Error::Refused(Refused::of(&fault.problem())))?;
        for ((row, sent), rehearsed) in rows.iter().zip(&sent).zip(rehearsed) {
            record(row, rehearsed, object_type, &place, issues)?;
            for (name, value) in &sent.fields {
                let points = object_type.field(name).map(|field| field.kind()) == Some(Kind::User);
                if points && value.as_str().is_some_and(|id| index.gone.contains(id)) {
                    let message = "this user is deactivated".to_owned();
                    issues.push(place.at(row, name, message));
                }
            }
        }
    }
}

fn incoming(row: &Upsert) -> Incoming {
    let text = |name: &str| row.content.fields.get(name)?.as_str().map(str::to_owned);
    let roles = row.content.fields.get("roles").and_then(Value::as_array);
    Incoming {
        id: row.id.clone(),
        email: text("email"),
        external_id: text("external_id"),
        roles: roles
            .into_iter()
            .flatten()
            .filter_map(|role| role.as_str().map(str::to_owned))
            .collect(),
    }
}

fn person(row: &Upsert, place: &Place<'_>, issues: &mut Issues) {
    for name in ["email", "name", "title", "phone", "external_id"] {
        let text = match row.content.fields.get(name) {
            None if row.known || !["email", "name"].contains(&name) => continue,
            Some(Value::String(text)) => text.as_str(),
            _ => "",
        };
        let fine = !text.trim().is_empty()
            && text.chars().count() <= 200
            && match name {
                "email" => format::is_email(text),
                "phone" => is_e164(text),
                _ => true,
            };
        if !fine {
            let message = format!("{text:?} is not a valid {name} of a user");
            issues.push(place.at(row, name, message));
        }
    }
}

fn record(
    row: &Upsert,
    rehearsed: Rehearsed,
    object_type: &ObjectType,
    place: &Place<'_>,
    issues: &mut Issues,
) -> Result<(), Failed> {
    for taken in rehearsed.taken {
        let label = object_type
            .field(&taken.field)
            .map_or(taken.field.as_str(), |field| {
                field.definition.label.as_str()
            });
        let message = place.taken(label, row, &taken.by)?;
        issues.push(place.at(row, &taken.field, message));
    }
    match rehearsed.data {
        Ok(data) => {
            for (name, expected) in &row.content.check {
                let found = data.get(name).unwrap_or(&Value::Null);
                if found != expected {
                    let message =
                        format!("the file says {expected}, and the lines add up to {found}");
                    let column = place.step.import.check.get(name).and_then(column);
                    issues.push(Issue {
                        column: column.or_else(|| Some(name.clone())),
                        ..place.at(row, name, message)
                    });
                }
            }
        }
        Err(refusal) => {
            let problem = refusal.problem();
            let errors = problem.context().get("errors").and_then(Value::as_array);
            for error in errors.into_iter().flatten() {
                let text = |name: &str| error[name].as_str().unwrap_or_default();
                let path = text("pointer").trim_start_matches("/fields/");
                issues.push(place.at(row, path, text("message").to_owned()));
            }
            if errors.is_none_or(Vec::is_empty) {
                issues.push(Issue {
                    column: None,
                    ..place.at(row, "", problem.message().to_owned())
                });
            }
        }
    }
    Ok(())
}

/// The columns that a row's fields come from.
struct Place<'a> {
    step: &'a Step<'a>,
    index: &'a Index,
}

impl Place<'_> {
    /// An issue with a field of a row. `path` is the path to the part of the field, with slashes.
    fn at(&self, row: &Upsert, path: &str, message: String) -> Issue {
        let import = self.step.import;
        let parts: Vec<&str> = path.split('/').collect();
        if let (Some(lines), Some(children), [first, index, rest @ ..]) =
            (&import.lines, &self.step.children, parts.as_slice())
            && lines.into == *first
            && let Some(line) = index
                .parse()
                .ok()
                .and_then(|index: usize| row.content.parts.get(index))
        {
            return Issue {
                file: children.file.clone(),
                line: *line,
                column: named(&lines.set, rest),
                message,
            };
        }
        Issue {
            file: self.step.table.file.clone(),
            line: row.line,
            column: named(&import.set, &parts),
            message,
        }
    }

    fn taken(&self, label: &str, row: &Upsert, by: &str) -> Result<String, Failed> {
        let line = self.index.spool.line_of(self.step.number, by)?;
        Ok(match line {
            Some(line) if line != row.line => {
                format!("{label} has to be unique, and line {line} has this value too")
            }
            _ => format!("{label} has to be unique, and {by} has this value already"),
        })
    }
}

/// The column that sets the longest prefix of `path`; the path itself if no column does.
fn named(set: &std::collections::BTreeMap<String, Source>, path: &[&str]) -> Option<String> {
    let beginnings = (1..=path.len()).rev().map(|count| path[..count].join("."));
    let source = beginnings.filter_map(|name| set.get(&name)).next();
    source
        .and_then(column)
        .or_else(|| Some(path.join(".")).filter(|path| !path.is_empty()))
}

fn column(source: &Source) -> Option<String> {
    let rule = source.rule();
    let columns: Vec<&str> = rule
        .column
        .iter()
        .chain(&rule.columns)
        .map(String::as_str)
        .collect();
    (!columns.is_empty()).then(|| columns.join(", "))
}
