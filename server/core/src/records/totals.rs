//! The totals of a document: each line is rounded half up, then the lines are summed. Quantities are in thousandths,
//! rates in parts per million, amounts in minor units. Products are computed in 128 bits and results are bounded to
//! 2^53 - 1, so nothing overflows.

use serde_json::{Map, Value, json};

use crate::{
    failure::{At, Failures},
    schema::{Kind, ObjectType, value::MAX_INTEGER},
};

/// The fields that the server computes from `lines`, `discount` and `currency`.
pub const COMPUTED: [&str; 4] = ["subtotal", "tax_total", "total", "balance"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Thousandths.
    pub quantity: i64,
    /// Minor units per unit of quantity.
    pub unit_price: i64,
    /// Minor units.
    pub discount: i64,
    /// Parts per million.
    pub tax_ppm: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// The sum of the lines' net amounts.
    pub subtotal: i64,
    pub tax_total: i64,
    pub total: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The discount of this line is negative or exceeds the line's amount.
    LineDiscount(usize),
    /// The document's discount is negative or exceeds the sum of the lines.
    Discount,
    TooLarge,
}

/// `a * b / divisor`, rounded half up (towards positive infinity).
fn mul_div(a: i128, b: i128, divisor: i128) -> i128 {
    (2 * a * b + divisor).div_euclid(2 * divisor)
}

fn bounded(number: i128) -> Result<i64, Wrong> {
    i64::try_from(number)
        .ok()
        .filter(|n| n.abs() <= MAX_INTEGER)
        .ok_or(Wrong::TooLarge)
}

/// The net amount of a line: price times quantity, rounded, minus its discount.
fn net(index: usize, line: &Line) -> Result<i64, Wrong> {
    let amount = bounded(mul_div(line.unit_price.into(), line.quantity.into(), 1_000))?;
    // A line with a negative price (a credit) cannot have a discount.
    if line.discount < 0 || line.discount > amount.max(0) {
        return Err(Wrong::LineDiscount(index));
    }
    Ok(amount - line.discount)
}

/// The totals of a document. Before tax, its discount is distributed over the lines in proportion to their amounts. The
/// shares sum to the discount exactly: each line takes the cumulative share up to it, minus the shares of the lines
/// before.
pub fn totals(lines: &[Line], discount: i64) -> Result<Totals, Wrong> {
    let mut nets = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        nets.push(net(index, line)?);
    }
    let subtotal = bounded(nets.iter().map(|net| i128::from(*net)).sum())?;
    if discount < 0 || discount > subtotal.max(0) {
        return Err(Wrong::Discount);
    }
    let mut tax_total: i128 = 0;
    let mut so_far: i128 = 0;
    let mut taken: i128 = 0;
    for (line, net) in lines.iter().zip(&nets) {
        so_far += i128::from(*net);
        let due = if subtotal > 0 {
            mul_div(discount.into(), so_far, subtotal.into())
        } else {
            0
        };
        let taxed = i128::from(*net) - (due - taken);
        taken = due;
        tax_total += mul_div(taxed, line.tax_ppm.into(), 1_000_000);
    }
    let tax_total = bounded(tax_total)?;
    let total = bounded(i128::from(subtotal) - i128::from(discount) + i128::from(tax_total))?;
    Ok(Totals {
        subtotal,
        tax_total,
        total,
    })
}

/// Computes the totals of a document's `data`, whose values are in normal form, and stores them there. `settled` is the
/// part of the total that is already paid or credited; the balance is the rest. An amount in another currency than the
/// document's is a failure, with a pointer under `at` (the fields).
pub fn apply(
    data: &mut Map<String, Value>,
    has: impl Fn(&str) -> bool,
    settled: i64,
    at: &At<'_>,
    failures: &mut Failures,
) {
    let empty = Vec::new();
    let written = data
        .get("lines")
        .and_then(Value::as_array)
        .unwrap_or(&empty);
    let stated = data.get("currency").and_then(Value::as_str);
    let first = written
        .first()
        .and_then(|line| line.pointer("/unit_price/currency"))
        .and_then(Value::as_str);
    let discount_currency = data
        .get("discount")
        .and_then(|money| money.get("currency"))
        .and_then(Value::as_str);
    let Some(currency) = stated.or(first).or(discount_currency).map(str::to_owned) else {
        for name in COMPUTED {
            data.remove(name);
        }
        return;
    };
    let before = failures.found();
    let amount = |line: &Value, name: &str| {
        line.pointer(&format!("/{name}/amount"))
            .and_then(Value::as_i64)
            .unwrap_or_default()
    };
    let number =
        |line: &Value, name: &str| line.get(name).and_then(Value::as_i64).unwrap_or_default();
    let at_lines = at.name("lines");
    let mut lines = Vec::with_capacity(written.len());
    for (index, line) in written.iter().enumerate() {
        let at_line = at_lines.index(index);
        for name in ["unit_price", "discount"] {
            if let Some(other) = line
                .pointer(&format!("/{name}/currency"))
                .and_then(Value::as_str)
                && other != currency
            {
                let message = format!(
                    "All amounts of a document are in one currency, here {currency}, not {other}."
                );
                failures.add(
                    at_line.name(name).name("currency").pointer(),
                    "currency",
                    message,
                );
            }
        }
        lines.push(Line {
            quantity: number(line, "quantity"),
            unit_price: amount(line, "unit_price"),
            discount: amount(line, "discount"),
            tax_ppm: number(line, "tax_ppm"),
        });
    }
    if let Some(other) = discount_currency.filter(|other| *other != currency) {
        let message =
            format!("All amounts of a document are in one currency, here {currency}, not {other}.");
        failures.add(
            at.name("discount").name("currency").pointer(),
            "currency",
            message,
        );
    }
    if failures.found() > before {
        return;
    }
    let discount = data
        .get("discount")
        .and_then(|money| money.get("amount"))
        .and_then(Value::as_i64)
        .unwrap_or_default();
    let totals = match totals(&lines, discount) {
        Ok(totals) => totals,
        Err(wrong) => {
            let (pointer, message) = match wrong {
                Wrong::LineDiscount(index) => (
                    at_lines.index(index).name("discount").pointer(),
                    "The discount of a line is at most its amount.",
                ),
                Wrong::Discount => (
                    at.name("discount").pointer(),
                    "The discount is at most the sum of the lines.",
                ),
                Wrong::TooLarge => (
                    at_lines.pointer(),
                    "The lines come to more than 2^53 - 1 minor units.",
                ),
            };
            failures.add(pointer, "totals", message);
            return;
        }
    };
    let values = [
        ("subtotal", totals.subtotal),
        ("tax_total", totals.tax_total),
        ("total", totals.total),
        ("balance", totals.total - settled),
    ];
    for (name, amount) in values {
        if has(name) {
            data.insert(
                name.to_owned(),
                json!({"amount": amount, "currency": currency}),
            );
        }
    }
}

/// Whether the type's records are documents, which have lines.
pub fn has_lines(object_type: &ObjectType) -> bool {
    object_type
        .field("lines")
        .is_some_and(|field| field.kind() == Kind::Lines)
}

/// Computes the totals of a document of this type and stores them in its `data`. `settled` is the paid part of the
/// total. If it is None and `states` is true, the balance in `data` determines it.
pub fn document(
    data: &mut Map<String, Value>,
    object_type: &ObjectType,
    settled: Option<i64>,
    states: bool,
    at: &At<'_>,
    failures: &mut Failures,
) {
    let has = |name: &str| {
        object_type
            .field(name)
            .is_some_and(|field| field.kind() == Kind::Money && field.definition.server_owned)
    };
    let stated = (states && settled.is_none())
        .then(|| amount(data, "balance"))
        .flatten();
    apply(data, has, settled.unwrap_or_default(), at, failures);
    let (Some(stated), Some(total)) = (stated, amount(data, "total")) else {
        return;
    };
    if stated < 0 || stated > total.max(0) {
        failures.add(
            at.name("balance").pointer(),
            "totals",
            format!("The balance lies between 0 and the total, which is {total}."),
        );
    } else {
        apply(data, has, total - stated, at, failures);
    }
}

fn amount(data: &Map<String, Value>, name: &str) -> Option<i64> {
    data.get(name)?.get("amount")?.as_i64()
}

/// The settled part of a stored document: its total minus its balance.
pub fn settled(data: &Map<String, Value>) -> i64 {
    match (amount(data, "total"), amount(data, "balance")) {
        (Some(total), Some(balance)) => total - balance,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(quantity: i64, unit_price: i64, discount: i64, tax_ppm: i64) -> Line {
        Line {
            quantity,
            unit_price,
            discount,
            tax_ppm,
        }
    }

    #[test]
    fn each_line_is_rounded_half_up_and_then_summed() {
        // 1.5 x 0.33 = 0.495 -> 0.50, twice; 20 % of 0.50 = 0.10.
        let lines = [line(1_500, 33, 0, 200_000), line(1_500, 33, 0, 200_000)];
        assert_eq!(
            totals(&lines, 0),
            Ok(Totals {
                subtotal: 100,
                tax_total: 20,
                total: 120
            })
        );
        // Half of a minor unit is rounded up, also for negative amounts.
        assert_eq!(totals(&[line(500, 1, 0, 0)], 0).map(|t| t.subtotal), Ok(1));
        assert_eq!(totals(&[line(500, -1, 0, 0)], 0).map(|t| t.subtotal), Ok(0));
    }

    #[test]
    fn a_discount_is_taken_before_tax() {
        let lines = [
            line(1_000, 10_000, 0, 200_000),
            line(1_000, 5_000, 1_000, 0),
        ];
        // 140.00 less 14.00; 90.00 of it taxed at 20 %.
        assert_eq!(
            totals(&lines, 1_400),
            Ok(Totals {
                subtotal: 14_000,
                tax_total: 1_800,
                total: 14_400
            })
        );
    }

    #[test]
    fn what_cannot_be_is_said() {
        assert_eq!(
            totals(&[line(1_000, 5, 6, 0)], 0),
            Err(Wrong::LineDiscount(0))
        );
        assert_eq!(totals(&[line(1_000, 5, 0, 0)], 6), Err(Wrong::Discount));
        assert_eq!(
            totals(&[line(1_000_000_000_000, MAX_INTEGER, 0, 0)], 0),
            Err(Wrong::TooLarge)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn totals_add_up(lines in prop::collection::vec((0i64..5_000_000, -100_000i64..1_000_000, 0i64..=1_000_000), 0..20), off in 0u32..=100) {
            let lines: Vec<_> = lines.into_iter().map(|(q, p, t)| line(q, p, 0, t)).collect();
            let plain = totals(&lines, 0).unwrap();
            prop_assert_eq!(plain.total, plain.subtotal + plain.tax_total);
            let discount = plain.subtotal.max(0) * i64::from(off) / 100;
            let less = totals(&lines, discount).unwrap();
            prop_assert_eq!(less.total, less.subtotal - discount + less.tax_total);
            prop_assert_eq!(less.subtotal, plain.subtotal);
        }

        #[test]
        fn one_rate_taxes_the_discounted_sum_to_within_a_unit_per_line(lines in prop::collection::vec((0i64..5_000_000, 0i64..1_000_000), 1..20), off in 0u32..=100) {
            let lines: Vec<_> = lines.into_iter().map(|(q, p)| line(q, p, 0, 200_000)).collect();
            let subtotal = totals(&lines, 0).unwrap().subtotal;
            let discount = subtotal * i64::from(off) / 100;
            let tax = totals(&lines, discount).unwrap().tax_total;
            prop_assert!((tax - (subtotal - discount) / 5).abs() <= lines.len() as i64);
        }

        #[test]
        fn nothing_overflows(lines in prop::collection::vec((0i64..=1_000_000_000_000, -MAX_INTEGER..=MAX_INTEGER, 0i64..=1_000_000), 0..20), discount in 0..=MAX_INTEGER) {
            let lines: Vec<_> = lines.into_iter().map(|(q, p, t)| line(q, p, 0, t)).collect();
            if let Ok(totals) = totals(&lines, discount) {
                prop_assert!(totals.total.abs() <= MAX_INTEGER);
            }
        }
    }
}
