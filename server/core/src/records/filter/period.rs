//! Periods relative to now in a time zone: today, this month, the last n days. The start is inclusive, the end
//! exclusive.

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use serde_json::Value;

use crate::schema::Kind;

/// In the unit of the field: days since the epoch for a date, ms since the epoch for a datetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub start: i64,
    pub end: i64,
}

const MOST_DAYS: i64 = 36_600;

type Wrong = (&'static str, String);

/// Reads `{relative, n, zone}`.
pub fn parse(value: &Value, kind: Kind, now: i64) -> Result<Period, Wrong> {
    let object = value
        .as_object()
        .ok_or(("type", "A period is {relative, n, zone}.".to_owned()))?;
    if let Some(name) = object
        .keys()
        .find(|name| !matches!(name.as_str(), "relative" | "n" | "zone"))
    {
        return Err((
            "unknown_property",
            format!("A period has no property {name}."),
        ));
    }
    let zone = match object.get("zone") {
        None => TimeZone::UTC,
        Some(zone) => {
            let name = zone.as_str().unwrap_or_default();
            TimeZone::get(name).map_err(|_| {
                (
                    "zone",
                    format!("There is no time zone {name:?}; one is called like Europe/London."),
                )
            })?
        }
    };
    let relative = object
        .get("relative")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let counted = matches!(relative, "last_n_days" | "next_n_days");
    let n = match object.get("n") {
        None if counted => {
            return Err(("required", format!("{relative} needs n, a number of days.")));
        }
        None => 1,
        Some(_) if !counted => return Err(("unsuitable_value", format!("{relative} takes no n."))),
        Some(n) => n
            .as_i64()
            .filter(|n| (1..=MOST_DAYS).contains(n))
            .ok_or_else(|| {
                (
                    "range",
                    format!("n is a number of days from 1 to {MOST_DAYS}."),
                )
            })?,
    };
    let out_of_range = |_| ("range", "This period lies outside the calendar.".to_owned());
    let today = Timestamp::from_millisecond(now)
        .map_err(out_of_range)?
        .to_zoned(zone.clone())
        .date();
    let days = |date: Date, days: i64| {
        date.checked_add(Span::new().days(days))
            .map_err(out_of_range)
    };
    let (start, end) = match relative {
        "today" => (today, days(today, 1)?),
        "yesterday" => (days(today, -1)?, today),
        "tomorrow" => (days(today, 1)?, days(today, 2)?),
        // Weeks begin on Monday (ISO 8601).
        "this_week" => {
            let monday = days(today, -i64::from(today.weekday().to_monday_zero_offset()))?;
            (monday, days(monday, 7)?)
        }
        "this_month" => (today.first_of_month(), days(today.last_of_month(), 1)?),
        "this_year" => (today.first_of_year(), days(today.last_of_year(), 1)?),
        // The n days include today.
        "last_n_days" => (days(today, 1 - n)?, days(today, 1)?),
        "next_n_days" => (today, days(today, n)?),
        other => {
            return Err((
                "unknown_period",
                format!(
                    "There is no period {other:?}; there are today, yesterday, tomorrow, this_week, this_month, this_year, last_n_days and next_n_days."
                ),
            ));
        }
    };
    let unit = |date: Date| match kind {
        Kind::Date => Ok(days_since_epoch(date)),
        _ => date
            .to_zoned(zone.clone())
            .map(|start| start.timestamp().as_millisecond())
            .map_err(out_of_range),
    };
    Ok(Period {
        start: unit(start)?,
        end: unit(end)?,
    })
}

fn days_since_epoch(date: Date) -> i64 {
    let epoch = Date::constant(1970, 1, 1);
    epoch
        .until(date)
        .map(|span| i64::from(span.get_days()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// 2026-03-29, 00:30 UTC: in Berlin the clocks go forward an hour later, in Los Angeles it is the 28th.
    const NOW: i64 = 1_774_744_200_000;
    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_day_is_as_long_as_its_zone_says() {
        let today = |zone: &str| {
            parse(
                &json!({"relative": "today", "zone": zone}),
                Kind::Datetime,
                NOW,
            )
            .unwrap()
        };
        assert_eq!(
            today("Europe/Berlin").end - today("Europe/Berlin").start,
            23 * HOUR
        );
        assert_eq!(today("UTC").start, NOW - HOUR / 2);
        assert_eq!(today("UTC").end - today("UTC").start, 24 * HOUR);
    }

    #[test]
    fn dates_are_days_of_the_zone() {
        let period = |value| parse(&value, Kind::Date, NOW).unwrap();
        let day = period(json!({"relative": "today"})).start;
        assert_eq!(
            period(json!({"relative": "today", "zone": "America/Los_Angeles"})),
            Period {
                start: day - 1,
                end: day
            }
        );
        assert_eq!(
            period(json!({"relative": "last_n_days", "n": 7})),
            Period {
                start: day - 6,
                end: day + 1
            }
        );
        assert_eq!(
            period(json!({"relative": "next_n_days", "n": 7})),
            Period {
                start: day,
                end: day + 7
            }
        );
        // The 29th of March 2026 is a Sunday.
        assert_eq!(
            period(json!({"relative": "this_week"})),
            Period {
                start: day - 6,
                end: day + 1
            }
        );
        assert_eq!(
            period(json!({"relative": "this_month"})),
            Period {
                start: day - 28,
                end: day + 3
            }
        );
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for value in [
            json!({}),
            json!({"relative": "never"}),
            json!({"relative": "today", "zone": "Mars"}),
            json!({"relative": "last_n_days"}),
            json!({"relative": "last_n_days", "n": 0}),
            json!({"relative": "today", "n": 1}),
            json!({"relative": "today", "x": 1}),
        ] {
            assert!(parse(&value, Kind::Date, NOW).is_err(), "{value}");
        }
    }
}
