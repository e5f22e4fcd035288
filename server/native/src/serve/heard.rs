//! Finds the `Origin` header in a peer's bytes as they pass. When hyper refuses a request by itself, nothing else of
//! the request is known.

use http::HeaderValue;

const NAME: &[u8] = b"origin:";
/// The longest line that can hold an origin, in bytes.
const LONGEST: usize = 300;

/// The last line that looked like an `Origin` header. A line of a body may look like one too; that is harmless, since
/// it only lets a page of a configured origin read an answer to this same peer.
#[derive(Debug, Default)]
pub struct Heard {
    /// The beginning of the current line.
    line: Vec<u8>,
    origin: Option<HeaderValue>,
}

impl Heard {
    pub fn hear(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST.saturating_sub(self.line.len());
            self.line.extend(piece.iter().take(room));
            if piece.ends_with(b"\n") {
                self.note();
                self.line.clear();
            }
        }
    }

    pub fn origin(&self) -> Option<&HeaderValue> {
        self.origin.as_ref()
    }

    fn note(&mut self) {
        let Some((name, value)) = self.line.split_at_checked(NAME.len()) else {
            return;
        };
        if name.eq_ignore_ascii_case(NAME) {
            self.origin = HeaderValue::from_bytes(value.trim_ascii()).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_heard_however_its_bytes_come() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\noRiGin:  https://a.example \r\nX-Origin: b\r\nX: origin: c\r\n\r\n";
        for size in 1..head.len() {
            let mut heard = Heard::default();
            head.chunks(size).for_each(|bytes| heard.hear(bytes));
            assert_eq!(
                heard.origin().map(HeaderValue::as_bytes),
                Some(&b"https://a.example"[..])
            );
        }
    }

    #[test]
    fn what_is_kept_of_a_line_is_bounded() {
        let mut heard = Heard::default();
        for _ in 0..1_000 {
            heard.hear(&[b'x'; 1_000]);
        }
        assert!(heard.line.capacity() < 2 * LONGEST && heard.origin().is_none());
    }
}
