//! Removed operations: callers get 410 `GONE` with the replacement.

use std::future::{Ready, ready};

use axum::{extract::Request, response::Response};

use super::{
    deprecation::{Deprecation, tell},
    problem::{GateCode, Problem},
    reply::refuse,
};

/// A removed operation.
#[derive(Debug, PartialEq, Eq)]
pub struct Gone {
    /// Its former id.
    pub operation: &'static str,
    pub method: &'static str,
    /// Its former path template.
    pub path: &'static str,
    pub deprecation: &'static Deprecation,
}

/// Answers for a removed operation. No authentication is needed, since there is nothing to protect.
pub fn gone(gone: &'static Gone) -> impl Fn(Request) -> Ready<Response> + Clone + Send + Sync {
    move |request| {
        let (head, _) = request.into_parts();
        let message = match gone.deprecation.replacement {
            Some(replacement) => format!(
                "{} {} was removed. Use {replacement}.",
                gone.method, gone.path
            ),
            None => format!("{} {} was removed.", gone.method, gone.path),
        };
        let mut problem = Problem::new(GateCode::GONE, message).with("operation", gone.operation);
        if let Some(sunset) = gone.deprecation.sunset {
            problem = problem.with("sunset", sunset * 1_000);
        }
        if let Some(replacement) = gone.deprecation.replacement {
            problem = problem.with("replacement", replacement);
        }
        let mut response = refuse(&problem, &head);
        tell(
            std::iter::once(gone.deprecation),
            gone.path,
            &head,
            response.headers_mut(),
        );
        ready(response)
    }
}
