//! Forms (`application/x-www-form-urlencoded`): describes the fields as data. Servers read a form into a JSON object
//! and clients write it from one, so both agree on every field.

/// A form of the contract.
#[derive(Debug)]
pub struct Form {
    pub fields: &'static [Field],
    /// The kind of fields that the contract does not name.
    pub rest: Scalar,
}

/// A field of a form.
#[derive(Debug)]
pub struct Field {
    /// The name in the form, such as `address[city]`.
    pub name: &'static str,
    /// The path of its value in the object: the names of properties, from the outermost inwards.
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
        /// The list is required, so an absent one has no items.
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
