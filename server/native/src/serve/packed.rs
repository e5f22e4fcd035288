//! Compresses the contract and its page, a few hundred kilobytes of text that shrink to a tenth. Other answers are not
//! compressed: they are small, or they hold a secret beside text that the caller chose (compression would leak it).

use axum::{Router, middleware::map_response, response::Response};
use http::{HeaderValue, header};
use tower_http::compression::CompressionLayer;

const PATHS: [&str; 4] = ["/dashboard", "/docs", "/openapi.json", "/openapi.yaml"];

/// A router without compression, and the same router with it.
#[derive(Clone)]
pub struct Routers {
    plain: Router,
    packing: Router,
}

impl Routers {
    pub fn new(plain: Router) -> Self {
        let packing = plain
            .clone()
            .layer(CompressionLayer::new())
            .layer(map_response(one_vary));
        Self { plain, packing }
    }

    pub fn of(&self, path: &str) -> Router {
        match PATHS.contains(&path) {
            true => self.packing.clone(),
            false => self.plain.clone(),
        }
    }
}

/// Joins the answer's `Vary` headers, to which the compression adds one, into a single one.
async fn one_vary(mut response: Response) -> Response {
    let values = response.headers().get_all(header::VARY).iter();
    let names: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    if names.len() > 1
        && let Ok(value) = HeaderValue::try_from(names.join(", "))
    {
        response.headers_mut().insert(header::VARY, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, extract::Request, routing::get};
    use tower::ServiceExt;

    use super::*;

    async fn answer(path: &str, accepts: Option<&str>) -> (Option<String>, usize) {
        let text = || async { "packs well ".repeat(1_000) };
        let routers = Routers::new(
            Router::new()
                .route("/docs", get(text))
                .route("/me", get(text)),
        );
        let mut request = Request::builder().uri(path);
        if let Some(accepts) = accepts {
            request = request.header(header::ACCEPT_ENCODING, accepts);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = routers.of(path).oneshot(request).await.unwrap();
        let encoding = response.headers().get(header::CONTENT_ENCODING);
        let encoding = encoding.map(|value| value.to_str().unwrap().to_owned());
        let body = axum::body::to_bytes(response.into_body(), 1 << 20)
            .await
            .unwrap();
        (encoding, body.len())
    }

    #[tokio::test]
    async fn there_is_one_vary() {
        let tagged = || async { ([(header::VARY, "Accept")], "packs well ".repeat(1_000)) };
        let routers = Routers::new(Router::new().route("/docs", get(tagged)));
        let request = Request::builder().uri("/docs").body(Body::empty()).unwrap();
        let response = routers.of("/docs").oneshot(request).await.unwrap();
        let values: Vec<_> = response.headers().get_all(header::VARY).iter().collect();
        assert_eq!(values, ["Accept, accept-encoding"]);
    }

    #[tokio::test]
    async fn the_page_is_packed_for_those_who_can_unpack() {
        let (encoding, length) = answer("/docs", Some("gzip, br")).await;
        assert_eq!(encoding.as_deref(), Some("gzip"));
        assert!(length < 1_000, "{length}");
        assert_eq!(answer("/docs", None).await, (None, 11_000));
        assert_eq!(answer("/me", Some("gzip")).await, (None, 11_000));
    }
}
