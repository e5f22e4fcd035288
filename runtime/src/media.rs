//! Versions of an API by media type: `application/<vendor>.v2+json` in `Accept` picks one
//! (RFC 9110, section 12.5.1).

/// One version and the media type that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaVersion {
    pub version: u32,
    /// Such as `application/vnd.example.v1+json`.
    pub media_type: &'static str,
    /// The prefix of a problem's `type`, before the code, if errors are problem details (RFC 9457).
    pub problems: Option<&'static str>,
}

/// The versions of a contract, the lowest first. The first is the default.
#[derive(Clone, Copy, Debug)]
pub struct Media {
    pub versions: &'static [MediaVersion],
}

/// The version and media type for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picked {
    pub version: u32,
    /// The caller named the vendor's media type; false for plain JSON.
    pub asked_for_vendor_type: bool,
    /// The answer's Content-Type.
    pub media_type: &'static str,
    /// The media type that names the version.
    pub vendor_type: &'static str,
    /// As [`MediaVersion::problems`].
    pub problems: Option<&'static str>,
}

impl MediaVersion {
    /// This version, picked by its own media type or by plain JSON.
    pub const fn picked(&self, asked_for_vendor_type: bool) -> Picked {
        Picked {
            version: self.version,
            asked_for_vendor_type,
            media_type: if asked_for_vendor_type {
                self.media_type
            } else {
                PLAIN_JSON
            },
            vendor_type: self.media_type,
            problems: self.problems,
        }
    }
}

/// The media type of an answer if the request named no version.
pub const PLAIN_JSON: &str = "application/json";

/// Picks a version for the value of an `Accept` header (several are joined by a comma). The highest quality wins; among
/// equals a named version before plain JSON before a wildcard, then the first. `None` if it names no known media type.
pub fn negotiate(accept: Option<&str>, media: &Media) -> Option<Picked> {
    let first = media.versions.first()?;
    let plain = first.picked(false);
    let accept = match accept {
        Some(text) if !text.trim().is_empty() => text,
        _ => return Some(plain),
    };
    let mut best: Option<(u16, u8, Picked)> = None;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let quality = parts
            .find_map(|parameter| {
                parameter
                    .strip_prefix("q=")
                    .or_else(|| parameter.strip_prefix("Q="))
            })
            .map_or(1000, thousandths);
        let (specific, picked) = if name.eq_ignore_ascii_case(PLAIN_JSON) {
            (1, plain)
        } else if name == "*/*" || name.eq_ignore_ascii_case("application/*") {
            (0, plain)
        } else if let Some(known) = media
            .versions
            .iter()
            .find(|known| known.media_type.eq_ignore_ascii_case(name))
        {
            (2, known.picked(true))
        } else {
            continue;
        };
        if quality > 0 && best.is_none_or(|(q, s, _)| (quality, specific) > (q, s)) {
            best = Some((quality, specific, picked));
        }
    }
    best.map(|(_, _, picked)| picked)
}

/// A quality value (RFC 9110, section 12.4.2) in thousandths; an invalid one counts as 0.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    let fraction = format!("{fraction:0<3}").parse().unwrap_or(0);
    match whole {
        "0" => fraction,
        "1" if fraction == 0 => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEDIA: Media = Media {
        versions: &[
            MediaVersion {
                version: 1,
                media_type: "application/vnd.example.v1+json",
                problems: None,
            },
            MediaVersion {
                version: 2,
                media_type: "application/vnd.example.v2+json",
                problems: None,
            },
        ],
    };

    fn picked(accept: &str) -> Option<(u32, bool)> {
        negotiate(Some(accept), &MEDIA).map(|picked| (picked.version, picked.asked_for_vendor_type))
    }

    #[test]
    fn nothing_and_plain_json_mean_the_first_version() {
        assert_eq!(
            negotiate(None, &MEDIA).map(|picked| picked.media_type),
            Some("application/json")
        );
        for accept in [
            "",
            "application/json",
            "*/*",
            "application/*",
            "text/html, */*;q=0.8",
        ] {
            assert_eq!(picked(accept), Some((1, false)), "{accept}");
        }
    }

    #[test]
    fn a_named_version_is_served() {
        assert_eq!(picked("application/vnd.example.v2+json"), Some((2, true)));
        assert_eq!(
            picked("application/VND.example.v2+json ; q=0.5"),
            Some((2, true))
        );
        assert_eq!(
            picked("*/*, application/vnd.example.v2+json"),
            Some((2, true))
        );
    }

    #[test]
    fn the_highest_quality_wins() {
        let accept =
            "application/vnd.example.v1+json;q=0.2, application/vnd.example.v2+json;q=0.75";
        assert_eq!(picked(accept), Some((2, true)));
        assert_eq!(
            picked("application/vnd.example.v2+json;q=0.1, application/json"),
            Some((1, false))
        );
    }

    #[test]
    fn what_is_unknown_or_refused_is_not_served() {
        for accept in [
            "application/vnd.example.v9+json",
            "text/html",
            "application/json;q=0",
            "application/json;q=x",
        ] {
            assert_eq!(picked(accept), None, "{accept}");
        }
        assert_eq!(
            picked("application/vnd.example.v9+json, application/json;q=0.1"),
            Some((1, false))
        );
    }
}
