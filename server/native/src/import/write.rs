//! The writing half of an import: records in batches that are each all or nothing, people one by one.

use std::time::Instant;

use crm_core::{
    Core,
    fault::Fault,
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
    batches::Batches,
    run::{Failed, Step},
    spool::Spool,
};
use crate::{
    error::{Error, Refused},
    operator::Operator,
};

/// The numbers of new, changed and unchanged rows.
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
    spool: &Spool,
    batch: usize,
    progress: &Progress,
) -> Result<Summary, Failed> {
    let mut total = Summary::default();
    let mut batches = Batches::of(batch);
    loop {
        let rows = batches.next(spool, step.number)?;
        let Some(first) = rows.first().map(|row| row.line) else {
            return Ok(total);
        };
        let refused = |line: u64, error: Error| Failed::Row {
            file: step.table.file.clone(),
            line,
            message: error.to_string(),
        };
        let (lines, batch): (Vec<u64>, Vec<Row>) = rows
            .into_iter()
            .map(|row| {
                let fields = row.content.fields;
                (row.line, Row { id: row.id, fields })
            })
            .unzip();
        let cx = import::context(&core.work, tenant);
        let outcomes =
            import::import(&core.work, &cx, &step.import.into, &step.import.key, batch).await;
        if matches!(outcomes, Err(Fault::TooLarge)) && batches.halve() {
            continue;
        }
        progress.advance(lines.len());
        let outcomes = outcomes.map_err(|fault| refused(first, told(&fault.problem())))?;
        for (line, outcome) in lines.into_iter().zip(outcomes) {
            match outcome
                .map_err(|refusal| refused(line, told(&refusal.problem())))?
                .effect
            {
                Effect::Created => total.created += 1,
                Effect::Unchanged => total.unchanged += 1,
                Effect::Updated | Effect::Deleted | Effect::Restored => total.updated += 1,
            }
        }
    }
}

fn told(problem: &Problem<impl ErrorCode>) -> Error {
    Error::Refused(Refused::of(problem))
}

/// Users read with one request.
const PEOPLE: usize = 100;

/// Writes users one by one, and the managers of new users after all of them exist.
pub async fn users(
    operator: &Operator,
    step: &Step<'_>,
    spool: &Spool,
    progress: &Progress,
) -> Result<Summary, Failed> {
    let mut summary = Summary::default();
    let refused = |line: u64, error: Error| Failed::Row {
        file: step.table.file.clone(),
        line,
        message: error.to_string(),
    };
    let mut from = 0;
    loop {
        let rows = spool.chunk(step.number, from, PEOPLE)?;
        if rows.is_empty() {
            break;
        }
        from += rows.len() as u64;
        for row in rows {
            let mut body = row.content.fields;
            let refused = |error| refused(row.line, error);
            if row.known {
                let path = format!("/users/{}", row.id);
                let before = operator
                    .send(Method::GET, &path, None)
                    .await
                    .map_err(refused)?;
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
                body.remove("manager");
                body.insert("id".into(), row.id.into());
                operator
                    .send(Method::POST, "/users", Some(&body.into()))
                    .await
                    .map_err(refused)?;
                summary.created += 1;
            }
            progress.advance(1);
        }
    }
    let mut from = 0;
    loop {
        let rows = spool.chunk(step.number, from, PEOPLE)?;
        if rows.is_empty() {
            return Ok(summary);
        }
        from += rows.len() as u64;
        for row in rows.into_iter().filter(|row| !row.known) {
            let Some(manager) = row.content.fields.get("manager") else {
                continue;
            };
            let body = serde_json::json!({"manager": manager});
            operator
                .send(Method::PATCH, &format!("/users/{}", row.id), Some(&body))
                .await
                .map_err(|error| refused(row.line, error))?;
        }
    }
}

/// A progress bar, shown after one second, and only on a terminal.
pub struct Progress {
    bar: ProgressBar,
    since: Instant,
}

impl Progress {
    pub fn new(rows: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(rows), ProgressDrawTarget::hidden());
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
