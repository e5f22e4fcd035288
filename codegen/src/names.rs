//! Names: makes Rust names from words of the document, and names for schemas without one. Types, server and clients all
//! use these functions, so they agree.

use proc_macro2::{Ident, Span};

/// The name of a type or of an enumeration's variant: `JobFields`, `RecordsListQuerySort`. A text that is a type name
/// already stays unchanged.
pub fn type_name(text: &str) -> String {
    let is_one = text.chars().all(char::is_alphanumeric)
        && text
            .chars()
            .next()
            .is_some_and(|first| first.is_uppercase())
        && (text.chars().count() == 1 || text.chars().any(char::is_lowercase));
    if is_one {
        return safe(text.to_owned());
    }
    safe(words(text).iter().map(|word| capitalised(word)).collect())
}

/// The name of a field, function or module, without the `r#` that a keyword needs: `next_cursor`, `type`.
pub fn value_name(text: &str) -> String {
    let name = words(text).join("_").to_lowercase();
    if name.starts_with(|first: char| first.is_numeric()) || name.is_empty() {
        format!("_{name}")
    } else {
        name
    }
}

/// The name of a constant: `RECORDS_CREATE`.
pub fn constant_name(text: &str) -> String {
    value_name(text).to_uppercase()
}

/// The identifier of a name: raw for a keyword, and with a trailing underscore if it cannot be raw.
pub fn ident(name: &str) -> Ident {
    if matches!(name, "self" | "Self" | "super" | "crate" | "_" | "") {
        return Ident::new(&format!("{name}_"), Span::call_site());
    }
    match syn::parse_str::<Ident>(name) {
        Ok(_) => Ident::new(name, Span::call_site()),
        Err(_) if syn::parse_str::<Ident>(&format!("r#{name}")).is_ok() => {
            Ident::new_raw(name, Span::call_site())
        }
        Err(_) => Ident::new(&spelled(name), Span::call_site()),
    }
}

/// The identifier of a field, function or module.
pub fn value_ident(text: &str) -> Ident {
    ident(&value_name(text))
}

/// The identifier of a type or variant.
pub fn type_ident(text: &str) -> Ident {
    ident(&type_name(text))
}

/// The name of a schema inside a named one: the parent's name and its own part.
pub fn nested(parent: &str, part: &str) -> String {
    format!("{}{}", type_name(parent), type_name(part))
}

/// The name of a status after its reason phrase (RFC 9110): `Ok`, `Created`, `NoContent`.
pub fn status_name(status: u16) -> String {
    let phrase = match status {
        200 => "Ok",
        201 => "Created",
        202 => "Accepted",
        203 => "NonAuthoritative",
        204 => "NoContent",
        205 => "ResetContent",
        206 => "PartialContent",
        207 => "MultiStatus",
        300 => "MultipleChoices",
        301 => "MovedPermanently",
        302 => "Found",
        303 => "SeeOther",
        304 => "NotModified",
        307 => "TemporaryRedirect",
        308 => "PermanentRedirect",
        400 => "BadRequest",
        401 => "Unauthorized",
        402 => "PaymentRequired",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        406 => "NotAcceptable",
        408 => "RequestTimeout",
        409 => "Conflict",
        410 => "Gone",
        412 => "PreconditionFailed",
        413 => "ContentTooLarge",
        415 => "UnsupportedMediaType",
        422 => "UnprocessableContent",
        423 => "Locked",
        428 => "PreconditionRequired",
        429 => "TooManyRequests",
        500 => "InternalServerError",
        501 => "NotImplemented",
        502 => "BadGateway",
        503 => "ServiceUnavailable",
        504 => "GatewayTimeout",
        _ => return format!("Status{status}"),
    };
    phrase.to_owned()
}

/// The words of a text: runs of letters and digits, cut before a capital that follows a small letter. Signs with a
/// meaning (`-updated_at`, `>=`) become words at the beginning.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let characters: Vec<char> = text.chars().collect();
    let only_signs = !characters.iter().any(|c| c.is_alphanumeric());
    for (index, &character) in characters.iter().enumerate() {
        if character.is_alphanumeric() {
            let before = index.checked_sub(1).map(|i| characters[i]);
            let after = characters.get(index + 1);
            let starts = character.is_uppercase()
                && before.is_some_and(|before| {
                    before.is_lowercase()
                        || before.is_numeric()
                        || (before.is_uppercase()
                            && after.is_some_and(|after| after.is_lowercase()))
                });
            if starts && !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            word.push(character);
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        let leads = only_signs || (words.is_empty() && index == 0);
        if leads && let Some(sign) = sign(character) {
            words.push(sign.to_owned());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn sign(character: char) -> Option<&'static str> {
    Some(match character {
        '-' => "minus",
        '+' => "plus",
        '<' => "less",
        '>' => "greater",
        '=' => "equal",
        '!' => "not",
        '*' => "star",
        '~' => "like",
        '%' => "percent",
        '&' => "and",
        '|' => "or",
        '/' => "slash",
        '.' => "dot",
        '$' => "dollar",
        '#' => "hash",
        '@' => "at",
        '^' => "caret",
        '?' => "question",
        _ => return None,
    })
}

fn capitalised(word: &str) -> String {
    let all_capitals = word.chars().count() > 1 && !word.chars().any(char::is_lowercase);
    let mut characters = word.chars();
    match characters.next() {
        Some(first) if all_capitals => first
            .to_uppercase()
            .chain(characters.flat_map(char::to_lowercase))
            .collect(),
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// A type name may not be empty nor start with a digit.
fn safe(name: String) -> String {
    match name.chars().next() {
        None => "Empty".to_owned(),
        Some(first) if first.is_numeric() => format!("N{name}"),
        Some(_) => name,
    }
}

/// A name of characters that no identifier may have, written by their code points.
fn spelled(name: &str) -> String {
    name.chars().fold(String::from("u"), |spelled, character| {
        if character.is_ascii_alphanumeric() || character == '_' {
            format!("{spelled}{character}")
        } else {
            format!("{spelled}{:x}", u32::from(character))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_in_upper_camel_case() {
        for (text, expected) in [
            ("JobFields", "JobFields"),
            ("records_list", "RecordsList"),
            ("If-Match", "IfMatch"),
            ("2fa", "N2fa"),
            ("HTTPStatus", "HTTPStatus"),
            ("ID_TAKEN", "IdTaken"),
            ("größe", "Größe"),
            ("-updated_at", "MinusUpdatedAt"),
            ("updated_at", "UpdatedAt"),
            (">=", "GreaterEqual"),
            ("a-b", "AB"),
            ("", "Empty"),
            ("type", "Type"),
        ] {
            assert_eq!(type_name(text), expected, "{text}");
        }
    }

    #[test]
    fn values_are_in_snake_case() {
        for (text, expected) in [
            ("next_cursor", "next_cursor"),
            ("If-Match", "if_match"),
            ("nextCursor", "next_cursor"),
            ("HTTPStatus", "http_status"),
            ("2fa", "_2fa"),
            ("type", "type"),
            ("", "_"),
        ] {
            assert_eq!(value_name(text), expected, "{text}");
        }
    }

    #[test]
    fn every_name_is_an_identifier() {
        for text in [
            "type", "self", "Self", "crate", "_", "", "日本", "\u{301}", "🦀", "a b", "r#x", "gen",
            "²",
        ] {
            assert!(
                syn::parse_str::<Ident>(&value_ident(text).to_string()).is_ok(),
                "{text}"
            );
            assert!(
                syn::parse_str::<Ident>(&type_ident(text).to_string()).is_ok(),
                "{text}"
            );
        }
    }
}
