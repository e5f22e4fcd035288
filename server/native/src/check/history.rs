//! Checks the change log against the records: replaying the changes of a record from its beginning has to give its
//! stored values and the version of each field.

use std::collections::BTreeMap;

use crm_core::work::Kind;
use rusqlite::{Connection, Row};
use serde_json::{Map, Value as Json};

use super::{Findings, finding::RESTORE, tenant::text};

/// The state of a record during the replay of its changes.
#[derive(Default)]
struct Played {
    fields: Map<String, Json>,
    /// For each field, the sequence number of the last change that touched it.
    versions: BTreeMap<String, i64>,
    first: i64,
    last: i64,
    deleted: bool,
    broken: Option<String>,
}

impl Played {
    fn play(&mut self, seq: i64, op: &str, fields: Map<String, Json>, before: &Map<String, Json>) {
        let begins = self.first == 0;
        if begins {
            self.first = seq;
        }
        self.last = seq;
        if begins != (op == "create") {
            self.broken = Some(format!("change {seq} is `{op}`, which does not come there"));
        }
        match op {
            "delete" => self.deleted = true,
            "restore" => self.deleted = false,
            _ => {}
        }
        for (name, value) in before {
            if self.fields.get(name).unwrap_or(&Json::Null) != value {
                self.broken = Some(format!("before change {seq} the field {name} was another"));
            }
        }
        for (name, value) in fields {
            self.versions.insert(name.clone(), seq);
            if value.is_null() {
                self.fields.remove(&name);
            } else {
                self.fields.insert(name, value);
            }
        }
    }
}

/// Returns the number of changes.
pub fn check(connection: &Connection, findings: &mut Findings) -> rusqlite::Result<u64> {
    // Skips entries about other things than records, unless an object type has that name, from before the name was
    // reserved. Both queries are ordered by record id, so one pass over each is enough, whatever their size.
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    let mut changes = connection.prepare(&format!(
        "SELECT record_id, seq, op, fields, before FROM changes c WHERE type NOT IN ('{}') \
         OR EXISTS (SELECT 1 FROM records r WHERE r.id = c.record_id AND r.type = c.type) ORDER BY record_id, seq",
        kinds.join("', '")
    ))?;
    let mut changes = changes.query([])?;
    let mut records = connection.prepare(
        "SELECT id, version, first_version, data, field_versions, deleted_at IS NOT NULL FROM records ORDER BY id",
    )?;
    let mut records = records.query([])?;
    let mut count = 0;
    let mut change = changes.next()?;
    while let Some(record) = records.next()? {
        let id = text(record, 0)?;
        let mut played = Played::default();
        while let Some(row) = change {
            let of = text(row, 0)?;
            if of > id {
                break;
            }
            count += 1;
            let (seq, op) = (row.get(1)?, text(row, 2)?);
            if of < id {
                orphan(seq, &of, findings);
            } else {
                match (object(row, 3)?, object(row, 4)?) {
                    (Some(fields), Some(before)) => played.play(seq, &op, fields, &before),
                    _ => played.broken = Some(format!("change {seq} is not readable")),
                }
            }
            change = changes.next()?;
        }
        if let Some(what) = differs(record, &played)? {
            findings.add("history", format!("the record {id}: {what}"), RESTORE);
        }
    }
    while let Some(row) = change {
        count += 1;
        orphan(row.get(1)?, &text(row, 0)?, findings);
        change = changes.next()?;
    }
    Ok(count)
}

fn orphan(seq: i64, record: &str, findings: &mut Findings) {
    findings.add(
        "history",
        format!("change {seq} is of the record {record}, which is not there"),
        RESTORE,
    );
}

/// The first difference between the record and its replayed changes.
fn differs(record: &Row<'_>, played: &Played) -> rusqlite::Result<Option<String>> {
    let (version, first): (i64, i64) = (record.get(1)?, record.get(2)?);
    if played.first == 0 {
        return Ok(Some("the change log knows nothing of it".into()));
    }
    if let Some(broken) = &played.broken {
        return Ok(Some(broken.clone()));
    }
    let (Some(data), Some(versions)) = (object(record, 3)?, object(record, 4)?) else {
        return Ok(Some("its values are not readable".into()));
    };
    // Earlier programs wrote the last version of the batch that created the record, not the first.
    if !(played.first..=played.last).contains(&first) || version != played.last {
        return Ok(Some(format!(
            "its versions are {first} to {version}, those of its changes {} to {}",
            played.first, played.last
        )));
    }
    if record.get::<_, bool>(5)? != played.deleted {
        return Ok(Some(
            "whether it is deleted differs from its changes".into(),
        ));
    }
    for name in data.keys().chain(played.fields.keys()) {
        if data.get(name) != played.fields.get(name) {
            return Ok(Some(format!("the field {name} differs from its changes")));
        }
    }
    for (name, changed) in &played.versions {
        // Versions of the record's creation are not stored.
        let known = versions.get(name).and_then(Json::as_i64).unwrap_or(first);
        if known != *changed {
            return Ok(Some(format!(
                "the version of the field {name} is {known}, its last change {changed}"
            )));
        }
    }
    Ok(None)
}

fn object(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Map<String, Json>>> {
    Ok(serde_json::from_str(&text(row, column)?).ok())
}
