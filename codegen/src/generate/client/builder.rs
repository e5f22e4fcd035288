//! Changes the builders of calls: typed records if the path names the record type, optional bodies, raw bodies with
//! their own media type, and streams of pages.

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, GenericArgument, Item, PathArguments, ReturnType, Type, parse_quote};

use super::calls::{Call, Page};
use crate::generate::shapes::Shapes;
use crate::names;

pub fn builders(items: &mut [Item], calls: &[Call<'_>], shapes: &Shapes<'_>) {
    let mut generic: Vec<String> = Vec::new();
    generic.extend(
        shapes
            .schemas
            .keys()
            .filter(|name| shapes.is_generic(name))
            .map(|name| names::type_name(name)),
    );
    for item in items {
        match item {
            Item::Struct(builder) => {
                if let Some(call) = calls
                    .iter()
                    .find(|call| builder.ident == call.builder && call.generic)
                {
                    let lifetime_first = &mut builder.generics.params;
                    lifetime_first.push(parse_quote!(F = ::crm_runtime::JsonObject));
                    if let syn::Fields::Named(fields) = &mut builder.fields {
                        fields
                            .named
                            .push(parse_quote!(__record: ::std::marker::PhantomData<fn() -> F>));
                    }
                    let changes = call.changes.as_deref();
                    Generic {
                        types: &generic,
                        changes,
                    }
                    .visit_item_struct_mut(builder);
                    let doc = format!(
                        "Its records are of the type that `F` stands for. See [`super::Client::{}`].",
                        call.method
                    );
                    builder.attrs.push(parse_quote!(#[doc = #doc]));
                }
            }
            Item::Impl(block) => {
                let Some(call) = calls.iter().find(|call| is_of(block, &call.builder)) else {
                    continue;
                };
                if let Some(page) = &call.page {
                    stream(block, page, call.generic);
                }
                if call.generic {
                    make_generic(block, &generic, call.changes.as_deref());
                }
                if call.optional_body {
                    let json = call.form.is_none();
                    OptionalBody { json }.visit_item_impl_mut(block);
                }
                if let Some(form) = &call.form {
                    Form { form }.visit_item_impl_mut(block);
                }
                if call.operation.typed_failures().is_some() {
                    Failures.visit_item_impl_mut(block);
                }
                if let Some(media_type) = &call.bytes {
                    Bytes { media_type }.visit_item_impl_mut(block);
                }
            }
            _ => {}
        }
    }
}

pub fn is_of(block: &syn::ItemImpl, builder: &str) -> bool {
    let Type::Path(path) = &*block.self_ty else {
        return false;
    };
    block.trait_.is_none()
        && path
            .path
            .segments
            .last()
            .is_some_and(|segment| segment.ident == builder)
}

fn make_generic(block: &mut syn::ItemImpl, types: &[String], changes: Option<&str>) {
    block.generics.params.push(parse_quote!(F));
    block
        .generics
        .make_where_clause()
        .predicates
        .push(parse_quote! {
            F: ::serde::Serialize + ::serde::de::DeserializeOwned
        });
    if let Type::Path(path) = &mut *block.self_ty
        && let Some(segment) = path.path.segments.last_mut()
        && let PathArguments::AngleBracketed(arguments) = &mut segment.arguments
    {
        arguments.args.push(parse_quote!(F));
    }
    Generic { types, changes }.visit_item_impl_mut(block);
}

/// Adds the parameter to generic types, and its field to `Self`.
struct Generic<'a> {
    types: &'a [String],
    /// The type whose fields may be cleared.
    changes: Option<&'a str>,
}

impl VisitMut for Generic<'_> {
    fn visit_type_path_mut(&mut self, path: &mut syn::TypePath) {
        let segments = &mut path.path.segments;
        if segments.len() == 2
            && segments
                .first()
                .is_some_and(|segment| segment.ident == "types")
            && let Some(last) = segments.last_mut()
            && last.arguments.is_none()
            && self.types.iter().any(|name| last.ident == name)
        {
            let clears = self.changes.is_some_and(|name| last.ident == name);
            last.arguments = PathArguments::AngleBracketed(match clears {
                true => parse_quote!(<::crm_runtime::Patch<F>>),
                false => parse_quote!(<F>),
            });
        }
        visit_mut::visit_type_path_mut(self, path);
    }

    fn visit_expr_struct_mut(&mut self, made: &mut syn::ExprStruct) {
        if made.path.is_ident("Self") {
            made.fields
                .push(parse_quote!(__record: ::std::marker::PhantomData));
        }
        visit_mut::visit_expr_struct_mut(self, made);
    }

    fn visit_pat_struct_mut(&mut self, taken: &mut syn::PatStruct) {
        if taken.path.is_ident("Self") {
            taken.rest = Some(syn::PatRest {
                attrs: Vec::new(),
                dot2_token: Default::default(),
            });
        }
        visit_mut::visit_pat_struct_mut(self, taken);
    }
}

/// Makes a missing body `None`.
struct OptionalBody {
    json: bool,
}

impl VisitMut for OptionalBody {
    fn visit_field_value_mut(&mut self, field: &mut syn::FieldValue) {
        if matches!(&field.member, syn::Member::Named(name) if name == "body") {
            field.expr = parse_quote!(Ok(::std::option::Option::None));
        }
        visit_mut::visit_field_value_mut(self, field);
    }

    fn visit_expr_method_call_mut(&mut self, call: &mut syn::ExprMethodCall) {
        visit_mut::visit_expr_method_call_mut(self, call);
        if self.json && call.method == "json" {
            call.method = parse_quote!(optional_json);
        }
    }

    fn visit_impl_item_fn_mut(&mut self, function: &mut syn::ImplItemFn) {
        visit_mut::visit_impl_item_fn_mut(self, function);
        if self.json && function.sig.ident == "send" {
            function.block.stmts.insert(
                0,
                parse_quote!(
                    use ::crm_runtime::client::OptionalBody as _;
                ),
            );
        }
    }
}

/// Writes a body that progenitor sees as JSON as a form.
struct Form<'a> {
    form: &'a TokenStream,
}

impl VisitMut for Form<'_> {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        if let Expr::MethodCall(call) = expression
            && call.method == "json"
        {
            let (request, body, form) = (&call.receiver, &call.args, self.form);
            *expression = parse_quote! {
                ::crm_runtime::client::form(#request, #body, &#form)
                    .map_err(|refused| Error::InvalidRequest(refused.to_string()))?
            };
        }
    }
}

/// Reads the body of a failure by its status.
struct Failures;

impl VisitMut for Failures {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        if let Some(response) = failed(expression) {
            *expression = parse_quote!(::crm_runtime::client::failure(#response).await);
        }
    }
}

/// The response in `Error::ErrorResponse(ResponseValue::from_response(response).await?)`.
fn failed(expression: &Expr) -> Option<Expr> {
    let called = |expression: &Expr, name: &str| match expression {
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) if path.path.segments.last()?.ident == name => {
                call.args.first().cloned()
            }
            _ => None,
        },
        _ => None,
    };
    let Expr::Try(tried) = called(expression, "ErrorResponse")? else {
        return None;
    };
    let Expr::Await(awaited) = &*tried.expr else {
        return None;
    };
    called(&awaited.base, "from_response")
}

/// Sets the contract's media type for raw bytes.
struct Bytes<'a> {
    media_type: &'a str,
}

impl VisitMut for Bytes<'_> {
    fn visit_lit_str_mut(&mut self, literal: &mut syn::LitStr) {
        if literal.value() == "application/octet-stream" {
            *literal = syn::LitStr::new(self.media_type, literal.span());
        }
    }
}

/// Adds the streams of a list.
fn stream(block: &mut syn::ItemImpl, pages: &Page, generic: bool) {
    let Page { item, next } = pages;
    let Some((page, error)) = block.items.iter().find_map(answer) else {
        return;
    };
    let clone = generic.then(|| quote!(where F: ::std::clone::Clone));
    block.items.push(parse_quote! {
        /// The pages of the list, each fetched when it is needed.
        pub fn pages(
            self,
        ) -> impl ::crm_runtime::client::Stream<Item = ::std::result::Result<#page, Error<#error>>> #clone {
            ::crm_runtime::client::pages(self, |call: Self, cursor: ::std::option::Option<::std::string::String>| async move {
                let call = match cursor {
                    ::std::option::Option::Some(cursor) => call.cursor(cursor),
                    ::std::option::Option::None => call,
                };
                let page = call.send().await?.into_inner();
                let next = ::crm_runtime::client::Cursor::into_cursor(page.#next.clone());
                ::std::result::Result::Ok((page, next))
            })
        }
    });
    block.items.push(parse_quote! {
        /// All items of the list; a page is fetched when its first item is needed.
        pub fn stream(
            self,
        ) -> impl ::crm_runtime::client::Stream<Item = ::std::result::Result<#item, Error<#error>>> #clone {
            ::crm_runtime::client::items(self.pages(), |page| page.items)
        }
    });
}

/// The types of success and error of `send`.
fn answer(item: &syn::ImplItem) -> Option<(Type, Type)> {
    let syn::ImplItem::Fn(function) = item else {
        return None;
    };
    if function.sig.ident != "send" {
        return None;
    }
    let ReturnType::Type(_, result) = &function.sig.output else {
        return None;
    };
    let [success, error] = arguments(result)?.try_into().ok()?;
    let [success] = arguments(&success)?.try_into().ok()?;
    let [error] = arguments(&error)?.try_into().ok()?;
    Some((success, error))
}

fn arguments(of: &Type) -> Option<Vec<Type>> {
    let Type::Path(path) = of else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(argument) => Some(argument.clone()),
        _ => None,
    });
    Some(types.collect())
}
