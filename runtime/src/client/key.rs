//! Idempotency keys: 128 random bits, written as a UUID (version 4).

/// A new key. `None` if the platform has no randomness.
pub fn idempotency_key() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(
        uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .hyphenated()
            .to_string(),
    )
}

/// A random number below `bound`; 0 if the platform has no randomness.
pub(super) fn random_below(bound: u64) -> u64 {
    match getrandom::u64() {
        Ok(random) if bound > 0 => random % bound,
        _ => 0,
    }
}
