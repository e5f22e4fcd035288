//! Deprecations: `deprecated`, `x-deprecated-at`, `x-sunset`, `x-replacement`.

use std::fmt;

use jiff::civil;

/// A calendar day, as `x-deprecated-at: 2026-11-22` writes it. Only real days can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

impl Date {
    /// Parses `YYYY-MM-DD` in the proleptic Gregorian calendar.
    pub fn parse(text: &str) -> Option<Date> {
        // The library takes other notations too.
        let written = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        let date = text.parse().ok().filter(|_| written);
        date.map(Date)
    }

    /// Days since 1970-01-01.
    pub fn days_since_epoch(self) -> i64 {
        self.unix_seconds() / 86_400
    }

    /// Seconds since the epoch at midnight UTC, for the `Deprecation` header.
    pub fn unix_seconds(self) -> i64 {
        self.0.duration_since(civil::date(1970, 1, 1)).as_secs()
    }

    /// Midnight UTC of this day as an HTTP date (RFC 9110), for the `Sunset` header.
    pub fn http_date(self) -> String {
        self.0.strftime("%a, %d %b %Y 00:00:00 GMT").to_string()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The notice on an operation, parameter or property that is `deprecated: true`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deprecation {
    /// The day of the announcement.
    pub deprecated_at: Option<Date>,
    /// The day from which it may be gone.
    pub sunset: Option<Date>,
    /// What to use instead.
    pub replacement: Option<String>,
}

impl Deprecation {
    /// The compiler's note for users: since when, until when, and what to use instead.
    pub fn note(&self) -> String {
        let since = self.deprecated_at.map(|day| format!("since {day}"));
        let until = self.sunset.map(|day| format!("gone from {day} on"));
        let instead = self.replacement.as_ref();
        let instead = instead.map(|replacement| format!("use `{replacement}`"));
        let parts: Vec<String> = [since, until, instead].into_iter().flatten().collect();
        match parts.is_empty() {
            true => "it will go".to_owned(),
            false => parts.join("; "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        let days = |text| Date::parse(text).unwrap().days_since_epoch();
        assert_eq!(days("1970-01-01"), 0);
        assert_eq!(days("2000-02-29"), 11_016);
        assert_eq!(days("0000-01-01"), -719_528);
        assert_eq!(days("9999-12-31"), 2_932_896);
        assert_eq!(days("2026-11-22"), 20_779);
        assert_eq!(days("2027-02-20") - days("2026-11-22"), 90);
    }

    #[test]
    fn a_date_that_no_calendar_has_is_none() {
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "2026-04-31",
            "soon",
            "2026/01/01",
            "+026-01-01",
            "20260101",
            "2026-01-01T00:00:00",
            "2026-01-0é",
        ] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn http_dates_follow_rfc_9110() {
        assert_eq!(
            Date::parse("1994-11-06").unwrap().http_date(),
            "Sun, 06 Nov 1994 00:00:00 GMT"
        );
        let first = Date::parse("0000-01-01").unwrap();
        assert_eq!(first.http_date(), "Sat, 01 Jan 0000 00:00:00 GMT");
        assert_eq!(first.to_string(), "0000-01-01");
    }
}
