//! The version that `Accept` asks for.

use crm_contract::MEDIA;
use crm_runtime::{
    negotiate,
    server::{GateCode, Operation, Problem, Served},
};
use http::{HeaderMap, StatusCode, header};

const VERSION_UNSUPPORTED: GateCode =
    GateCode::new("VERSION_UNSUPPORTED", StatusCode::NOT_ACCEPTABLE);

/// None if no accepted version is served.
pub fn served(headers: &HeaderMap) -> Option<Served> {
    let mut values = headers.get_all(header::ACCEPT).iter();
    let Some(first) = values.next() else {
        return negotiate(None, &MEDIA);
    };
    let Some(second) = values.next() else {
        return negotiate(Some(first.to_str().ok()?), &MEDIA);
    };
    let all: Result<Vec<_>, _> = [first, second]
        .into_iter()
        .chain(values)
        .map(|value| value.to_str())
        .collect();
    negotiate(Some(&all.ok()?.join(",")), &MEDIA)
}

/// Whether the request accepts one of the operation's own media types.
pub fn takes_its_own(operation: &Operation, headers: &HeaderMap) -> bool {
    let ranges = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','));
    let mut names = ranges
        .filter_map(|range| range.split(';').next())
        .map(str::trim);
    names.any(|name| {
        operation
            .produces
            .iter()
            .any(|own| own.eq_ignore_ascii_case(name) || is_of(own, name))
    })
}

/// Whether the range is `type/*` of that type.
fn is_of(own: &str, range: &str) -> bool {
    let both = range.strip_suffix("/*").zip(own.split_once('/'));
    both.is_some_and(|(wanted, (kind, _))| wanted.eq_ignore_ascii_case(kind))
}

pub fn unsupported() -> Problem<GateCode> {
    let mut supported: Vec<&str> = MEDIA
        .versions
        .iter()
        .map(|version| version.media_type)
        .collect();
    supported.push("application/json");
    Problem::new(
        VERSION_UNSUPPORTED,
        format!("Accept must allow {}.", supported.join(" or ")),
    )
    .with("supported", supported)
}
