//! Ids of new records: UUIDv7 (RFC 9562), ascending within one request.

use crate::ports::Random;

/// The twelve bits after the time are a counter within a request (RFC 9562, section 6.2, method 1).
const COUNTER: u16 = 1 << 12;

/// Makes `count` ascending ids of this millisecond; at most 2,048.
pub fn mint(now: i64, random: &dyn Random, count: usize) -> Vec<String> {
    let mut bytes = vec![0; 10 * count];
    random.fill(&mut bytes);
    let start = bytes
        .first_chunk::<2>()
        .map_or(0, |first| u16::from_le_bytes(*first) % (COUNTER / 2));
    let time = u64::try_from(now).unwrap_or_default();
    bytes
        .as_chunks_mut::<10>()
        .0
        .iter_mut()
        .zip(start..)
        .map(|(bytes, counter)| {
            let [high, low] = counter.to_be_bytes();
            (bytes[0], bytes[1]) = (high, low);
            let id = uuid::Builder::from_unix_timestamp_millis(time, bytes).into_uuid();
            id.as_hyphenated().to_string()
        })
        .collect()
}
