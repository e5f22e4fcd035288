//! The run of an import: first it reads, plans and checks everything; then it makes fields and writes users and
//! records, in batches that are each all or nothing.

use std::{path::Path, sync::Arc};

use crm_core::{Core, ports::store::TenantId};
use http::Method;
use serde_json::Value;

use super::{
    definitions, index,
    issue::Issues,
    judge::judge,
    mapping::{self, Import, Mapping, USER},
    plan,
    table::{self, Table},
    write::{self, Progress, Summary},
};
use crate::{
    error::Error,
    operator::{self, Operator},
};

pub struct Options {
    /// Check, and write nothing.
    pub dry_run: bool,
    /// Records per commit.
    pub batch: usize,
}

/// The outcome of one import of the mapping.
#[derive(Debug, PartialEq, Eq)]
pub struct Done {
    pub file: String,
    pub into: String,
    pub rows: u64,
    /// None in a dry run.
    pub summary: Option<Summary>,
}

/// Why nothing was changed; or, if a write was refused, how far the import got.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error("{0}")]
    Mapping(String),
    #[error("{} in the files; nothing was changed", count(.0.count()))]
    Issues(Issues),
    #[error(
        "{file}:{line}: {message}\nThe rows before it were written; correct it and import again: the import continues there"
    )]
    Row {
        file: String,
        line: u64,
        message: String,
    },
    #[error("{0} changed while it was read; nothing was changed. Import it again")]
    Changed(String),
    #[error("the temporary database of the import: {0}; nothing more was changed")]
    Spool(#[from] rusqlite::Error),
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
    /// Its place in the mapping.
    pub number: usize,
    pub import: &'a Import,
    pub table: Table,
    /// The file of its lines.
    pub children: Option<Table>,
}

/// Imports the files of a mapping file; they are in the same folder.
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
    let mut index = index::read(&operator, &mapping, &schema).await?;
    let mut issues = Issues::default();
    for step in &steps {
        plan::plan(
            (step.number, step.import),
            &step.table,
            step.children.as_ref(),
            &mut index,
            &mut operator::new_id,
            &mut issues,
        )?;
        judge(
            core,
            tenant,
            (step, options.batch),
            &schema.then,
            &index,
            &mut issues,
        )
        .await?;
    }
    if !issues.is_empty() {
        return Err(Failed::Issues(issues));
    }
    let spool = &index.spool;
    let mut report = Vec::new();
    for step in &steps {
        report.push(Done {
            file: step.table.file.clone(),
            into: step.import.into.clone(),
            rows: spool.planned(step.number)?,
            summary: None,
        });
    }
    if options.dry_run {
        return Ok(report);
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
    let progress = Progress::new(report.iter().map(|done| done.rows).sum());
    for (step, done) in steps.iter().zip(&mut report) {
        let summary = if step.import.into == USER {
            write::users(&operator, step, spool, &progress).await?
        } else {
            write::records(core, tenant, step, spool, options.batch, &progress).await?
        };
        done.summary = Some(summary);
    }
    progress.end();
    Ok(report)
}

fn read<'a>(mapping: &'a Mapping, folder: &Path) -> Result<Vec<Step<'a>>, Failed> {
    let mut issues = Issues::default();
    let mut steps = Vec::new();
    for (number, import) in mapping.import.iter().enumerate() {
        let table = table::scan(&folder.join(&import.file), &mut issues);
        let lines = import.lines.as_ref();
        let children = lines.map(|lines| table::scan(&folder.join(&lines.file), &mut issues));
        if let (Some(table), None | Some(Some(_))) = (table, &children) {
            steps.push(Step {
                number,
                import,
                table,
                children: children.flatten(),
            });
        }
    }
    if issues.is_empty() {
        Ok(steps)
    } else {
        Err(Failed::Issues(issues))
    }
}
