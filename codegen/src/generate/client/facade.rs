//! Typed records: for each family whose paths name a record type, a facade with the type of the fields, such as
//! `client.records_of::<JobFields>().get()`.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::calls::Call;
use crate::names;

pub fn facades(calls: &[Call<'_>]) -> TokenStream {
    let mut families: BTreeMap<&str, Vec<&Call<'_>>> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.record_type.is_some()) {
        families.entry(&call.operation.tag).or_default().push(call);
    }
    families
        .iter()
        .filter(|(_, calls)| calls.iter().any(|call| call.generic))
        .map(|(family, calls)| facade(family, calls))
        .collect()
}

fn facade(family: &str, calls: &[&Call<'_>]) -> TokenStream {
    let ident = format_ident!("{}Of", names::type_name(family));
    let method = format_ident!("{}_of", names::value_name(family));
    let methods = calls.iter().map(|call| {
        let name = names::value_ident(&call.operation.name);
        let builder = format_ident!("{}", call.builder);
        let parameter = call
            .record_type
            .as_ref()
            .map(|parameter| format_ident!("{parameter}"));
        let fields = call.generic.then(|| quote!(, F));
        let doc = format!(
            " {}",
            call.operation
                .summary
                .as_deref()
                .unwrap_or(&call.operation.id)
        );
        let deprecated = call.deprecated();
        let deprecated = deprecated.map(|note| quote!(#[deprecated(note = #note)]));
        quote! {
            #[doc = #doc]
            #deprecated
            pub fn #name(&self) -> builder::#builder<'a #fields> {
                builder::#builder::new(self.client).#parameter(F::TYPE)
            }
        }
    });
    let doc = format!(" The calls of `{family}` on one record type, with its fields typed.");
    quote! {
        #[doc = #doc]
        #[derive(Debug)]
        pub struct #ident<'a, F> {
            client: &'a Client,
            record: ::std::marker::PhantomData<fn() -> F>,
        }

        impl Client {
            #[doc = #doc]
            pub fn #method<F: ::crm_runtime::RecordFields>(&self) -> #ident<'_, F> {
                #ident { client: self, record: ::std::marker::PhantomData }
            }
        }

        impl<'a, F: ::crm_runtime::RecordFields> #ident<'a, F> {
            #(#methods)*
        }
    }
}
