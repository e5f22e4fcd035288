//! When something goes away: `deprecated`, `x-deprecated-at`, `x-sunset`, `x-replacement`.

use std::fmt;

/// A calendar day, as `x-deprecated-at: 2026-11-22` writes it. Only real days can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: i32,
    month: u32,
    day: u32,
}

impl Date {
    /// `YYYY-MM-DD`, in the proleptic Gregorian calendar.
    pub fn parse(text: &str) -> Option<Date> {
        let bytes = text.as_bytes();
        let digits = |from: usize, to: usize| -> Option<u32> {
            let part = text.get(from..to)?;
            if part.bytes().all(|b| b.is_ascii_digit()) {
                part.parse().ok()
            } else {
                None
            }
        };
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let longest = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        (1..=longest).contains(&day).then_some(Date {
            year: year as i32,
            month,
            day,
        })
    }

    /// Days since 1970-01-01.
    pub fn days_since_epoch(self) -> i64 {
        // Years are counted from March, so that a leap day is the last of its year.
        let year = i64::from(if self.month <= 2 {
            self.year - 1
        } else {
            self.year
        });
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month = i64::from((self.month + 9) % 12);
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// Seconds since the epoch at midnight UTC: what the `Deprecation` header carries.
    pub fn unix_seconds(self) -> i64 {
        self.days_since_epoch() * 86_400
    }

    /// Midnight UTC of this day as an RFC 9110 HTTP date: what the `Sunset` header carries.
    pub fn http_date(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let weekday = DAYS[self.days_since_epoch().rem_euclid(7) as usize];
        let month = MONTHS[(self.month - 1) as usize];
        format!(
            "{weekday}, {:02} {month} {:04} 00:00:00 GMT",
            self.day, self.year
        )
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
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
    /// What the compiler tells to whoever uses it: since when, until when, and what to use instead.
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
    }
}
