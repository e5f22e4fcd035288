//! Changes progenitor's output: its support crate and reqwest come from the runtime, its types module, constructors and
//! `api-version` header are removed (the header would cause preflight requests in browsers), and path parameters are
//! guarded.

use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Item, Stmt, Token, UseTree, parse_quote};

use super::calls::Call;
use super::{builder, timeout};
use crate::generate::shapes::Shapes;

pub fn rewrite(file: &mut syn::File, calls: &[Call<'_>], shapes: &Shapes<'_>) {
    file.items.retain(|item| match item {
        Item::Mod(module) => module.ident != "types",
        Item::Impl(block) => !is_constructors(block),
        _ => true,
    });
    for item in &mut file.items {
        match item {
            Item::Mod(module) if module.ident == "builder" => {
                if let Some((_, items)) = &mut module.content {
                    builder::builders(items, calls, shapes);
                    timeout::timeouts(items, calls);
                }
            }
            Item::Impl(block) if block.trait_.is_none() => deprecate(block, calls),
            _ => {}
        }
    }
    Crates.visit_file_mut(file);
}

/// Whether these are progenitor's constructors, one of which panics.
fn is_constructors(block: &syn::ItemImpl) -> bool {
    block.trait_.is_none() && methods(block).any(|method| method == "new_with_client")
}

pub fn methods(block: &syn::ItemImpl) -> impl Iterator<Item = &syn::Ident> {
    block.items.iter().filter_map(|item| match item {
        syn::ImplItem::Fn(function) => Some(&function.sig.ident),
        _ => None,
    })
}

/// Marks the methods of deprecated operations.
fn deprecate(block: &mut syn::ItemImpl, calls: &[Call<'_>]) {
    for item in &mut block.items {
        let syn::ImplItem::Fn(function) = item else {
            continue;
        };
        let Some(call) = calls.iter().find(|call| function.sig.ident == call.method) else {
            continue;
        };
        if let Some(note) = call.deprecated() {
            function
                .attrs
                .push(parse_quote!(#[deprecated(note = #note)]));
        }
    }
}

struct Crates;

impl VisitMut for Crates {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        let first = path
            .segments
            .first()
            .map(|segment| segment.ident.to_string());
        if let Some(name @ ("progenitor_client" | "reqwest")) = first.as_deref()
            && path.segments.len() > 1
        {
            let prefix: syn::Path = match name {
                "reqwest" => parse_quote!(::crm_runtime::client::reqwest),
                _ => parse_quote!(::crm_runtime::client::progenitor_client),
            };
            let rest = std::mem::take(&mut path.segments).into_iter().skip(1);
            *path = prefix;
            path.segments.extend(rest);
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_item_use_mut(&mut self, item: &mut syn::ItemUse) {
        if let UseTree::Path(path) = &item.tree
            && path.ident == "progenitor_client"
        {
            let rest = &path.tree;
            item.tree = parse_quote!(crm_runtime::client::progenitor_client::#rest);
            item.leading_colon = Some(Token![::](proc_macro2::Span::call_site()));
        }
    }

    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        block
            .stmts
            .retain(|statement| !is_version_header(statement));
        visit_mut::visit_block_mut(self, block);
    }

    fn visit_macro_mut(&mut self, written: &mut syn::Macro) {
        if written.path.is_ident("format")
            && let Ok(mut arguments) =
                written.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated)
        {
            for argument in &mut arguments {
                self.visit_expr_mut(argument);
            }
            written.tokens = quote::quote!(#arguments);
        }
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        if let Expr::Call(call) = expression
            && let Expr::Path(function) = &*call.func
            && function.path.is_ident("encode_path")
            && let Some(value) = call.args.first()
        {
            let parameter = parameter_of(value);
            *expression = parse_quote! {
                ::crm_runtime::client::segment(#parameter, #value)
                    .map_err(|refused| Error::InvalidRequest(refused.to_string()))?
            };
        }
        visit_mut::visit_expr_mut(self, expression);
    }
}

fn is_version_header(statement: &Stmt) -> bool {
    let Stmt::Expr(Expr::MethodCall(call), _) = statement else {
        return false;
    };
    call.method == "append" && quote::quote!(#call).to_string().contains("\"api-version\"")
}

/// The name in `&name.to_string()`.
fn parameter_of(value: &Expr) -> String {
    if let Expr::Reference(reference) = value
        && let Expr::MethodCall(call) = &*reference.expr
        && let Expr::Path(path) = &*call.receiver
        && let Some(name) = path.path.get_ident()
    {
        return name.to_string().trim_end_matches('_').to_owned();
    }
    "path".to_owned()
}
