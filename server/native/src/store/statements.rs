//! Runs the core's statements on a connection: binds, steps, collects.

pub use crm_core::ports::store::admission::Access;
use crm_core::ports::store::{
    Rows, Statement, StoreError, Value,
    admission::admit,
    bound::{Scale, Weighed, weight},
};
use rusqlite::{
    Connection,
    types::{ToSqlOutput, ValueRef},
};

use super::{error::Failure, reading::Reading};

/// Runs one statement. `room` is the number of bytes that its rows may take; it is reduced by their size. `reading`
/// counts them for the request.
pub fn run(
    connection: &Connection,
    access: Access,
    statement: &Statement,
    room: &mut usize,
    reading: &mut Reading,
) -> Result<Rows, Failure> {
    admit(access, &statement.sql)?;
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    if access == Access::Read && !prepared.readonly() {
        return Err(StoreError::Failed("a read got a statement that writes".into()).into());
    }
    #[cfg(debug_assertions)]
    crm_core::ports::store::admission::admit_columns(prepared.column_names())?;
    let expected = prepared.parameter_count();
    if expected != statement.params.len() {
        let given = statement.params.len();
        return Err(StoreError::Failed(format!(
            "the statement takes {expected} parameters, not {given}"
        ))
        .into());
    }
    for (index, value) in statement.params.iter().enumerate() {
        prepared.raw_bind_parameter(index + 1, Bound(value))?;
    }
    let columns = prepared.column_count();
    let mut scale = match &statement.bound {
        Some(bound) => {
            let columns = bound.columns.iter();
            let columns = columns.map(|name| prepared.column_index(name));
            Some((Scale::new(*bound), columns.collect::<Result<Vec<_>, _>>()?))
        }
        None => None,
    };
    let mut rows = prepared.raw_query();
    let mut collected = Rows::new();
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(columns);
        let mut size = columns * size_of::<Value>();
        for column in 0..columns {
            let value = value(row.get_ref(column)?)?;
            size += value.as_str().map_or(0, str::len);
            values.push(value);
        }
        if let Some((scale, weighing)) = &mut scale
            && scale.add(weight(&values, weighing))? == Weighed::Ends
        {
            collected.push(Vec::new());
            break;
        }
        *room = room.checked_sub(size).ok_or(StoreError::TooLarge)?;
        if !reading.more(size) {
            return Err(Failure::NoRoom);
        }
        collected.push(values);
    }
    Ok(collected)
}

struct Bound<'a>(&'a Value);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

fn value(value: ValueRef<'_>) -> Result<Value, StoreError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => Value::Text(
            std::str::from_utf8(bytes)
                .map_err(|_| StoreError::Failed("a text is not UTF-8".into()))?
                .to_owned(),
        ),
        ValueRef::Blob(_) => return Err(StoreError::Failed("a column is a blob".into())),
    })
}
