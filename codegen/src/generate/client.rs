//! Clients: progenitor generates one from the lowered slice of each consumer, with the shared types. This module adds
//! the hooks of the runtime, guarded path segments, streams of pages and typed records.

mod builder;
mod calls;
mod facade;
mod failures;
mod problem;
mod progenitor;
mod rewrite;
mod timeout;

use proc_macro2::TokenStream;
use quote::quote;

use super::shapes::Shapes;
use super::versions::module_of;
use super::{Module, print};
use crate::diagnostic::Diagnostics;
use crate::document::Document;
use crate::lower::lower;
use crate::names;
use crate::slice;

/// The modules of the clients of all versions, the lowest first:
///
/// | file | holds |
/// | --- | --- |
/// | `v1_problems.rs` | what the clients of a version share: the code and message of error bodies |
/// | `v1_web.rs` | the client of the consumer `web`, and so on |
///
/// `wanted` selects the consumers. The clients are siblings of the module `types`, which they use.
pub fn clients(versions: &[Document], wanted: impl Fn(&str) -> bool) -> (Vec<Module>, Diagnostics) {
    let mut found = Diagnostics::default();
    let mut modules = Vec::new();
    let problems = problem::problems(versions, &mut found);
    for (document, problems) in versions.iter().zip(problems) {
        let file = format!("{}_problems.rs", module_of(document));
        modules.extend(print(file, problems, &document.at, &mut found));
        let consumers = slice::consumers(document);
        for consumer in consumers.iter().filter(|consumer| wanted(consumer)) {
            modules.extend(of_consumer(document, consumer, &mut found));
        }
    }
    (modules, found)
}

fn of_consumer(document: &Document, consumer: &str, found: &mut Diagnostics) -> Option<Module> {
    let sliced = slice::slice(document, consumer).ok()?;
    let sliced = match Document::from_node(&document.at.file, sliced) {
        Ok(sliced) => sliced,
        Err(findings) => {
            found.extend(findings);
            return None;
        }
    };
    let file = format!("{}_{}.rs", module_of(document), names::value_name(consumer));
    let tokens = client(&sliced, found)?;
    print(file, tokens, &document.at, found)
}

/// The client of a slice, as the content of a module beside `types`.
fn client(sliced: &Document, found: &mut Diagnostics) -> Option<TokenStream> {
    let lowered = match lower(sliced) {
        Ok(lowered) => lowered,
        Err(findings) => {
            found.extend(findings);
            return None;
        }
    };
    let mut seen_before = Diagnostics::default();
    // Faults of the shapes were reported when the types were written.
    let shapes = Shapes::new(&lowered.hoisted, &mut seen_before);
    let mut file = progenitor::generate(&lowered, &shapes, found)?;
    let calls = calls::calls(&lowered, &shapes);
    rewrite::rewrite(&mut file, &calls, &shapes);
    let facades = facade::facades(&calls);
    let failures = failures::failures(&calls, &shapes);
    let api = calls::api(sliced, &calls);
    let media_type = sliced
        .versioned_media_type()
        .unwrap_or_else(|| "application/json".to_owned());
    let new = format!("A client that asks for `{media_type}`.");
    let items = &file.items;
    Some(quote! {
        #[allow(unused_imports)]
        use super::types;

        #(#items)*

        impl Client {
            #[doc = #new]
            pub fn new(
                settings: ::crm_runtime::client::Settings,
            ) -> ::std::result::Result<Self, ::crm_runtime::client::SettingsError> {
                let (baseurl, client, inner) = ::crm_runtime::client::State::new(settings)?;
                ::std::result::Result::Ok(Self { baseurl, client, inner })
            }
        }

        #facades

        #failures

        #api

        impl ClientHooks<::crm_runtime::client::State> for Client {
            async fn pre<E>(
                &self,
                request: &mut ::crm_runtime::client::reqwest::Request,
                info: &OperationInfo,
            ) -> ::std::result::Result<(), Error<E>> {
                ::crm_runtime::client::before(&API, &self.inner, request, info).await
            }

            async fn post<E>(
                &self,
                result: &::crm_runtime::client::reqwest::Result<::crm_runtime::client::reqwest::Response>,
                info: &OperationInfo,
            ) -> ::std::result::Result<(), Error<E>> {
                ::crm_runtime::client::after(&self.inner, result, info);
                ::std::result::Result::Ok(())
            }

            async fn exec(
                &self,
                request: ::crm_runtime::client::reqwest::Request,
                info: &OperationInfo,
            ) -> ::crm_runtime::client::reqwest::Result<::crm_runtime::client::reqwest::Response> {
                ::crm_runtime::client::execute(&API, &self.client, &self.inner, request, info).await
            }
        }
    })
}
