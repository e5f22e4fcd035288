//! A reverse proxy inside the test process. Each client has its own, so the bytes that an unmodified client sends and
//! gets are recorded, judged and counted.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use tokio::net::TcpListener;

use crate::exchange::{Exchange, Sender};

/// The largest body of a test, in bytes.
const LARGEST_BODY: usize = 64 << 20;

/// Receives the recorded exchanges.
pub type Sink = Arc<dyn Fn(Exchange) + Send + Sync>;

pub type HttpClient = Client<HttpConnector, Full<Bytes>>;

/// An HTTP client that sends requests unchanged.
pub fn http_client() -> HttpClient {
    Client::builder(TokioExecutor::new()).build_http()
}

/// The number of requests for which the server is told the same address: fewer than it allows an address without a
/// token.
const PER_ADDRESS: usize = 100;

/// Starts a proxy to `upstream` and returns its base URL. It ends with the runtime. It sends a caller's address in
/// `address_header`, which changes from time to time; sign-ins keep the proxy's own address, so that attempts are
/// counted.
pub async fn start(
    upstream: &str,
    address_header: &'static str,
    sender: Sender,
    sink: Sink,
) -> String {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    let proxy = Arc::new(Proxy {
        upstream: upstream.trim_end_matches('/').to_owned(),
        client: http_client(),
        address_header,
        requests: AtomicUsize::new(0),
        sender,
        sink,
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let proxy = proxy.clone();
            tokio::spawn(async move {
                let service = service_fn(|request| proxy.pass(request));
                let served = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
                // A client may close the connection at any time.
                drop(served);
            });
        }
    });
    format!("http://{address}")
}

struct Proxy {
    upstream: String,
    client: HttpClient,
    address_header: &'static str,
    requests: AtomicUsize,
    sender: Sender,
    sink: Sink,
}

impl Proxy {
    async fn pass(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        Ok(match self.exchange(request).await {
            Ok(answer) => answer,
            Err(reason) => {
                let mut answer = Response::new(Full::from(format!("the proxy failed: {reason}")));
                *answer.status_mut() = StatusCode::BAD_GATEWAY;
                answer
            }
        })
    }

    async fn exchange(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, String> {
        let (head, body) = request.into_parts();
        let request_body = whole(body).await?;
        let uri: Uri = format!("{}{}", self.upstream, head.uri)
            .parse()
            .map_err(|error| format!("{error}"))?;
        let mut forwarded = Request::new(Full::new(request_body.clone()));
        *forwarded.method_mut() = head.method.clone();
        *forwarded.uri_mut() = uri;
        *forwarded.headers_mut() = passed_on(&head.headers);
        if head.uri.path() != "/auth/token" {
            forwarded
                .headers_mut()
                .insert(self.address_header, self.address());
        }
        let answer = self
            .client
            .request(forwarded)
            .await
            .map_err(|error| format!("{error:?}"))?;
        let (answer_head, answer_body) = answer.into_parts();
        let body = whole(answer_body).await?;
        (self.sink)(Exchange {
            sender: self.sender.clone(),
            method: head.method,
            uri: head.uri,
            request_headers: head.headers,
            request_body,
            status: answer_head.status,
            headers: answer_head.headers.clone(),
            body: body.clone(),
        });
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = answer_head.status;
        *response.headers_mut() = passed_on(&answer_head.headers);
        Ok(response)
    }
}

impl Proxy {
    fn address(&self) -> HeaderValue {
        let turn = self.requests.fetch_add(1, Ordering::Relaxed) / PER_ADDRESS;
        let text = format!("198.18.{}.{}", turn / 250, 1 + turn % 250);
        HeaderValue::try_from(text).expect("an address")
    }
}

async fn whole(body: Incoming) -> Result<Bytes, String> {
    Limited::new(body, LARGEST_BODY)
        .collect()
        .await
        .map(|collected| collected.to_bytes())
        .map_err(|error| error.to_string())
}

/// All headers except those of the connection (hop-by-hop).
fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in [
        header::CONNECTION,
        header::TRANSFER_ENCODING,
        header::HOST,
        header::UPGRADE,
    ] {
        headers.remove(name);
    }
    headers
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Answers every request with the request's method, path, one header and body.
    async fn echo() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service_fn(|request: Request<Incoming>| async {
                    let (head, body) = request.into_parts();
                    let body = whole(body).await.unwrap();
                    let asked = head.headers.get("x-asked").cloned();
                    let text = format!("{} {} {}", head.method, head.uri, body.len());
                    let mut response = Response::new(Full::<Bytes>::from(text));
                    *response.status_mut() = StatusCode::CREATED;
                    response.headers_mut().insert("x-echo", asked.unwrap());
                    Ok::<_, Infallible>(response)
                });
                let serving = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move { serving.await.unwrap() });
            }
        });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn everything_goes_through_and_is_recorded() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = seen.clone();
        let sender = Sender {
            consumer: "web",
            typed: true,
        };
        let base = start(
            &echo().await,
            "x-caller",
            sender.clone(),
            Arc::new(move |exchange| sink.lock().unwrap().push(exchange)),
        )
        .await;
        let body = Bytes::from(vec![b'x'; 3 << 20]);
        let request = Request::post(format!("{base}/a/../%2e?q=%7B&q"))
            .header("x-asked", "yes")
            .body(Full::new(body.clone()))
            .unwrap();
        let answer = http_client().request(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        assert_eq!(answer.headers()["x-echo"], "yes");
        let text = whole(answer.into_body()).await.unwrap();
        assert_eq!(text, format!("POST /a/../%2e?q=%7B&q {}", body.len()));
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].sender, sender);
        assert_eq!(seen[0].uri, "/a/../%2e?q=%7B&q");
        assert_eq!(seen[0].request_body, body);
        assert_eq!(
            (seen[0].status, &seen[0].body),
            (StatusCode::CREATED, &text)
        );
    }

    #[tokio::test]
    async fn a_server_that_is_gone_is_a_bad_gateway_and_no_exchange() {
        let sink: Sink = Arc::new(|_| panic!("nothing was exchanged"));
        let sender = Sender {
            consumer: "web",
            typed: true,
        };
        let base = start("http://127.0.0.1:1", "x-caller", sender, sink).await;
        let request = Request::get(base).body(Full::default()).unwrap();
        let answer = http_client().request(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    }
}
