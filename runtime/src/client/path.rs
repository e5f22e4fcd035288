//! Path parameters: any value becomes exactly one segment of the path. `.`, `..` and the empty value cannot be written
//! as a segment (URL parsers resolve the first two even when they are percent-encoded, and the last vanishes), so they
//! are refused before anything is sent.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All characters except the unreserved ones of RFC 3986.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A value that would have changed the path around it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("path parameter `{parameter}` must not be {value:?}: it would lead to another path")]
pub struct RefusedSegment {
    pub parameter: &'static str,
    pub value: String,
}

/// The value of a path parameter as a percent-encoded segment.
pub fn segment(parameter: &'static str, value: &str) -> Result<String, RefusedSegment> {
    match value {
        "" | "." | ".." => Err(RefusedSegment {
            parameter,
            value: value.to_owned(),
        }),
        _ => Ok(utf8_percent_encode(value, ESCAPED).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_leads_elsewhere_is_refused() {
        for value in ["", ".", ".."] {
            assert!(segment("id", value).is_err(), "{value:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// For any value, a URL parser finds it as one segment between its neighbours.
        #[test]
        fn a_value_is_one_segment(value in prop_oneof![
            "[./\\\\%?#2eE\\t\\n ]{1,8}",
            any::<String>(),
        ]) {
            if let Ok(segment) = segment("id", &value) {
                let url = url::Url::parse(&format!("http://host/a/{segment}/b")).unwrap();
                let segments: Vec<&str> = url.path_segments().unwrap().collect();
                prop_assert_eq!(segments.len(), 3);
                prop_assert_eq!((segments[0], segments[2]), ("a", "b"));
                let read = percent_encoding::percent_decode_str(segments[1]).decode_utf8().unwrap();
                prop_assert_eq!(read.as_ref(), value.as_str());
                prop_assert!(url.query().is_none() && url.fragment().is_none());
            } else {
                prop_assert!(matches!(value.as_str(), "" | "." | ".."));
            }
        }
    }
}
