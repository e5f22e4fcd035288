//! A time limit for a single call: a method of every builder that overrides the settings.

use syn::visit_mut::{self, VisitMut};
use syn::{Item, Stmt, parse_quote};

use super::calls::Call;

const METHOD: &str = "timeout";
/// The method's name if an operation has a parameter named `timeout`.
const OTHERWISE: &str = "call_timeout";

pub fn timeouts(items: &mut [Item], calls: &[Call<'_>]) {
    for item in items {
        match item {
            Item::Struct(builder) if calls.iter().any(|call| builder.ident == call.builder) => {
                if let syn::Fields::Named(fields) = &mut builder.fields {
                    fields.named.push(parse_quote! {
                        __timeout: ::std::option::Option<::std::option::Option<::std::time::Duration>>
                    });
                }
            }
            Item::Impl(block)
                if calls
                    .iter()
                    .any(|call| super::builder::is_of(block, &call.builder)) =>
            {
                Timeout.visit_item_impl_mut(block);
                let taken = super::rewrite::methods(block).any(|method| method == METHOD);
                let method = quote::format_ident!("{}", if taken { OTHERWISE } else { METHOD });
                block.items.push(parse_quote! {
                    /// The time limit of one attempt of this call, including its answer. It overrides the
                    /// settings. `None`: no limit.
                    pub fn #method(
                        mut self,
                        timeout: impl ::std::convert::Into<::std::option::Option<::std::time::Duration>>,
                    ) -> Self {
                        self.__timeout = ::std::option::Option::Some(timeout.into());
                        self
                    }
                });
            }
            _ => {}
        }
    }
}

/// Adds the field to `Self`; in `send` it takes effect after the hooks have set the limit of the settings.
struct Timeout;

impl VisitMut for Timeout {
    fn visit_expr_struct_mut(&mut self, made: &mut syn::ExprStruct) {
        if made.path.is_ident("Self") {
            made.fields
                .push(parse_quote!(__timeout: ::std::option::Option::None));
        }
        visit_mut::visit_expr_struct_mut(self, made);
    }

    fn visit_pat_struct_mut(&mut self, taken: &mut syn::PatStruct) {
        if taken.path.is_ident("Self") {
            taken.fields.push(syn::FieldPat {
                attrs: Vec::new(),
                member: parse_quote!(__timeout),
                colon_token: None,
                pat: Box::new(syn::Pat::Ident(syn::PatIdent {
                    attrs: Vec::new(),
                    by_ref: None,
                    mutability: None,
                    ident: parse_quote!(__timeout),
                    subpat: None,
                })),
            });
        }
        visit_mut::visit_pat_struct_mut(self, taken);
    }

    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        visit_mut::visit_block_mut(self, block);
        if let Some(sent) = block.stmts.iter().position(is_pre) {
            block.stmts.insert(
                sent + 1,
                parse_quote! {
                    if let ::std::option::Option::Some(timeout) = __timeout {
                        *request.timeout_mut() = timeout;
                    }
                },
            );
        }
    }
}

/// `client.pre(&mut request, &info).await?;`
fn is_pre(statement: &Stmt) -> bool {
    let Stmt::Expr(syn::Expr::Try(tried), _) = statement else {
        return false;
    };
    let syn::Expr::Await(awaited) = &*tried.expr else {
        return false;
    };
    matches!(&*awaited.base, syn::Expr::MethodCall(call) if call.method == "pre")
}
