//! `Documents` on the platform's static assets: the build of the Worker writes the files, `wrangler.toml` binds their folder.

use bytes::Bytes;
use crm_core::ports::{Answer, Documents, documents::DocumentError};
use http_body_util::BodyExt;
use worker::{Fetcher, send::SendFuture};

pub struct AssetDocuments(pub Fetcher);

impl AssetDocuments {
    async fn fetch(&self, name: &str) -> Result<Bytes, String> {
        // The binding looks at the path alone, but wants an address with a host.
        let address = format!("https://assets.example/{name}");
        let answer = self.0.fetch(address, None).await;
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.status() != http::StatusCode::OK {
            return Err(format!("the assets answer {}", answer.status()));
        }
        let body = answer.into_body().collect().await;
        Ok(body.map_err(|error| error.to_string())?.to_bytes())
    }
}

impl Documents for AssetDocuments {
    fn file<'a>(&'a self, name: &'a str) -> Answer<'a, Result<Bytes, DocumentError>> {
        Box::pin(SendFuture::new(async move {
            self.fetch(name).await.map_err(|why| DocumentError {
                name: name.to_owned(),
                why,
            })
        }))
    }
}
