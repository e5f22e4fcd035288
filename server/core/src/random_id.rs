//! Ids and other random texts, from the host's clock and randomness.

use crate::ports::Random;

/// A UUIDv7 (RFC 9562): the time in ms, then 74 random bits.
pub fn uuid_v7(now: i64, random: &dyn Random) -> uuid::Uuid {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(now).unwrap_or_default(), &bytes)
        .into_uuid()
}

/// The same as text: lower-case, hyphenated.
pub fn id(now: i64, random: &dyn Random) -> String {
    uuid_v7(now, random).hyphenated().to_string()
}

/// Random bytes.
pub fn bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}
