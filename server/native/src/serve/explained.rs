//! Invalid HTTP never becomes a request: hyper answers it by itself with a status and no body. This module gives these
//! answers the body that all other refusals have.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use crm_core::http::cors::Origins;
use http::{HeaderMap, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::heard::Heard;

/// How hyper's own refusals begin. Answers of the API differ: they have a request id header, and none of their bodies
/// begins like this, since JSON has no such line breaks.
const REFUSAL: &[u8] = b"HTTP/1.1 4";
const REQUEST_ID: &[u8] = b"x-request-id:";
const END: &[u8] = b"\r\n\r\n";
/// The most bytes of a refused request that are read to find its `Origin`.
const MOST_READ_ON: usize = 256 << 10;

pub struct Explained<S> {
    stream: S,
    origins: Origins,
    heard: Heard,
    /// The bytes that replace what hyper wrote, and how many of them are sent.
    instead: Option<(Vec<u8>, usize)>,
}

impl<S> Explained<S> {
    /// Pages of `origins` may read the explained refusals.
    pub fn new(stream: S, origins: Origins) -> Self {
        Self {
            stream,
            origins,
            heard: Heard::default(),
            instead: None,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Explained<S> {
    /// The CORS headers of a refusal. If hyper stopped before the `Origin` header, the rest of the received bytes is
    /// searched for it, within bounds. If only one origin is configured, the headers name that one: no other page may
    /// read the refusal anyway.
    fn let_read(&mut self, cx: &mut Context<'_>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.origins.is_empty() {
            return headers;
        }
        let mut scratch = [0; 4 << 10];
        for _ in 0..MOST_READ_ON / scratch.len() {
            let mut buffer = ReadBuf::new(&mut scratch);
            if self.heard.origin().is_some()
                || Pin::new(&mut self.stream)
                    .poll_read(cx, &mut buffer)
                    .is_pending()
                || buffer.filled().is_empty()
            {
                break;
            }
            self.heard.hear(buffer.filled());
        }
        let origin = self.heard.origin().or_else(|| self.origins.only());
        self.origins.let_read(origin, &mut headers);
        headers
    }
}

impl<S: AsyncWrite + Unpin> Explained<S> {
    /// Writes the replacement of `taken` bytes completely.
    fn write_instead(
        &mut self,
        cx: &mut Context<'_>,
        taken: usize,
    ) -> Option<Poll<io::Result<usize>>> {
        let (answer, gone) = self.instead.as_mut()?;
        while let Some(rest) = answer.get(*gone..).filter(|rest| !rest.is_empty()) {
            match Pin::new(&mut self.stream).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => {
                    return Some(Poll::Ready(Err(io::ErrorKind::WriteZero.into())));
                }
                Poll::Ready(Ok(written)) => *gone += written,
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => return Some(Poll::Pending),
            }
        }
        self.instead = None;
        Some(Poll::Ready(Ok(taken)))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Explained<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if !self.origins.is_empty() {
            self.heard
                .hear(buffer.filled().get(before..).unwrap_or_default());
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Explained<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.instead.is_none() && is_hypers(bytes) {
            let headers = self.let_read(cx);
            self.instead = explained(bytes, &headers).map(|answer| (answer, 0));
        }
        match self.write_instead(cx, bytes.len()) {
            Some(written) => written,
            None => Pin::new(&mut self.stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = parts.first().map_or(&[][..], |part| &part[..]);
        if self.instead.is_some() || first.starts_with(REFUSAL) {
            return self.poll_write(cx, first);
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.write_instead(cx, 0).unwrap_or(Poll::Ready(Ok(0))))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Whether `head` is a complete refusal that hyper made itself.
fn is_hypers(head: &[u8]) -> bool {
    head.starts_with(REFUSAL) && head.ends_with(END) && !find(head, REQUEST_ID)
}

/// The answer that replaces hyper's own refusal, with `headers` added.
fn explained(head: &[u8], headers: &HeaderMap) -> Option<Vec<u8>> {
    let code = head
        .get(9..12)
        .and_then(|digits| StatusCode::from_bytes(digits).ok())?;
    let (pointer, rule, message) = match code {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (
            "/headers",
            "too_long",
            "The head of the request is too long or has too many headers.",
        ),
        StatusCode::URI_TOO_LONG => ("/path", "too_long", "The address is too long."),
        _ => (
            "",
            "http",
            "This is not HTTP/1.1. If it was meant to be: percent-encode quotes, spaces, < and > in the address (%22, %20, %3C, %3E), and send each header on a line of its own.",
        ),
    };
    let id = uuid::Uuid::now_v7().to_string();
    tracing::debug!(status = code.as_u16(), request_id = %id, "invalid HTTP was refused");
    let body = serde_json::json!({
        "code": "VALIDATION_FAILED",
        "message": message,
        "context": {
            "request_id": id,
            "errors": [{ "message": message, "pointer": pointer, "rule": rule }],
        },
    })
    .to_string();
    let reason = code.canonical_reason().unwrap_or_default();
    let length = body.len();
    let status = code.as_str();
    let mut answer = format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\nx-request-id: {id}\r\ncache-control: no-store\r\nconnection: close\r\ncontent-length: {length}\r\n"
    )
    .into_bytes();
    for (name, value) in headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            answer.extend_from_slice(part);
        }
    }
    answer.extend_from_slice(b"\r\n");
    answer.extend_from_slice(body.as_bytes());
    Some(answer)
}

fn find(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes
        .windows(wanted.len())
        .any(|window| window.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const HYPERS: &[u8] =
        b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\ndate: Fri, 27 Nov 2026 10:00:00 GMT\r\n\r\n";

    async fn through(room: usize, writes: &[&[u8]]) -> String {
        let (near, mut far) = duplex(room);
        let mut explained = Explained::new(near, Origins::default());
        let write = async {
            for bytes in writes {
                explained.write_all(bytes).await.unwrap();
            }
            explained.flush().await.unwrap();
            drop(explained);
        };
        let mut said = Vec::new();
        let (_, read) = tokio::join!(write, far.read_to_end(&mut said));
        read.unwrap();
        String::from_utf8(said).unwrap()
    }

    #[tokio::test]
    async fn a_refusal_of_hypers_own_gets_a_body_however_little_goes_out_at_once() {
        for room in [1, 7, 4_096] {
            let said = through(room, &[HYPERS]).await;
            let (head, body) = said.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
            assert!(head.contains(&format!("content-length: {}", body.len())));
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            assert_eq!(body["code"], "VALIDATION_FAILED");
            assert_eq!(body["context"]["errors"][0]["rule"], "http");
        }
    }

    #[tokio::test]
    async fn what_has_come_of_a_request_says_which_page_may_read_its_refusal() {
        let origins = [
            "https://a.example".to_owned(),
            "https://b.example".to_owned(),
        ];
        for (sent, allowed) in [
            (
                "xxx\r\nOrigin: https://b.example\r\n",
                Some("https://b.example"),
            ),
            ("xxx\r\nOrigin: https://evil.example\r\n", None),
            ("xxx", None),
        ] {
            let (near, mut far) = duplex(64 << 10);
            far.write_all(sent.as_bytes()).await.unwrap();
            let mut explained = Explained::new(near, Origins::new(&origins));
            explained.write_all(HYPERS).await.unwrap();
            drop(explained);
            let mut said = String::new();
            far.read_to_string(&mut said).await.unwrap();
            let lines = said.lines();
            let said = lines.filter_map(|line| line.strip_prefix("access-control-allow-origin: "));
            assert_eq!(said.collect::<Vec<_>>(), Vec::from_iter(allowed), "{sent}");
        }
    }

    #[tokio::test]
    async fn what_the_api_answers_goes_out_as_it_is() {
        let ours = b"HTTP/1.1 404 Not Found\r\nx-request-id: 1\r\ncontent-length: 0\r\n\r\n";
        let more: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";
        let said = through(5, &[ours, more]).await;
        assert_eq!(said.as_bytes(), [&ours[..], more].concat());
    }
}
