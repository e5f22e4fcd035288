//! Builds one SQL statement: text from us, values bound. D1 binds at most 100 parameters, so the values beyond the first
//! ones travel in one more as JSON.

use std::fmt::Write;

use crate::ports::store::{Statement, Value};

const MOST_BOUND: usize = 80;

/// The values of the JSON array in the first parameter, as the rows of the source `j` of a statement that writes. Each is
/// read once, however many columns are taken from it: `LIMIT` keeps SQLite from merging the source into the statement
/// around it. See [`Access::Write`](crate::ports::store::admission::Access) for why it is no `WITH`.
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

    /// Text of our own; names in it come from validated definitions.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// A value in the place of an expression.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        let place = self.place(value);
        self.text.push_str(&place);
        self
    }

    /// Binds a value and gives the expression that stands for it, to be used more than once.
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

    /// A list of values, as rows of one column `value`.
    pub fn bind_list(&mut self, values: &[serde_json::Value]) -> &mut Self {
        let text = serde_json::Value::Array(values.to_vec()).to_string();
        let place = self.place(text);
        let _ = write!(self.text, "(SELECT value FROM json_each({place}))");
        self
    }

    /// How long the text is by now.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes the text from there on away; its values stay bound, so that it can be put in more than once.
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
