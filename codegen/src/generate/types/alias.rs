//! Named schemas that are aliases: texts, numbers, lists, maps. A list or map that contains itself becomes a separate
//! type, since an alias cannot be recursive.

use proc_macro2::TokenStream;
use quote::quote;

use super::docs;
use crate::document::Schema;
use crate::generate::rust_type::{Place, plain_type};
use crate::generate::shapes::Shapes;
use crate::names;

pub fn alias(shapes: &Shapes<'_>, name: &str, schema: &Schema) -> TokenStream {
    let ident = names::type_ident(name);
    let docs = docs(schema);
    let target = plain_type(shapes, schema, Place::Types);
    let (parameter, bound) = super::generics(shapes, name);
    if shapes.is_wrapped(name) {
        quote! {
            #docs
            #[derive(Clone, Debug, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
            #[serde(transparent)]
            #bound
            pub struct #ident #parameter(pub #target);
        }
    } else {
        quote! {
            #docs
            pub type #ident #parameter = #target;
        }
    }
}
