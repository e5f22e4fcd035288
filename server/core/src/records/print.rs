//! Prints records as JSON directly from their rows. Stored values are copied unchanged, and no tree is built in
//! between. The text equals what printing a `types::Record` gives, byte for byte.

use crm_contract::latest::types;
use crm_runtime::{
    JsonObject, RawJson,
    server::{Open, Printable},
};

use crate::{access::visibility::Mask, fault::Fault, ports::store::Value, schema::ObjectType};

/// A borrowed row in the columns of `list::COLUMNS`.
pub struct RowRef<'a> {
    pub id: &'a str,
    pub object_type: &'a str,
    pub version: i64,
    data: &'a str,
    created_at: i64,
    updated_at: i64,
    created_by: &'a str,
    updated_by: &'a str,
    pub deleted_at: Option<i64>,
}

impl<'a> RowRef<'a> {
    /// None if the row has other columns.
    pub fn read(row: &'a [Value]) -> Option<Self> {
        let [
            id,
            object_type,
            version,
            data,
            created_at,
            updated_at,
            created_by,
            updated_by,
            deleted_at,
            ..,
        ] = row
        else {
            return None;
        };
        Some(Self {
            id: id.as_str()?,
            object_type: object_type.as_str()?,
            version: version.as_i64()?,
            data: data.as_str()?,
            created_at: created_at.as_i64()?,
            updated_at: updated_at.as_i64()?,
            created_by: created_by.as_str()?,
            updated_by: updated_by.as_str()?,
            deleted_at: deleted_at.as_i64(),
        })
    }
}

/// Prints a record with the fields that the mask shows.
pub fn record(
    mask: &Mask,
    object_type: &ObjectType,
    row: &RowRef<'_>,
) -> Result<Printable<types::Record<RawJson>>, Fault> {
    let mut out = Text(Vec::with_capacity(row.data.len() + ENVELOPE));
    out.record(mask, object_type, row)?;
    Ok(Printable::Text(out.0.into()))
}

/// Prints a page of records, each with its type, with the fields that the mask shows. The page's cursors and total
/// follow.
pub fn page<'a>(
    mask: &Mask,
    rows: impl Iterator<Item = Result<(&'a ObjectType, RowRef<'a>), Fault>>,
    page: types::Page,
) -> Result<Printable<types::RecordPage<RawJson>>, Fault> {
    let mut out = Text(Vec::with_capacity(32 << 10));
    out.raw("{\"items\":[");
    for (index, row) in rows.enumerate() {
        if index > 0 {
            out.raw(",");
        }
        let (object_type, row) = row?;
        out.record(mask, object_type, &row)?;
    }
    out.raw("]");
    let page = serde_json::to_value(page).map_err(odd)?;
    Ok(Printable::Open(Open {
        text: out.0,
        rest: JsonObject::from_iter([("page".to_owned(), page)]),
    }))
}

/// The approximate size of a record's JSON without its values, in bytes.
const ENVELOPE: usize = 420;

struct Text(Vec<u8>);

impl Text {
    fn raw(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A JSON string.
    fn text(&mut self, text: &str) -> Result<(), Fault> {
        let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        if text.bytes().all(plain) {
            self.raw("\"");
            self.raw(text);
            self.raw("\"");
            return Ok(());
        }
        serde_json::to_writer(&mut self.0, text).map_err(odd)
    }

    fn number(&mut self, number: i64) -> Result<(), Fault> {
        serde_json::to_writer(&mut self.0, &number).map_err(odd)
    }

    /// Prints the actor, which is stored as a kind, a colon and an id, as in `user:...`.
    fn actor(&mut self, stored: &str) -> Result<(), Fault> {
        let (kind, id) = stored.split_once(':').unwrap_or((stored, ""));
        self.raw("{\"kind\":");
        self.text(kind)?;
        if !id.is_empty() {
            self.raw(",\"id\":");
            self.text(id)?;
        }
        self.raw("}");
        Ok(())
    }

    fn record(
        &mut self,
        mask: &Mask,
        object_type: &ObjectType,
        row: &RowRef<'_>,
    ) -> Result<(), Fault> {
        self.raw("{\"id\":");
        self.text(row.id)?;
        self.raw(",\"type\":");
        self.text(row.object_type)?;
        self.raw(",\"version\":");
        self.number(row.version)?;
        self.raw(",\"fields\":");
        self.raw(&mask.text(object_type, row.data)?);
        self.raw(",\"created_at\":");
        self.number(row.created_at)?;
        self.raw(",\"updated_at\":");
        self.number(row.updated_at)?;
        self.raw(",\"created_by\":");
        self.actor(row.created_by)?;
        self.raw(",\"updated_by\":");
        self.actor(row.updated_by)?;
        self.raw(",\"deleted_at\":");
        match row.deleted_at {
            Some(at) => self.number(at)?,
            None => self.raw("null"),
        }
        self.raw("}");
        Ok(())
    }
}

fn odd(error: serde_json::Error) -> Fault {
    Fault::Internal(format!("a record does not print: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::schema::Schema;

    fn row(id: String, actor: String, deleted: Option<i64>, data: String) -> Vec<Value> {
        vec![
            id.into(),
            "contact".into(),
            7.into(),
            data.into(),
            (-1).into(),
            ((1i64 << 53) - 1).into(),
            actor.clone().into(),
            actor.into(),
            deleted.into(),
            "a sort key".into(),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn the_text_is_what_printing_the_record_gives(
            id in any::<String>(),
            kind in "[a-z]{0,8}",
            actor in any::<String>(),
            deleted in any::<Option<i32>>(),
            value in any::<String>(),
            next in any::<Option<String>>(),
            previous in any::<Option<String>>(),
            total in prop::option::of(0..9i64),
        ) {
            let schema = Schema::load(Vec::new(), Vec::new()).unwrap();
            let contact = schema.get("contact").unwrap();
            let data = serde_json::json!({ "name": value }).to_string();
            let actor = format!("{kind}:{actor}");
            let columns = row(id.clone(), actor.clone(), deleted.map(i64::from), data.clone());
            let expected = types::Record {
                id,
                r#type: "contact".into(),
                version: 7,
                fields: RawJson::from_text(data).unwrap(),
                created_at: -1,
                updated_at: (1 << 53) - 1,
                created_by: crate::context::actor(&actor),
                updated_by: crate::context::actor(&actor),
                deleted_at: deleted.map(i64::from),
            };
            let mask = Mask::default();
            let read = || RowRef::read(&columns).unwrap();
            let printed = record(&mask, contact, &read()).ok().unwrap();
            prop_assert_eq!(
                &printed,
                &Printable::Text(serde_json::to_vec(&expected).unwrap().into())
            );
            let rows = [Ok((&**contact, read())), Ok((&**contact, read()))];
            let links = types::Page { next, previous, total };
            let printed = page(&mask, rows.into_iter(), links.clone()).ok().unwrap();
            let expected = types::RecordPage { items: vec![expected.clone(), expected], page: links };
            let printed = printed.answer(200).unwrap().store().body;
            prop_assert_eq!(printed, serde_json::to_vec(&expected).unwrap());
        }
    }

    #[test]
    fn a_mask_leaves_out_what_was_not_asked_for() {
        let schema = Schema::load(Vec::new(), Vec::new()).unwrap();
        let contact = schema.get("contact").unwrap();
        let data = r#"{"first_name":"A","last_name":"B"}"#;
        let columns = row("1".into(), "system:".into(), None, data.into());
        let mask = Mask::asking(&["last_name"]);
        let printed = record(&mask, contact, &RowRef::read(&columns).unwrap())
            .ok()
            .unwrap();
        let record = printed.into_value().unwrap();
        assert_eq!(record.fields.as_str(), r#"{"last_name":"B"}"#);
        assert_eq!(record.created_by.id, None);
    }
}
