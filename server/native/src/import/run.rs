//! The run of an import: everything is read, planned and judged first; then fields are made, users and records written, in
//! batches that are each all or nothing.

use std::{path::Path, sync::Arc};

use crm_core::{Core, ports::store::TenantId};
use http::Method;
use serde_json::Value;

use super::{
    definitions, index,
    issue::Issues,
    judge::judge,
    mapping::{self, Import, Mapping, USER},
    plan::{self, Upsert},
    table::{self, Table},
    write::{self, Progress, Summary},
};
use crate::cli::{
    Error,
    operator::{self, Operator},
};

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

/// One import of the mapping with its files.
pub struct Step<'a> {
    pub import: &'a Import,
    pub table: Table,
    /// The file of its lines.
    pub children: Option<Table>,
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
    let schema = definitions::read(core, tenant, &mapping).await?;
    let mut index = index::read(&operator, &mapping, &schema.now).await?;
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
        judge(
            core,
            tenant,
            step,
            &rows,
            &schema.then,
            &index.gone,
            &mut issues,
        )
        .await?;
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
            write::users(&operator, step, rows, &progress).await?
        } else {
            write::records(core, tenant, step, rows, options.batch, &progress).await?
        };
        report.push(done(step, rows, Some(summary)));
    }
    progress.end();
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
