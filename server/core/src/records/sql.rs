//! Builds one SQL statement. Its text is our own, and values are bound. D1 binds at most 100 parameters, so the values
//! beyond the first ones share one more parameter, as JSON.

use std::fmt::Write;

use crate::ports::store::{Statement, Value};

const MOST_BOUND: usize = 80;

/// The elements of the JSON array in the first parameter, as the rows of the source `j` of a writing statement. Each
/// element is read once, however many columns use it: `LIMIT` keeps SQLite from merging the source into the outer
/// statement. [`Access::Write`](crate::ports::store::admission::Access) explains why it is not a `WITH`.
pub const ROWS: &str = "(SELECT value FROM json_each(?1) LIMIT -1) j";

#[derive(Debug, Default)]
pub struct Sql {
    text: String,
    params: Vec<Value>,
    overflow: Vec<serde_json::Value>,
}

impl Sql {
    pub fn new(text: &str) -> Self {
        let mut sql = Self {
            text: String::with_capacity(512),
            ..Self::default()
        };
        sql.push(text);
        sql
    }

    /// Appends SQL of our own. Names in it must come from validated definitions.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a bound value.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        let place = self.place(value);
        self.text.push_str(&place);
        self
    }

    /// Binds a value and returns its expression, which can be used more than once.
    pub fn place(&mut self, value: impl Into<Value>) -> String {
        let value = value.into();
        if self.params.len() < MOST_BOUND {
            self.params.push(value);
            return format!("?{}", self.params.len());
        }
        let index = self.overflow.len();
        self.overflow.push(match value {
            Value::Null => serde_json::Value::Null,
            Value::Integer(number) => number.into(),
            Value::Real(number) => number.into(),
            Value::Text(text) => text.into(),
        });
        format!("(?{} ->> '$[{index}]')", MOST_BOUND + 1)
    }

    /// Appends a list of values, as rows with one column `value`.
    pub fn bind_list(&mut self, values: &[serde_json::Value]) -> &mut Self {
        let text = serde_json::Value::Array(values.to_vec()).to_string();
        let place = self.place(text);
        let _ = write!(self.text, "(SELECT value FROM json_each({place}))");
        self
    }

    /// The current length of the text.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Removes and returns the text from this offset. Its values stay bound, so it can be inserted more than once.
    pub fn take_from(&mut self, from: usize) -> String {
        self.text.split_off(from)
    }

    pub fn statement(mut self) -> Statement {
        if !self.overflow.is_empty() {
            self.params.push(Value::Text(
                serde_json::Value::Array(self.overflow).to_string(),
            ));
        }
        Statement::new(self.text, self.params)
    }
}
