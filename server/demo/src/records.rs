//! Derives the demo's records from the business. They are the same every time, except for ids and for dates, which are
//! relative to today.

use serde_json::{Map, Value, json};

use crate::business::{
    COMPANIES, CURRENCY, HOURS_BEHIND, HOUSEHOLDS, LEADS, PRICE_BOOK, TAX_PPM, TIME_ZONE, WORK,
};

const DAY: i64 = 24 * 60 * 60 * 1_000;
const HOUR: i64 = 60 * 60 * 1_000;

/// A record to be created.
pub struct Row {
    pub object_type: &'static str,
    pub id: String,
    pub fields: Map<String, Value>,
}

struct Maker<'a> {
    new_id: &'a mut dyn FnMut() -> String,
    rows: Vec<Row>,
}

impl Maker<'_> {
    /// Adds a record and returns its id. Null fields are left out.
    fn add(&mut self, object_type: &'static str, fields: Value) -> String {
        let id = (self.new_id)();
        let fields = match fields {
            Value::Object(fields) => fields
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .collect(),
            _ => Map::new(),
        };
        self.rows.push(Row {
            object_type,
            id: id.clone(),
            fields,
        });
        id
    }
}

/// All records; each comes after those that it refers to. `technicians`: user ids; `today`: days since the epoch.
pub fn records(technicians: &[String], today: i64, new_id: &mut dyn FnMut() -> String) -> Vec<Row> {
    let mut make = Maker {
        new_id,
        rows: Vec::new(),
    };
    let tax = make.add("tax_rate", json!({ "name": "Sales tax", "rate": TAX_PPM }));
    let items = price_book(&mut make, &tax);
    let sites = customers(&mut make);
    leads(&mut make, &sites, today);
    for number in 0..30 {
        work(&mut make, number, &sites, &items, technicians, today);
    }
    make.rows
}

/// A place of work: contact and property.
struct Site {
    contact: String,
    property: String,
    address: Value,
}

fn price_book(make: &mut Maker<'_>, tax: &str) -> Vec<String> {
    let item = |&(code, name, kind, unit, price, cost): &(&str, &str, &str, &str, i64, i64)| {
        let fields = json!({
            "name": name, "code": code, "kind": kind, "unit": unit,
            "unit_price": money(price), "unit_cost": money(cost), "tax_rate": tax,
        });
        make.add("price_item", fields)
    };
    PRICE_BOOK.iter().map(item).collect()
}

fn customers(make: &mut Maker<'_>) -> Vec<Site> {
    let mut sites = Vec::new();
    for (n, &(first, last, street, postal_code, latitude, longitude, notes)) in
        HOUSEHOLDS.iter().enumerate()
    {
        let address = address(street, postal_code);
        let contact = make.add(
            "contact",
            json!({
                "kind": "person", "first_name": first, "last_name": last,
                "emails": [format!("{}.{}@mail.example", plain(first), plain(last))],
                "phones": [format!("+1512555{:04}", 100 + n)],
                "billing_address": address,
                "tags": if n % 7 == 3 { json!(["maintenance plan"]) } else { Value::Null },
            }),
        );
        let property = property(
            make,
            &contact,
            "Home",
            &address,
            (latitude, longitude),
            notes,
        );
        sites.push(Site {
            contact,
            property,
            address,
        });
    }
    for (n, &(name, first, last, street, postal_code, latitude, longitude, notes)) in
        COMPANIES.iter().enumerate()
    {
        let address = address(street, postal_code);
        let domain = plain(name);
        let contact = make.add(
            "contact",
            json!({
                "kind": "company", "company_name": name,
                "emails": [format!("office@{domain}.example")],
                "phones": [format!("+1512555{:04}", 150 + n)],
                "website": format!("https://{domain}.example/"),
                "billing_address": address,
                "tags": ["business"],
            }),
        );
        make.add(
            "contact",
            json!({
                "kind": "person", "first_name": first, "last_name": last, "parent": contact,
                "job_title": "Manager",
                "emails": [format!("{}@{domain}.example", plain(first))],
                "phones": [format!("+1512555{:04}", 170 + n)],
            }),
        );
        let property = property(make, &contact, name, &address, (latitude, longitude), notes);
        sites.push(Site {
            contact,
            property,
            address,
        });
    }
    sites
}

fn property(
    make: &mut Maker<'_>,
    contact: &str,
    name: &str,
    address: &Value,
    (latitude, longitude): (f64, f64),
    notes: &str,
) -> String {
    let fields = json!({
        "contact": contact, "name": name, "address": address,
        "location": { "latitude": latitude, "longitude": longitude },
        "access_notes": if notes.is_empty() { Value::Null } else { json!(notes) },
    });
    make.add("property", fields)
}

fn leads(make: &mut Maker<'_>, sites: &[Site], today: i64) {
    let statuses = ["new", "new", "contacted", "qualified", "contacted", "lost"];
    for (n, (&(title, description, source), status)) in LEADS.iter().zip(statuses).enumerate() {
        let Some(site) = sites.get((n * 9 + 4) % sites.len()) else {
            continue;
        };
        make.add(
            "request",
            json!({
                "title": title, "description": description, "source": source, "status": status,
                "contact": site.contact, "property": site.property,
                "preferred_at": at(today + 3 + days(n), 9),
            }),
        );
    }
}

/// A job with its records: for some jobs a quote, then visits, and for past jobs an invoice.
fn work(
    make: &mut Maker<'_>,
    number: usize,
    sites: &[Site],
    items: &[String],
    technicians: &[String],
    today: i64,
) {
    let (Some(site), Some(&(title, description, hours, parts)), Some(technician)) = (
        sites.get((number * 11 + 2) % sites.len()),
        WORK.get(number % WORK.len()),
        technicians.get(number % technicians.len().max(1)),
    ) else {
        return;
    };
    // Two jobs a day, from two weeks ago into next week, none on Sundays.
    let day = today - 14 + days(number) * 3 / 4;
    let day = if (day + 4).rem_euclid(7) == 0 {
        day + 1
    } else {
        day
    };
    let start = at(day, if number.is_multiple_of(2) { 8 } else { 13 });
    let end = start + hours * HOUR;
    let lines = lines(items, hours, parts);
    let over = day < today;
    let paid_at = at(day + 4, 11);
    let paid = number.is_multiple_of(2) && day + 4 < today;

    let quote = (number.is_multiple_of(3)).then(|| {
        make.add(
            "quote",
            json!({
                "title": title, "contact": site.contact, "property": site.property, "currency": CURRENCY,
                "lines": lines, "valid_until": day + 30, "status": "converted",
                "sent_at": start - 5 * DAY, "decided_at": start - 3 * DAY, "number": 201 + number / 3,
                "terms": "Prices hold for 30 days. Parts carry the maker's warranty, our work two years.",
                "discount": if number.is_multiple_of(9) { money(5_000) } else { Value::Null },
            }),
        )
    });
    let job = make.add(
        "job",
        json!({
            "title": title, "description": description,
            "priority": (["normal", "normal", "high", "low", "urgent"].get(number % 5)),
            "contact": site.contact, "property": site.property, "quote": quote,
            "assignee": technician, "scheduled_at": start, "scheduled_end_at": end,
            "expected_duration": hours * HOUR, "currency": CURRENCY, "lines": lines,
            "status": if paid { "closed" } else if over { "completed" } else { "active" },
            "completed_at": over.then_some(end), "closed_at": paid.then_some(paid_at),
        }),
    );
    let visit = make.add(
        "visit",
        json!({
            "job": job, "contact": site.contact, "property": site.property, "assignee": technician,
            "starts_at": start, "ends_at": end, "time_zone": TIME_ZONE,
            "status": if over { "completed" } else { "scheduled" },
            "started_at": over.then_some(start), "completed_at": over.then_some(end),
            "outcome": over.then_some("Done, tested, customer shown."),
        }),
    );
    if !over {
        return;
    }
    make.add(
        "time_entry",
        json!({ "user": technician, "job": job, "visit": visit, "started_at": start, "ended_at": end }),
    );
    if number % 4 == 1 {
        make.add("note", json!({ "body": "Asked about a maintenance plan; call back in spring.", "contact": site.contact, "job": job }));
    }
    let invoice = make.add(
        "invoice",
        json!({
            "title": title, "contact": site.contact, "property": site.property, "job": job, "quote": quote,
            "currency": CURRENCY, "lines": lines, "issued_on": day + 1, "due_on": day + 15,
            "billing_address": site.address, "number": 1_001 + number, "issued_at": at(day + 1, 10),
            "status": if paid { "paid" } else { "open" }, "paid_at": paid.then_some(paid_at),
            "balance": money(if paid { 0 } else { total(hours, parts) }),
        }),
    );
    if paid {
        make.add(
            "payment",
            json!({
                "contact": site.contact, "invoice": invoice, "amount": money(total(hours, parts)),
                "method": (["card", "check", "bank_transfer"].get(number % 3)), "received_at": paid_at, "status": "succeeded",
                "reference": format!("R-{:04}", 2_100 + number),
            }),
        );
    }
}

fn lines(items: &[String], hours: i64, parts: &[(usize, i64)]) -> Value {
    let line = |item: usize, quantity: i64| {
        let &(_, name, _, unit, price, _) = PRICE_BOOK.get(item)?;
        Some(json!({
            "description": name, "quantity": quantity, "unit": unit, "unit_price": money(price),
            "tax_ppm": TAX_PPM, "price_item": items.get(item),
        }))
    };
    let all = std::iter::once((0, hours * 1_000)).chain(parts.iter().copied());
    Value::Array(
        all.filter_map(|(item, quantity)| line(item, quantity))
            .collect(),
    )
}

/// The total of the lines, rounded as on the server: half up, line by line.
fn total(hours: i64, parts: &[(usize, i64)]) -> i64 {
    let line = |(item, quantity): (usize, i64)| {
        let price = PRICE_BOOK.get(item).map_or(0, |item| item.4);
        let net = (price * quantity + 500) / 1_000;
        net + (net * TAX_PPM + 500_000) / 1_000_000
    };
    std::iter::once((0, hours * 1_000))
        .chain(parts.iter().copied())
        .map(line)
        .sum()
}

fn money(amount: i64) -> Value {
    json!({ "amount": amount, "currency": CURRENCY })
}

fn address(line1: &str, postal_code: &str) -> Value {
    json!({ "line1": line1, "postal_code": postal_code, "city": "Austin", "region": "TX", "country": "US" })
}

/// A local hour of a day, in epoch ms.
fn at(day: i64, hour: i64) -> i64 {
    day * DAY + (hour + HOURS_BEHIND) * HOUR
}

fn days(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(0)
}

/// A name as part of an email address: its ASCII letters and digits in lower case.
fn plain(name: &str) -> String {
    let folded = name.chars().map(|c| match c {
        'á' => 'a',
        'é' | 'ë' => 'e',
        'í' => 'i',
        'ñ' => 'n',
        c => c.to_ascii_lowercase(),
    });
    folded.filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use super::*;

    fn all() -> Vec<Row> {
        let mut next = 0;
        let mut new_id = || {
            next += 1;
            format!("id-{next}")
        };
        records(
            &["t1".into(), "t2".into(), "t3".into()],
            20_780,
            &mut new_id,
        )
    }

    #[test]
    fn it_is_the_same_every_time() {
        let of = |rows: Vec<Row>| -> Vec<_> {
            rows.into_iter()
                .map(|row| (row.object_type, row.id, row.fields))
                .collect()
        };
        assert_eq!(of(all()), of(all()));
    }

    #[test]
    fn there_is_enough_to_look_at() {
        let mut counts = BTreeMap::new();
        for row in all() {
            *counts.entry(row.object_type).or_insert(0) += 1;
        }
        for (object_type, least) in [
            ("contact", 40),
            ("property", 30),
            ("price_item", 20),
            ("job", 30),
            ("visit", 30),
            ("quote", 10),
            ("invoice", 10),
        ] {
            assert!(
                counts.get(object_type).is_some_and(|count| *count >= least),
                "{object_type}: {counts:?}"
            );
        }
    }

    #[test]
    fn a_record_comes_after_those_it_refers_to() {
        let mut known = HashSet::new();
        for row in all() {
            for (name, value) in &row.fields {
                if let Some(id) = value.as_str().filter(|value| value.starts_with("id-")) {
                    assert!(known.contains(id), "{} {name}", row.object_type);
                }
            }
            known.insert(row.id);
        }
    }

    #[test]
    fn names_in_addresses_are_plain() {
        for row in all() {
            for address in row
                .fields
                .get("emails")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                let address = address.as_str().expect("a text");
                assert!(
                    address.is_ascii() && !address.contains("..") && !address.contains(' '),
                    "{address}"
                );
            }
        }
    }
}
