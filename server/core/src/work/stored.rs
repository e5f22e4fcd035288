//! Answers that are stored for a repeat of the request. An answer is stored in the commit of its effect, before the
//! commit's versions and numbers are known. The stored text has placeholders (stand-ins) for them, and the row records
//! the byte offsets of the placeholders. The offsets are found by printing the answer twice with different placeholders
//! and comparing the texts, so digits in a caller's text are never taken for a placeholder.

use crm_runtime::server::StoredAnswer;
use serde::{Deserialize, Serialize};

use super::{Counter, decision, seal, settled};
use crate::{
    context::Idempotency,
    fault::Fault,
    ports::{Random, store::Statement},
};

mod marked;

/// How long an answer is kept, in ms: see docs/contract.md, idempotency.
pub const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// The numbers that a commit gave out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issued {
    /// The first sequence number of the commit. The k-th change has `base + k`.
    pub base: i64,
    /// The value of each of the decision's counters before the commit. The k-th number of a counter is that value + 1 +
    /// k.
    pub counters: Vec<i64>,
}

/// The stored answer for a repeat.
pub(super) struct StoredRow {
    pub(super) fingerprint: String,
    pub(super) status: i64,
    pub(super) headers: String,
    pub(super) body: String,
    /// None in a row that an older program wrote: see [`marked`].
    pub(super) places: Option<String>,
    pub(super) prefix: i64,
    pub(super) sealed: bool,
    pub(super) issued: Issued,
}

/// Byte offsets of the placeholders in the body and in each header's value, ascending.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Places {
    body: Vec<usize>,
    headers: Vec<Vec<usize>>,
}

/// A placeholder is an integer of 16 digits. The first digit tells the first print from the second. The next six name
/// the source (0: versions; n: n-th counter). The last nine are the offset from the source's value.
const DIGITS: usize = 16;
const PER_SOURCE: i64 = 1_000_000_000;
const MOST_SOURCES: i64 = 1_000_000;
const FIRST: i64 = PER_SOURCE * MOST_SOURCES;
const SECOND: i64 = 2 * FIRST;

/// The placeholders for a commit that takes from this many counters. None if there are too many to number.
fn stand_ins(lead: i64, counters: usize) -> Option<Issued> {
    let last = i64::try_from(counters).ok()?;
    (last < MOST_SOURCES).then(|| Issued {
        base: lead,
        counters: (1..=last).map(|n| lead + n * PER_SOURCE).collect(),
    })
}

/// The offsets at which two prints of one text differ. None if they differ in anything but placeholders.
fn places(first: &[u8], second: &[u8]) -> Option<Vec<usize>> {
    if first.len() != second.len() {
        return None;
    }
    let mut places = Vec::new();
    let mut from = 0;
    let differs = |from: usize| {
        let pairs = first.get(from..)?.iter().zip(second.get(from..)?);
        pairs.into_iter().position(|(a, b)| a != b)
    };
    while let Some(after) = differs(from) {
        let place = from + after;
        let (a, b) = (
            first.get(place..place + DIGITS)?,
            second.get(place..place + DIGITS)?,
        );
        let alike = a[1..] == b[1..] && a[1..].iter().all(u8::is_ascii_digit);
        if (a[0], b[0]) != (b'1', b'2') || !alike {
            return None;
        }
        places.push(place);
        from = place + DIGITS;
    }
    Some(places)
}

/// `text`, the first print, with the issued numbers in place of the placeholders. None if there is no placeholder at an
/// offset.
fn fill(text: &str, places: &[usize], issued: &Issued) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for place in places {
        out.push_str(text.get(from..*place)?);
        from = place.checked_add(DIGITS)?;
        let stand_in = text.get(*place..from)?.parse::<i64>().ok()? - FIRST;
        let before = match usize::try_from(stand_in / PER_SOURCE).ok()? {
            0 => issued.base,
            source => *issued.counters.get(source - 1)?,
        };
        out.push_str(&(before + stand_in % PER_SOURCE).to_string());
    }
    out.push_str(text.get(from..)?);
    Some(out)
}

/// An answer as it is stored.
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    places: Places,
}

/// Serializes a response to store it.
pub(super) type Print<R> = fn(R) -> Result<StoredAnswer, serde_json::Error>;

impl Kept {
    fn of<R>(
        answer: &(dyn Fn(&Issued) -> R + Send),
        print: Print<R>,
        counters: usize,
    ) -> Result<Self, Fault> {
        let internal = |what: &dyn std::fmt::Display| {
            Fault::Internal(format!("an answer cannot be kept: {what}"))
        };
        let printed = |lead| {
            let issued = stand_ins(lead, counters).ok_or_else(|| internal(&"too many counters"))?;
            print(answer(&issued)).map_err(|error| internal(&error))
        };
        let (first, second) = (printed(FIRST)?, printed(SECOND)?);
        let headers = first.headers.iter().zip(&second.headers);
        let alike = (first.status, first.headers.len()) == (second.status, second.headers.len());
        let places = Places {
            body: places(&first.body, &second.body)
                .filter(|_| alike)
                .ok_or_else(|| internal(&"it differs with what its commit gives out"))?,
            headers: headers
                .map(|((_, first), (_, second))| places(first.as_bytes(), second.as_bytes()))
                .collect::<Option<_>>()
                .ok_or_else(|| internal(&"a header differs with what its commit gives out"))?,
        };
        Ok(Self {
            status: first.status,
            headers: first.headers,
            body: String::from_utf8(first.body.into()).map_err(|error| internal(&error))?,
            places,
        })
    }
}

/// The statements that store the answer for a repeat and delete answers that are certainly older than a day.
pub(super) fn record<R>(
    key: &Idempotency,
    answer: &(dyn Fn(&Issued) -> R + Send),
    print: Print<R>,
    counters: &[Counter],
    secret: bool,
    now: i64,
    random: &dyn Random,
) -> Result<[Statement; 3], Fault> {
    let internal = |error: serde_json::Error| Fault::Internal(error.to_string());
    let kept = Kept::of(answer, print, counters.len())?;
    let body = if secret {
        seal::seal(&key.seal, &kept.body, random)
    } else {
        kept.body
    };
    Ok([
        settled::look(now),
        Statement::new(
            format!(
                "DELETE FROM idempotency WHERE created_at < {} - ?3",
                settled::passed("?1", "?2")
            ),
            [now.into(), settled::STEADY_MS.into(), KEPT_MS.into()],
        ),
        Statement::new(
            "INSERT INTO idempotency (key_hash, fingerprint, status, headers, body, places, prefix, sealed, base, counters, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, (SELECT base FROM meta), \
             (SELECT json_group_array(c.value - (j.value ->> 1)) FROM json_each(?8) j CROSS JOIN counters c ON c.name = j.value ->> 0), ?9)",
            [
                key.key_hash.as_str().into(),
                key.fingerprint.as_str().into(),
                i64::from(kept.status).into(),
                serde_json::to_string(&kept.headers)
                    .map_err(internal)?
                    .into(),
                body.into(),
                serde_json::to_string(&kept.places)
                    .map_err(internal)?
                    .into(),
                i64::from(secret).into(),
                decision::taken(counters)?.into(),
                now.into(),
            ],
        ),
    ])
}

/// The stored answer, with the numbers that its commit gave out.
pub(super) fn replay(row: StoredRow, key: &Idempotency) -> Result<StoredAnswer, Fault> {
    let internal = |error: serde_json::Error| Fault::Internal(error.to_string());
    let body = if row.sealed {
        seal::open(&key.seal, &row.body)
            .ok_or_else(|| Fault::Internal("a sealed answer does not open".into()))?
    } else {
        row.body
    };
    let headers: Vec<(String, String)> = serde_json::from_str(&row.headers).map_err(internal)?;
    let places: Option<Places> = row
        .places
        .map(|places| serde_json::from_str(&places).map_err(internal))
        .transpose()?;
    let filled = |text: &str, places: Option<&[usize]>| match places {
        Some(places) => fill(text, places, &row.issued)
            .ok_or_else(|| Fault::Internal("a stored answer has other places".into())),
        None => Ok(marked::fill(text, row.prefix, &row.issued)),
    };
    let header = |(index, (name, value)): (usize, (String, String))| {
        let of_header = places.as_ref().map(|places| {
            let of_header = places.headers.get(index);
            of_header.map_or(&[][..], Vec::as_slice)
        });
        Ok((name, filled(&value, of_header)?))
    };
    let mut headers = headers
        .into_iter()
        .enumerate()
        .map(header)
        .collect::<Result<Vec<_>, Fault>>()?;
    headers.push(("idempotent-replayed".to_owned(), "true".to_owned()));
    let of_body = places.as_ref().map(|places| places.body.as_slice());
    Ok(StoredAnswer {
        status: u16::try_from(row.status).unwrap_or(500),
        headers,
        body: filled(&body, of_body)?.into_bytes().into(),
    })
}

#[cfg(test)]
mod tests;
