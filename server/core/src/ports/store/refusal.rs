//! Parses SQLite's message for a violated constraint into the outcome of a commit. Every host runs SQLite, whose only
//! information about the constraint is this message.

use super::Commit;

/// None if `message` is not about a named constraint (`NOT NULL` has no name: violating it is a bug of the program, not
/// a race). The name of a constraint is that of the `CHECK`, that of an index on an expression, or else the columns as
/// SQLite lists them (`users.email`, `fields.type, fields.name`).
pub fn refusal(message: &str) -> Option<Commit> {
    let name = [
        ("CHECK constraint failed: "),
        ("UNIQUE constraint failed: "),
    ]
    .iter()
    .find_map(|start| {
        let at = message.find(start)?;
        message.get(at + start.len()..)
    })?;
    // D1 appends the result code to the message.
    let name = name
        .split_once(": SQLITE_CONSTRAINT")
        .map_or(name, |(name, _)| name)
        .trim();
    let name = name
        .strip_prefix("index '")
        .and_then(|name| name.strip_suffix('\''))
        .unwrap_or(name);
    Some(match name {
        "stale" => Commit::Stale,
        name => Commit::Constraint(name.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constraint_has_one_name_on_every_host() {
        let named = |name: &str| Some(Commit::Constraint(name.to_owned()));
        assert_eq!(
            refusal("CHECK constraint failed: stale"),
            Some(Commit::Stale)
        );
        assert_eq!(refusal("CHECK constraint failed: seats"), named("seats"));
        assert_eq!(
            refusal("UNIQUE constraint failed: index 'job_number'"),
            named("job_number")
        );
        assert_eq!(
            refusal("UNIQUE constraint failed: users.email"),
            named("users.email")
        );
        assert_eq!(
            refusal("UNIQUE constraint failed: fields.type, fields.name"),
            named("fields.type, fields.name")
        );
        assert_eq!(
            refusal("D1_ERROR: UNIQUE constraint failed: users.email: SQLITE_CONSTRAINT"),
            named("users.email")
        );
        assert_eq!(
            refusal(
                "D1_ERROR: CHECK constraint failed: stale: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_CHECK)"
            ),
            Some(Commit::Stale)
        );
        assert_eq!(refusal("NOT NULL constraint failed: records.type"), None);
        assert_eq!(refusal("no such table: records"), None);
    }
}
