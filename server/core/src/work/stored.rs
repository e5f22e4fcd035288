//! Answers kept for a repeat of the request. An answer is recorded in the commit of its effect, before the versions and
//! numbers that the commit gives out are known: they stand in it as placeholders, and the row keeps what they stand for.

use crm_runtime::server::{Reply, StoredAnswer};

use super::seal;
use crate::{
    context::Idempotency,
    fault::Fault,
    ports::{Random, store::Statement},
};

/// How long an answer is kept: contract.md, idempotency.
pub const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// What a commit gave out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issued {
    /// The first sequence number of the commit; the k-th change has `base + k`.
    pub base: i64,
    /// Per counter of the decision its value before this commit; the k-th number is that + 1 + k.
    pub counters: Vec<i64>,
}

/// A repeat's answer, as it was stored.
pub(super) struct StoredRow {
    pub(super) fingerprint: String,
    pub(super) status: i64,
    pub(super) headers: String,
    pub(super) body: String,
    pub(super) prefix: i64,
    pub(super) sealed: bool,
    pub(super) issued: Issued,
}

/// A placeholder is an integer of 16 digits whose first ten are the answer's own prefix; the rest say what it stands for.
const SPAN: i64 = 1_000_000;
const PER_COUNTER: i64 = 100_000;
const FIRST_PREFIX: i64 = 4_000_000_000;

/// The placeholders of an answer, under a prefix.
fn placeholders(prefix: i64, counters: usize) -> Issued {
    let start = prefix * SPAN;
    Issued {
        base: start,
        counters: (1..=counters as i64)
            .map(|n| start + n * PER_COUNTER)
            .collect(),
    }
}

/// A prefix whose digits do not occur in the answer as computed with nothing issued, so that every occurrence later is ours.
fn free_prefix(answer: &StoredAnswer) -> i64 {
    let body = String::from_utf8_lossy(&answer.body);
    let mut prefix = FIRST_PREFIX;
    while body.contains(&prefix.to_string())
        || answer
            .headers
            .iter()
            .any(|(_, value)| value.contains(&prefix.to_string()))
    {
        prefix += 1;
    }
    prefix
}

/// `text` with every placeholder replaced by what it stands for.
fn fill(text: &str, prefix: i64, issued: &Issued) -> String {
    let mark = prefix.to_string();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(&mark) {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        let digits = tail
            .get(mark.len()..mark.len() + 6)
            .and_then(|digits| digits.parse::<i64>().ok());
        let Some(offset) = digits else {
            out.push_str(&mark);
            rest = &tail[mark.len()..];
            continue;
        };
        let value = match offset / PER_COUNTER {
            0 => issued.base + offset,
            counter => {
                issued
                    .counters
                    .get(counter as usize - 1)
                    .copied()
                    .unwrap_or_default()
                    + offset % PER_COUNTER
            }
        };
        out.push_str(&value.to_string());
        rest = &tail[mark.len() + 6..];
    }
    out.push_str(rest);
    out
}

/// The statements that keep the answer for a repeat, and forget what is older than a day.
pub(super) fn record<R: Reply>(
    key: &Idempotency,
    answer: &(dyn Fn(&Issued) -> R + Send),
    counters: usize,
    taken: &str,
    secret: bool,
    now: i64,
    random: &dyn Random,
) -> Result<[Statement; 2], Fault> {
    let internal = |error: serde_json::Error| Fault::Internal(error.to_string());
    let prefix = free_prefix(
        &answer(&Issued {
            base: 0,
            counters: vec![0; counters],
        })
        .store()
        .map_err(internal)?,
    );
    let kept = answer(&placeholders(prefix, counters))
        .store()
        .map_err(internal)?;
    let body = String::from_utf8_lossy(&kept.body);
    let body = if secret {
        seal::seal(&key.seal, &body, random)
    } else {
        body.into_owned()
    };
    Ok([
        Statement::new(
            "DELETE FROM idempotency WHERE created_at < ?1",
            [(now - KEPT_MS).into()],
        ),
        Statement::new(
            "INSERT INTO idempotency (key_hash, fingerprint, status, headers, body, prefix, sealed, base, counters, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT base FROM meta), \
             (SELECT json_group_array(c.value - (j.value ->> 1)) FROM json_each(?8) j JOIN counters c ON c.name = j.value ->> 0), ?9)",
            [
                key.key_hash.as_str().into(),
                key.fingerprint.as_str().into(),
                i64::from(kept.status).into(),
                serde_json::to_string(&kept.headers)
                    .map_err(internal)?
                    .into(),
                body.into(),
                prefix.into(),
                i64::from(secret).into(),
                taken.into(),
                now.into(),
            ],
        ),
    ])
}

/// The stored answer, with what its commit gave out.
pub(super) fn replay(row: StoredRow, key: &Idempotency) -> Result<StoredAnswer, Fault> {
    let body = if row.sealed {
        seal::open(&key.seal, &row.body)
            .ok_or_else(|| Fault::Internal("a sealed answer does not open".into()))?
    } else {
        row.body
    };
    let headers: Vec<(String, String)> =
        serde_json::from_str(&row.headers).map_err(|error| Fault::Internal(error.to_string()))?;
    Ok(StoredAnswer {
        status: u16::try_from(row.status).unwrap_or(500),
        headers: headers
            .into_iter()
            .map(|(name, value)| (name, fill(&value, row.prefix, &row.issued)))
            .chain([("idempotent-replayed".to_owned(), "true".to_owned())])
            .collect(),
        body: fill(&body, row.prefix, &row.issued).into_bytes().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_what_the_commit_gave_out() {
        let issued = placeholders(FIRST_PREFIX, 2);
        let text = format!(
            r#"{{"version":{},"number":{},"other":{},"n":41}}"#,
            issued.base + 7,
            issued.counters[0] + 1,
            issued.counters[1] + 3
        );
        let filled = fill(
            &text,
            FIRST_PREFIX,
            &Issued {
                base: 100,
                counters: vec![40, 500],
            },
        );
        assert_eq!(filled, r#"{"version":107,"number":41,"other":503,"n":41}"#);
    }

    #[test]
    fn a_prefix_that_the_answer_holds_is_not_taken() {
        let body = format!(r#"{{"note":"{FIRST_PREFIX}000001"}}"#);
        let answer = StoredAnswer {
            status: 201,
            headers: Vec::new(),
            body: body.clone().into(),
        };
        let prefix = free_prefix(&answer);
        assert_ne!(prefix, FIRST_PREFIX);
        assert_eq!(fill(&body, prefix, &Issued::default()), body);
    }
}
