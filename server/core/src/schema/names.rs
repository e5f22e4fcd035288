//! Names of object types and fields: `[a-z][a-z0-9_]{0,62}`. They are put into SQL and into paths, so no other text is
//! accepted as a name.

/// Reserved type names: path segments under `/records`, and words with another meaning in the program. A tenant that
/// had such a type before keeps it.
const TYPE_WORDS: [&str; 42] = [
    "api_key",
    "audit",
    "automation",
    "batch",
    "change",
    "deprecation",
    "event",
    "export",
    "field",
    "file",
    "history",
    "import",
    "key",
    "object_type",
    "portal",
    "portal_code",
    "record",
    "restore",
    "role",
    "search",
    "session",
    "system",
    "team",
    "tenant",
    "user",
    "view",
    "webhook",
    "api_keys",
    "automations",
    "changes",
    "events",
    "exports",
    "fields",
    "files",
    "imports",
    "object_types",
    "roles",
    "sessions",
    "teams",
    "users",
    "views",
    "webhooks",
];

/// The properties of a record's envelope, which cannot be field names.
pub const ENVELOPE: [&str; 9] = [
    "id",
    "type",
    "version",
    "fields",
    "created_at",
    "updated_at",
    "created_by",
    "updated_by",
    "deleted_at",
];

pub fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 63
        && bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

pub fn is_reserved_type(name: &str) -> bool {
    TYPE_WORDS.contains(&name)
}

pub fn is_reserved_field(name: &str) -> bool {
    ENVELOPE.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_lower_case_and_begins_with_a_letter() {
        for name in ["a", "job", "x1_y", &"a".repeat(63)] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "1a",
            "_a",
            "A",
            "a-b",
            "a b",
            "a'",
            "é",
            &"a".repeat(64),
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
