//! Forms (`application/x-www-form-urlencoded`): the fields of one as data, read into a JSON object by
//! servers and written from one by clients, so that both agree on every field.

/// A form of the contract.
#[derive(Debug)]
pub struct Form {
    pub fields: &'static [Field],
    /// What fields are that the contract does not name.
    pub rest: Scalar,
}

/// A field of a form.
#[derive(Debug)]
pub struct Field {
    /// As it travels, such as `address[city]`.
    pub name: &'static str,
    /// Where its value stands in the object: the names of properties, from the outermost inwards.
    pub path: &'static [&'static str],
    pub shape: FieldShape,
}

/// How the text of a field becomes a JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldShape {
    /// One value.
    One(Scalar),
    /// `k=a&k=b`.
    Repeated {
        item: Scalar,
        /// The list has to be there, so one that left no trace has no items.
        absent_is_empty: bool,
    },
    /// `k=a,b`.
    Joined { item: Scalar, between: char },
    /// JSON text.
    Json,
}

/// The kind of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    Text,
    Integer,
    Number,
    Boolean,
}
