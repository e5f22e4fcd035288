//! The writing half of an import: records in batches that are each all or nothing, people one by one.

use std::{collections::BTreeMap, time::Instant};

use crm_core::{
    Core,
    ports::store::TenantId,
    records::{
        import::{self, Row},
        write::Effect,
    },
};
use crm_runtime::server::{ErrorCode, Problem};
use http::Method;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    plan::Upsert,
    run::{Failed, Step},
};
use crate::cli::{Error, error::Refused, operator::Operator};

/// What of the rows was new, changed, or there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
}

pub async fn records(
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
        let refused = |line: u64, error: Error| Failed::Row {
            file: step.table.file.clone(),
            line,
            message: error.to_string(),
        };
        let cx = import::context(&core.work, tenant);
        let outcomes =
            import::import(&core.work, &cx, &step.import.into, &step.import.key, batch).await;
        let outcomes = outcomes.map_err(|fault| {
            refused(
                rows.first().map_or(0, |row| row.line),
                told(&fault.problem()),
            )
        })?;
        for (row, outcome) in rows.iter().zip(outcomes) {
            match outcome
                .map_err(|refusal| refused(row.line, told(&refusal.problem())))?
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

fn told(problem: &Problem<impl ErrorCode>) -> Error {
    Error::Refused(Refused::of(problem))
}

/// Users one by one; whom they report to once all are there.
pub async fn users(
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
pub struct Progress {
    bar: ProgressBar,
    since: Instant,
}

impl Progress {
    pub fn new(rows: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(rows as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {eta} left") {
            bar.set_style(style);
        }
        Self {
            bar,
            since: Instant::now(),
        }
    }

    pub fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn advance(&self, rows: usize) {
        if self.bar.is_hidden() && self.since.elapsed().as_secs() >= 1 {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(rows as u64);
    }
}
