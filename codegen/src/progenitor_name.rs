//! The names that progenitor makes from ours, so that its output can be found. Its rule is not public; this is a copy
//! (progenitor-impl 0.15, `util::sanitize`).

use heck::{ToPascalCase, ToSnakeCase};

/// The name of a method, of a parameter, and the `operation_id` that hooks get.
pub fn value(text: &str) -> String {
    sanitized(text, |text| text.to_snake_case())
}

/// The name of the builder of an operation.
pub fn builder(operation_id: &str) -> String {
    of_type(&value(operation_id))
}

/// The name of a type.
pub fn of_type(text: &str) -> String {
    sanitized(text, |text| text.to_pascal_case())
}

fn sanitized(text: &str, case: impl Fn(&str) -> String) -> String {
    let kept: String = text
        .chars()
        .filter(|character| *character != '\'')
        .map(|character| {
            if character == '_' || character.is_alphanumeric() {
                character
            } else {
                '-'
            }
        })
        .collect();
    let name = match text {
        "+1" => "plus1".to_owned(),
        "-1" => "minus1".to_owned(),
        _ => case(&kept),
    };
    let name = match name.chars().next() {
        None => case("x"),
        Some(first) if first.is_alphabetic() => name,
        Some(_) => format!("_{name}"),
    };
    if syn::parse_str::<syn::Ident>(&name).is_ok() {
        name
    } else {
        format!("{name}_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_progenitor() {
        for (text, expected) in [
            ("records_list", "records_list"),
            ("type", "type_"),
            ("If-Match", "if_match"),
            ("2fa", "_2fa"),
            ("nextCursor", "next_cursor"),
        ] {
            assert_eq!(value(text), expected);
        }
        assert_eq!(builder("records_list"), "RecordsList");
        assert_eq!(of_type("HTTPStatus"), "HttpStatus");
    }
}
