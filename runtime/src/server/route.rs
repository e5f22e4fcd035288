//! One path of the contract as the router takes it: its operations by method, 410 for operations that were removed, and 405
//! with `Allow` for all other methods.

use std::{
    future::{Future, Ready, ready},
    sync::Arc,
};

use axum::{
    extract::Request,
    response::Response,
    routing::{MethodFilter, MethodRouter},
};
use http::{HeaderValue, header};

use super::{
    gone::{Gone, gone},
    problem::{GateCode, Problem},
    reply::refuse,
    serve::not_found,
};

/// The methods of a path while they are added, one after the other.
#[derive(Debug)]
pub struct Path<'h, H> {
    handlers: &'h Arc<H>,
    methods: MethodRouter,
    /// The methods that it has, in the order in which they were added.
    allow: Vec<&'static str>,
}

/// A path that has no methods yet.
pub fn path<H>(handlers: &Arc<H>) -> Path<'_, H> {
    Path {
        handlers,
        methods: MethodRouter::new(),
        allow: Vec::new(),
    }
}

macro_rules! methods {
    ($($name:ident: $filter:ident, $allow:expr;)*) => {
        impl<H: Send + Sync + 'static> Path<'_, H> {
            $(
                /// Adds the operation of this method.
                #[must_use]
                pub fn $name<F, A>(self, serve: F) -> Self
                where
                    F: Fn(Arc<H>, Request) -> A + Copy + Send + Sync + 'static,
                    A: Future<Output = Response> + Send + 'static,
                {
                    self.on(MethodFilter::$filter, &$allow, serve)
                }
            )*
        }
    };
}

methods! {
    get: GET, ["GET", "HEAD"];
    put: PUT, ["PUT"];
    post: POST, ["POST"];
    delete: DELETE, ["DELETE"];
    options: OPTIONS, ["OPTIONS"];
    head: HEAD, ["HEAD"];
    patch: PATCH, ["PATCH"];
    trace: TRACE, ["TRACE"];
}

impl<H: Send + Sync + 'static> Path<'_, H> {
    fn on<F, A>(mut self, filter: MethodFilter, allow: &[&'static str], serve: F) -> Self
    where
        F: Fn(Arc<H>, Request) -> A + Copy + Send + Sync + 'static,
        A: Future<Output = Response> + Send + 'static,
    {
        self.allow.extend_from_slice(allow);
        let handlers = Arc::clone(self.handlers);
        let handler = move |request| serve(Arc::clone(&handlers), request);
        self.methods = self.methods.on(filter, handler);
        self
    }

    /// Adds an operation that was removed.
    #[must_use]
    pub fn gone(mut self, filter: MethodFilter, removed: &'static Gone) -> Self {
        self.methods = self.methods.on(filter, gone(removed));
        self
    }

    /// The path as the router takes it. Where all of its operations were removed, it never had other methods.
    pub fn end(self) -> MethodRouter {
        match self.allow.is_empty() {
            true => self.methods.fallback(not_found),
            false => self.methods.fallback(method_not_allowed(self.allow)),
        }
    }
}

/// Answers a method that the path does not have; `methods` are its methods.
fn method_not_allowed(
    methods: Vec<&'static str>,
) -> impl Fn(Request) -> Ready<Response> + Clone + Send + Sync + 'static {
    let methods: Arc<[&str]> = methods.into();
    move |request| {
        let (head, _) = request.into_parts();
        let allow = methods.join(", ");
        let problem = Problem::new(
            GateCode::METHOD_NOT_ALLOWED,
            format!("The path takes {allow} only."),
        )
        .with("allowed", methods.to_vec());
        let mut response = refuse(&problem, &head);
        if let Ok(allow) = HeaderValue::from_str(&allow) {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        ready(response)
    }
}
