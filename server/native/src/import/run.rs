//! The run of an import: everything is read, planned and judged first; then fields are made, users and records written, in
//! batches that are each all or nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Instant,
};

use crm_core::{
    Core,
    ports::store::TenantId,
    records::{
        import::{self as records, Row},
        write::Effect,
    },
    refusal::Refusal,
    schema::{Definition, Schema},
};
use http::Method;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value};

use super::{
    issue::{Issue, Issues},
    mapping::{self, Import, Mapping},
    plan::{self, Found, Index, Upsert},
    table::{self, Table},
};
use crate::cli::{
    Error,
    operator::{self, Operator},
};

/// What is imported into where it is no object type.
const USER: &str = "user";

pub struct Options {
    /// Judge, and write nothing.
    pub dry_run: bool,
    /// Records per commit.
    pub batch: usize,
}

/// What became of one import of the mapping.
#[derive(Debug, PartialEq, Eq)]
pub struct Done {
    pub file: String,
    pub into: String,
    pub rows: usize,
    /// None in a dry run.
    pub summary: Option<Summary>,
}

/// Why nothing was changed; or, where a write was refused, how far it got.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error("{0}")]
    Mapping(String),
    #[error("{} in the files; nothing was changed", count(.0.count()))]
    Issues(Issues),
    #[error(
        "{file}:{line}: {message}\nThe rows before it were written; mend it and import again, which goes on from there"
    )]
    Row {
        file: String,
        line: u64,
        message: String,
    },
    #[error(transparent)]
    Command(#[from] Error),
}

fn count(issues: usize) -> String {
    if issues == 1 {
        "1 error".into()
    } else {
        format!("{issues} errors")
    }
}

/// What of the rows was new, changed, or there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
}

struct Step<'a> {
    import: &'a Import,
    table: Table,
    children: Option<Table>,
}

/// Imports what the mapping file says, its files beside it.
pub async fn run(
    core: &Arc<Core>,
    tenant: &TenantId,
    path: &Path,
    options: &Options,
) -> Result<Vec<Done>, Failed> {
    let mapping = mapping::read(path).map_err(Failed::Mapping)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let steps = read(&mapping, folder)?;
    let operator = Operator::new(core.clone(), tenant.clone());
    let schema = schema(core, tenant, &mapping).await?;
    let mut index = index(&operator, &mapping, &schema.now).await?;
    let mut issues = Issues::default();
    let mut planned = Vec::new();
    for step in &steps {
        let rows = plan::plan(
            step.import,
            &step.table,
            step.children.as_ref(),
            &mut index,
            &mut operator::new_id,
            &mut issues,
        );
        judge(step, &rows, &schema.then, &mut issues);
        planned.push(rows);
    }
    if !issues.is_empty() {
        return Err(Failed::Issues(issues));
    }
    let done = |step: &Step<'_>, rows: &[Upsert], summary| Done {
        file: step.table.file.clone(),
        into: step.import.into.clone(),
        rows: rows.len(),
        summary,
    };
    if options.dry_run {
        return Ok(steps
            .iter()
            .zip(&planned)
            .map(|(step, rows)| done(step, rows, None))
            .collect());
    }
    for (object_type, definition) in &schema.missing {
        let path = format!("/object-types/{object_type}/fields");
        operator
            .send(
                Method::POST,
                &path,
                Some(&Value::Object(definition.clone())),
            )
            .await?;
    }
    let mut report = Vec::new();
    let progress = Progress::new(planned.iter().map(Vec::len).sum());
    for (step, rows) in steps.iter().zip(&planned) {
        let summary = if step.import.into == USER {
            users(&operator, step, rows, &progress).await?
        } else {
            write(core, tenant, step, rows, options.batch, &progress).await?
        };
        report.push(done(step, rows, Some(summary)));
    }
    progress.bar.finish_and_clear();
    Ok(report)
}

fn read<'a>(mapping: &'a Mapping, folder: &Path) -> Result<Vec<Step<'a>>, Failed> {
    let mut issues = Issues::default();
    let mut steps = Vec::new();
    for import in &mapping.import {
        let table = table::read(&folder.join(&import.file)).map_err(|found| issues.extend(found));
        let children = import
            .lines
            .as_ref()
            .map(|lines| {
                table::read(&folder.join(&lines.file)).map_err(|found| issues.extend(found))
            })
            .transpose();
        if let (Ok(table), Ok(children)) = (table, children) {
            steps.push(Step {
                import,
                table,
                children,
            });
        }
    }
    if issues.is_empty() {
        Ok(steps)
    } else {
        Err(Failed::Issues(issues))
    }
}

struct Schemas {
    now: Schema,
    /// With the fields that the mapping adds.
    then: Schema,
    /// Those fields, by type, as they are sent.
    missing: Vec<(String, Map<String, Value>)>,
}

async fn schema(core: &Core, tenant: &TenantId, mapping: &Mapping) -> Result<Schemas, Failed> {
    let state = core
        .work
        .tenants
        .load(&*core.ports().store, tenant)
        .await
        .map_err(Error::from)?;
    let now = state.schema.clone();
    let mut then = now.clone();
    let mut missing = Vec::new();
    for import in mapping.import.iter().filter(|import| import.into != USER) {
        let Some(object_type) = now.get(&import.into) else {
            return Err(Failed::Mapping(format!(
                "{}: there is no object type {}",
                import.file, import.into
            )));
        };
        for field in &import.field {
            let mut definition: Map<String, Value> = field.clone().into_iter().collect();
            let wrong = |what: String| {
                Failed::Mapping(format!(
                    "{}: a field of {}: {what}",
                    import.file, import.into
                ))
            };
            let name = definition
                .get("name")
                .and_then(Value::as_str)
                .ok_or_else(|| wrong("it has no name".into()))?
                .to_owned();
            if object_type.field(&name).is_some() {
                continue;
            }
            missing.push((import.into.clone(), definition.clone()));
            definition.remove("name");
            let parsed: Definition = serde_json::from_value(definition.into())
                .map_err(|error| wrong(format!("{name}: {error}")))?;
            then.with_field(&import.into, &name, parsed)
                .map_err(wrong)?;
        }
    }
    Ok(Schemas { now, then, missing })
}

/// What the tenant has already of all that the mapping looks up.
async fn index(operator: &Operator, mapping: &Mapping, schema: &Schema) -> Result<Index, Failed> {
    let paths: BTreeSet<String> = mapping.import.iter().flat_map(plan::lookups).collect();
    let takes: BTreeSet<String> = mapping.import.iter().flat_map(plan::takes).collect();
    let mut index = Index::default();
    for path in paths {
        let (object_type, field) = path
            .split_once('.')
            .ok_or_else(|| Failed::Mapping(format!("{path} is no `type.field`")))?;
        let list = if object_type == USER {
            "/users?limit=200".to_owned()
        } else {
            match schema.get(object_type) {
                None => {
                    return Err(Failed::Mapping(format!(
                        "{path}: there is no object type {object_type}"
                    )));
                }
                // It comes with the import, so nothing has it yet.
                Some(known) if known.field(field).is_none() => continue,
                Some(known) => {
                    let wanted: Vec<&str> = takes
                        .iter()
                        .map(String::as_str)
                        .filter(|name| known.field(name).is_some())
                        .chain([field])
                        .collect();
                    format!(
                        "/records/{object_type}?limit=200&fields={}",
                        wanted.join(",")
                    )
                }
            }
        };
        let mut cursor: Option<String> = None;
        loop {
            let url = cursor
                .as_ref()
                .map_or_else(|| list.clone(), |cursor| format!("{list}&cursor={cursor}"));
            let page = operator.send(Method::GET, &url, None).await?;
            for item in page["items"].as_array().into_iter().flatten() {
                let fields = if object_type == USER {
                    item
                } else {
                    &item["fields"]
                };
                let value = match &fields[field] {
                    Value::Null => continue,
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let id = item["id"].as_str().unwrap_or_default().to_owned();
                index.add(
                    &path,
                    value,
                    Found {
                        id,
                        fields: fields.as_object().cloned().unwrap_or_default(),
                    },
                );
            }
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
    }
    Ok(index)
}

/// What the definitions refuse, and totals that do not come out.
fn judge(step: &Step<'_>, rows: &[Upsert], schema: &Schema, issues: &mut Issues) {
    let issue = |line: u64, column: Option<String>, message: String| Issue {
        file: step.table.file.clone(),
        line,
        column,
        message,
    };
    let Some(object_type) = schema.get(&step.import.into) else {
        // Users: the API judges the rest, and has no rule that these do not stand for.
        for row in rows {
            for name in ["email", "name"] {
                let text = row
                    .fields
                    .get(name)
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let fine = !text.trim().is_empty()
                    && text.len() <= 200
                    && (name != "email" || crm_runtime::server::format::is_email(text));
                if !fine {
                    issues.push(issue(
                        row.line,
                        Some(name.to_owned()),
                        format!("{text:?} is no {name} of a user"),
                    ));
                }
            }
        }
        return;
    };
    for row in rows {
        match records::preview(object_type, &row.fields) {
            Ok(data) => {
                for (name, expected) in &row.check {
                    let found = data.get(name).unwrap_or(&Value::Null);
                    if found != expected {
                        issues.push(issue(
                            row.line,
                            Some(name.clone()),
                            format!("it says {expected}, and the lines come to {found}"),
                        ));
                    }
                }
            }
            Err(refusal) => {
                let errors = refusal
                    .problem()
                    .context()
                    .get("errors")
                    .and_then(Value::as_array)
                    .cloned()
                    .unwrap_or_default();
                for error in &errors {
                    let text = |name: &str| error[name].as_str().unwrap_or_default();
                    issues.push(issue(
                        row.line,
                        Some(text("pointer").trim_start_matches("/fields/").to_owned()),
                        text("message").to_owned(),
                    ));
                }
                if errors.is_empty() {
                    issues.push(issue(
                        row.line,
                        None,
                        refusal.problem().message().to_owned(),
                    ));
                }
            }
        }
    }
}

async fn write(
    core: &Core,
    tenant: &TenantId,
    step: &Step<'_>,
    rows: &[Upsert],
    batch: usize,
    progress: &Progress,
) -> Result<Summary, Failed> {
    let mut total = Summary::default();
    for rows in rows.chunks(batch.max(1)) {
        let batch: Vec<Row> = rows
            .iter()
            .map(|row| Row {
                id: row.id.clone(),
                fields: row.fields.clone(),
            })
            .collect();
        let refused = |line: u64, refusal: &Refusal| {
            let message =
                Error::Refused(crate::cli::error::Refused::of(refusal.problem())).to_string();
            Failed::Row {
                file: step.table.file.clone(),
                line,
                message,
            }
        };
        let cx = records::context(&core.work, tenant);
        let outcomes =
            records::import(&core.work, &cx, &step.import.into, &step.import.key, batch).await;
        let outcomes = outcomes
            .map_err(|refusal| refused(rows.first().map_or(0, |row| row.line), &refusal))?;
        for (row, outcome) in rows.iter().zip(outcomes) {
            match outcome
                .map_err(|refusal| refused(row.line, &refusal))?
                .effect
            {
                Effect::Created => total.created += 1,
                Effect::Unchanged => total.unchanged += 1,
                Effect::Updated | Effect::Deleted | Effect::Restored => total.updated += 1,
            }
        }
        progress.advance(rows.len());
    }
    Ok(total)
}

/// Users one by one; whom they report to once all are there.
async fn users(
    operator: &Operator,
    step: &Step<'_>,
    rows: &[Upsert],
    progress: &Progress,
) -> Result<Summary, Failed> {
    let mut summary = Summary::default();
    let mut managers = BTreeMap::new();
    for row in rows {
        let mut body = row.fields.clone();
        let manager = body.remove("manager");
        let refused = |error: Error| Failed::Row {
            file: step.table.file.clone(),
            line: row.line,
            message: error.to_string(),
        };
        if row.known {
            let path = format!("/users/{}", row.id);
            let before = operator
                .send(Method::GET, &path, None)
                .await
                .map_err(refused)?;
            body.extend(manager.map(|manager| ("manager".to_owned(), manager)));
            let after = operator
                .send(Method::PATCH, &path, Some(&body.into()))
                .await
                .map_err(refused)?;
            if before["version"] == after["version"] {
                summary.unchanged += 1;
            } else {
                summary.updated += 1;
            }
        } else {
            body.insert("id".into(), row.id.as_str().into());
            operator
                .send(Method::POST, "/users", Some(&body.into()))
                .await
                .map_err(refused)?;
            managers.extend(manager.map(|manager| (row.id.clone(), (row.line, manager))));
            summary.created += 1;
        }
        progress.advance(1);
    }
    for (id, (line, manager)) in managers {
        let body = serde_json::json!({"manager": manager});
        operator
            .send(Method::PATCH, &format!("/users/{id}"), Some(&body))
            .await
            .map_err(|error| Failed::Row {
                file: step.table.file.clone(),
                line,
                message: error.to_string(),
            })?;
    }
    Ok(summary)
}

/// A bar, shown once a second has passed; never where standard error is no terminal.
struct Progress {
    bar: ProgressBar,
    since: Instant,
}

impl Progress {
    fn new(rows: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(rows as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {eta} left") {
            bar.set_style(style);
        }
        Self {
            bar,
            since: Instant::now(),
        }
    }

    fn advance(&self, rows: usize) {
        if self.bar.is_hidden() && self.since.elapsed().as_secs() >= 1 {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(rows as u64);
    }
}
