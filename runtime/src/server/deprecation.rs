//! Deprecations: each deprecated thing as data, the ones that a request used, and the headers for the caller:
//! `Deprecation` (RFC 9745), `Sunset` (RFC 8594), `Link` (RFC 8288, RFC 5829).

use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use sfv::{Date, Integer};

use super::operation::Operation;

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// The kind of a deprecated thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeprecatedKind {
    Operation,
    Parameter,
    Property,
    /// A header of an answer.
    Header,
    /// A value of an enumeration.
    Value,
}

impl DeprecatedKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operation => "operation",
            Self::Parameter => "parameter",
            Self::Property => "property",
            Self::Header => "header",
            Self::Value => "value",
        }
    }
}

/// A deprecated operation, parameter, property, header or value.
#[derive(Debug, PartialEq, Eq)]
pub struct Deprecation {
    pub kind: DeprecatedKind,
    /// The version of the contract.
    pub version: u32,
    /// The thing's place in the contract, as a JSON pointer.
    pub element: &'static str,
    /// The thing's name for people: `GET /a/{id}`, `query parameter since`.
    pub title: &'static str,
    /// The id of the deprecated operation, or of the only operation with the thing; None if several share it.
    pub operation: Option<&'static str>,
    /// When it was announced, in seconds since the epoch.
    pub deprecated_at: Option<i64>,
    /// When it may be gone, in seconds since the epoch.
    pub sunset: Option<i64>,
    /// The same as an HTTP date.
    pub sunset_date: Option<&'static str>,
    /// The replacement as in the contract; `GET /b/{id}` for an operation.
    pub replacement: Option<&'static str>,
    /// The whole `Link` header with `rel="deprecation"`. None if the contract is not published.
    pub link: Option<&'static str>,
    /// The path template of the operation that replaces it.
    pub successor: Option<&'static str>,
}

/// The deprecated parameters, properties, headers and values that a request used and its answer holds, each once. They
/// are in the extensions of the request's head when the gate finishes the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsedDeprecations(pub Vec<&'static Deprecation>);

impl UsedDeprecations {
    pub fn add(&mut self, deprecation: &'static Deprecation) {
        let known = |used: &&Deprecation| std::ptr::eq(*used, deprecation);
        if !self.0.iter().any(known) {
            self.0.push(deprecation);
        }
    }

    pub fn extend(&mut self, other: UsedDeprecations) {
        for deprecation in other.0 {
            self.add(deprecation);
        }
    }
}

/// Adds the headers for the operation itself and for the used things. With several things the earliest dates apply, and
/// each thing has its link.
pub(super) fn announce(operation: &'static Operation, head: &Parts, headers: &mut HeaderMap) {
    let used = head.extensions.get::<UsedDeprecations>();
    let used = used.into_iter().flat_map(|used| used.0.iter().copied());
    let all = operation.deprecation.into_iter().chain(used);
    tell(all, operation.path, head, headers);
}

/// Adds the headers for all deprecated things, for a request to the path of the template.
pub(super) fn tell(
    all: impl Iterator<Item = &'static Deprecation> + Clone,
    template: &str,
    head: &Parts,
    headers: &mut HeaderMap,
) {
    let announced = all.clone().filter_map(|one| one.deprecated_at).min();
    if let Some(seconds) = announced.and_then(|seconds| Integer::try_from(seconds).ok()) {
        let date = Date::from_unix_seconds(seconds);
        put(headers, DEPRECATION, &date.to_string());
    }
    let sunsets = all.clone().filter(|one| one.sunset_date.is_some());
    if let Some(date) = sunsets
        .min_by_key(|one| one.sunset)
        .and_then(|one| one.sunset_date)
    {
        put(headers, SUNSET, date);
    }
    for one in all {
        if let Some(link) = one.link {
            put(headers, header::LINK, link);
        }
        if let Some(path) = one
            .successor
            .and_then(|successor| filled(successor, template, head.uri.path()))
        {
            let link = format!("<{path}>; rel=\"successor-version\"");
            put(headers, header::LINK, &link);
        }
    }
}

/// Adds a header; a value that is not valid in a header is left out.
fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.append(name, value);
    }
}

/// The path of a replacement with this request's values for parameters of the same name. None if another parameter is
/// left, since a template is not a URI.
fn filled(successor: &str, template: &str, path: &str) -> Option<String> {
    // From the end, since the API may be below a path of the host.
    let here: Vec<(&str, &str)> = template.rsplit('/').zip(path.rsplit('/')).collect();
    let segments = successor.split('/').map(|segment| {
        if !segment.contains('{') {
            return Some(segment);
        }
        let (_, value) = here.iter().find(|(name, _)| *name == segment)?;
        Some(*value)
    });
    Some(segments.collect::<Option<Vec<_>>>()?.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    static EARLY: Deprecation = Deprecation {
        kind: DeprecatedKind::Parameter,
        version: 1,
        title: "query parameter a",
        operation: None,
        element: "/a",
        deprecated_at: Some(200),
        sunset: Some(1_000),
        sunset_date: Some("Thu, 01 Jan 1970 00:16:40 GMT"),
        replacement: None,
        link: Some("</docs#/a>; rel=\"deprecation\""),
        successor: None,
    };
    static LATE: Deprecation = Deprecation {
        kind: DeprecatedKind::Operation,
        version: 1,
        title: "GET /b",
        operation: None,
        element: "/b",
        deprecated_at: Some(100),
        sunset: Some(2_000),
        sunset_date: Some("Thu, 01 Jan 1970 00:33:20 GMT"),
        replacement: Some("/new/{id}"),
        link: Some("</docs#/b>; rel=\"deprecation\""),
        successor: Some("/new/{id}"),
    };
    /// Announced without a date.
    static VAGUE: Deprecation = Deprecation {
        kind: DeprecatedKind::Property,
        version: 1,
        title: "property c",
        operation: None,
        element: "/c",
        deprecated_at: None,
        sunset: None,
        sunset_date: None,
        replacement: None,
        link: None,
        successor: Some("/other/{name}"),
    };

    fn operation(deprecation: Option<&'static Deprecation>) -> &'static Operation {
        Box::leak(Box::new(Operation {
            deprecation,
            ..Operation::new("old_get", "old", "GET", "/old/{id}")
        }))
    }

    fn headers(
        operation: &'static Operation,
        used: &[&'static Deprecation],
    ) -> Vec<(String, String)> {
        let mut request = http::Request::get("/api/old/7").body(()).unwrap();
        let mut all = UsedDeprecations::default();
        for one in used {
            all.add(one);
            all.add(one);
        }
        request.extensions_mut().insert(all);
        let mut headers = HeaderMap::new();
        announce(operation, &request.into_parts().0, &mut headers);
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect()
    }

    #[test]
    fn what_nobody_deprecates_is_not_announced() {
        assert_eq!(headers(operation(None), &[]), []);
    }

    #[test]
    fn of_several_the_earliest_days_count_and_each_has_its_link() {
        let found = headers(operation(Some(&LATE)), &[&EARLY, &VAGUE, &EARLY]);
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("deprecation", "@100"),
                ("sunset", "Thu, 01 Jan 1970 00:16:40 GMT"),
                ("link", "</docs#/b>; rel=\"deprecation\""),
                ("link", "</new/7>; rel=\"successor-version\""),
                ("link", "</docs#/a>; rel=\"deprecation\""),
            ]
        );
    }

    #[test]
    fn a_successor_takes_over_the_parameters_that_it_shares() {
        assert_eq!(
            filled("/x/{b}/y/{a}", "/v/{a}/{b}", "/v/1/2").as_deref(),
            Some("/x/2/y/1")
        );
        assert_eq!(filled("/x", "/v/{a}", "/v/1").as_deref(), Some("/x"));
        assert_eq!(filled("/x/{c}", "/v/{a}", "/v/1"), None);
    }
}
