//! Rows of the tenant's tables as types. A row type names its table and columns once; statements select, read, insert
//! and update by that list.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    fault::Fault,
    ports::store::{Rows, Statement, Value},
};

/// A row of a table, or of any SELECT with these column names.
pub trait Row: Sized {
    const TABLE: &'static str;
    /// The columns, in the order in which they are read.
    const NAMES: &'static [&'static str];
    /// The columns as SQL, each qualified with its table.
    const COLUMNS: &'static str;

    /// Fails if the row has other columns.
    fn read(row: Vec<Value>) -> Result<Self, Fault>;

    /// The values of the columns, in their order.
    fn values(&self) -> Vec<Value>;
}

/// Declares a struct and its [`Row`]: `struct Name of "table"`. A field with another name than its column is written
/// `field = "column": Type`.
macro_rules! row {
    (
        $(#[$meta:meta])* $vis:vis struct $name:ident of $table:literal {
            $(#[$first_meta:meta])* $first_vis:vis $first:ident $(= $first_column:literal)? : $first_type:ty
            $(, $(#[$field_meta:meta])* $field_vis:vis $field:ident $(= $column:literal)? : $type:ty)* $(,)?
        }
    ) => {
        $(#[$meta])*
        $vis struct $name {
            $(#[$first_meta])* $first_vis $first: $first_type
            $(, $(#[$field_meta])* $field_vis $field: $type)*
        }

        impl $crate::rows::Row for $name {
            const TABLE: &'static str = $table;
            const NAMES: &'static [&'static str] = &[
                $crate::rows::row!(@name $first $($first_column)?) $(, $crate::rows::row!(@name $field $($column)?))*
            ];
            const COLUMNS: &'static str = concat!(
                $table, ".", $crate::rows::row!(@name $first $($first_column)?)
                $(, ", ", $table, ".", $crate::rows::row!(@name $field $($column)?))*
            );

            fn read(row: Vec<$crate::ports::store::Value>) -> Result<Self, $crate::fault::Fault> {
                let mut columns = row.into_iter();
                Ok(Self {
                    $first: $crate::rows::column(
                        $table, $crate::rows::row!(@name $first $($first_column)?), columns.next(),
                    )?
                    $(, $field: $crate::rows::column(
                        $table, $crate::rows::row!(@name $field $($column)?), columns.next(),
                    )?)*
                })
            }

            fn values(&self) -> Vec<$crate::ports::store::Value> {
                use $crate::rows::Column;
                vec![self.$first.write() $(, self.$field.write())*]
            }
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $column:literal) => { $column };
}

pub(crate) use row;

/// The type of a column's value.
pub trait Column: Sized {
    /// None if the value has another type.
    fn read(value: Value) -> Option<Self>;
    fn write(&self) -> Value;
}

impl Column for String {
    fn read(value: Value) -> Option<Self> {
        value.into_text()
    }

    fn write(&self) -> Value {
        self.as_str().into()
    }
}

impl Column for i64 {
    fn read(value: Value) -> Option<Self> {
        value.as_i64()
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

impl<T: Column> Column for Option<T> {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::read(value).map(Some),
        }
    }

    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::write)
    }
}

/// A value that a column holds as JSON text.
pub trait Json: Serialize + DeserializeOwned {}

impl Json for Vec<String> {}

impl<T: Json> Column for T {
    fn read(value: Value) -> Option<Self> {
        serde_json::from_str(value.as_str()?).ok()
    }

    fn write(&self) -> Value {
        // Values that were parsed from JSON, or have the contract's form, always serialize.
        serde_json::to_string(self).unwrap_or_default().into()
    }
}

/// Reads a column of a row.
pub fn column<T: Column>(table: &str, name: &str, value: Option<Value>) -> Result<T, Fault> {
    value.and_then(T::read).ok_or_else(|| {
        Fault::Internal(format!(
            "the column {table}.{name} is missing or of another kind"
        ))
    })
}

pub fn find<T: Row>(id: &str) -> Statement {
    Statement::new(
        format!("SELECT {} FROM {} WHERE id = ?1", T::COLUMNS, T::TABLE),
        [id.into()],
    )
}

pub fn count<T: Row>() -> Statement {
    Statement::new(format!("SELECT count(*) FROM {}", T::TABLE), [])
}

/// The column whose value the commit provides: the sequence number of the row's change log entry.
const VERSION: &str = "version";

/// Inserts a row, with the additional columns `more`. A column `version` gets the commit's sequence number with the
/// offset `place`, from 0.
pub fn insert<T: Row>(row: &T, more: &[(&str, Value)], place: u32) -> Statement {
    let columns = T::NAMES.iter().copied().zip(row.values());
    let columns = columns.chain(more.iter().cloned());
    let (mut names, mut values, mut params) = (Vec::new(), Vec::new(), Vec::new());
    for (name, value) in columns {
        let is_version = name == VERSION;
        names.push(name);
        params.push(if is_version {
            i64::from(place).into()
        } else {
            value
        });
        let base = if is_version {
            "(SELECT base FROM meta) + "
        } else {
            ""
        };
        values.push(format!("{base}?{}", params.len()));
    }
    let (table, names, values) = (T::TABLE, names.join(", "), values.join(", "));
    Statement::new(
        format!("INSERT INTO {table} ({names}) VALUES ({values})"),
        params,
    )
}

/// Updates the row with this id: the columns that differ from `before`, the columns `more`, and `version` as in
/// [`insert`].
pub fn update<T: Row>(
    id: &str,
    before: &T,
    now: &T,
    more: &[(&str, Value)],
    place: u32,
) -> Statement {
    let mut params: Vec<Value> = vec![id.into()];
    let mut set = Vec::new();
    let columns = T::NAMES.iter().zip(before.values()).zip(now.values());
    for ((name, before), now) in columns {
        if *name == VERSION {
            params.push(i64::from(place).into());
            set.push(format!(
                "{name} = (SELECT base FROM meta) + ?{}",
                params.len()
            ));
        } else if before != now {
            params.push(now);
            set.push(format!("{name} = ?{}", params.len()));
        }
    }
    for (name, value) in more {
        params.push(value.clone());
        set.push(format!("{name} = ?{}", params.len()));
    }
    Statement::new(
        format!("UPDATE {} SET {} WHERE id = ?1", T::TABLE, set.join(", ")),
        params,
    )
}

pub fn delete<T: Row>(id: &str) -> Statement {
    Statement::new(
        format!("DELETE FROM {} WHERE id = ?1", T::TABLE),
        [id.into()],
    )
}

/// A type that the rows of one statement are read as.
pub trait FromRows: Sized {
    fn from_rows(rows: Rows) -> Result<Self, Fault>;
}

/// The rows as the store returns them.
impl FromRows for Rows {
    fn from_rows(rows: Rows) -> Result<Self, Fault> {
        Ok(rows)
    }
}

impl<T: Row> FromRows for Vec<T> {
    fn from_rows(rows: Rows) -> Result<Self, Fault> {
        rows.into_iter().map(T::read).collect()
    }
}

/// The first row, if there is one.
impl<T: Row> FromRows for Option<T> {
    fn from_rows(rows: Rows) -> Result<Self, Fault> {
        rows.into_iter().next().map(T::read).transpose()
    }
}

/// The first column of the first row.
impl FromRows for i64 {
    fn from_rows(rows: Rows) -> Result<Self, Fault> {
        let number = rows.first().and_then(|row| row.first()?.as_i64());
        number.ok_or_else(|| Fault::Internal("a statement gave no number".into()))
    }
}

/// Whether there are any rows.
impl FromRows for bool {
    fn from_rows(rows: Rows) -> Result<Self, Fault> {
        Ok(!rows.is_empty())
    }
}
