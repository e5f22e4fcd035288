//! Bounds of numbers, in either form of OpenAPI, brought to one lower and one upper bound.

use std::cmp::Ordering;

use serde_json::Number;

use crate::diff::tree::{Id, Tree};
use crate::source::Content;

#[derive(Debug, Clone)]
pub(in crate::diff) struct Bound {
    pub(in crate::diff) number: Number,
    /// The number itself is not valid.
    pub(in crate::diff) exclusive: bool,
    pub(in crate::diff) at: Id,
}

#[derive(Debug, Default)]
pub(in crate::diff) struct Numbers<'a> {
    pub(in crate::diff) lower: Option<Bound>,
    pub(in crate::diff) upper: Option<Bound>,
    pub(in crate::diff) multiples: Vec<(&'a Number, Id)>,
}

impl<'a> Numbers<'a> {
    pub(super) fn add(&mut self, tree: &Tree<'a>, id: Id) {
        for (keyword, exclusive_keyword, lower) in [
            ("minimum", "exclusiveMinimum", true),
            ("maximum", "exclusiveMaximum", false),
        ] {
            let read = |key: &str| {
                let at = tree.get(id, key)?;
                match tree.content(at) {
                    Content::Number(number) => Some((number.clone(), at)),
                    _ => None,
                }
            };
            // A flag in 3.0, a bound of its own in 3.1.
            let flag = tree.flag(id, exclusive_keyword) == Some(true);
            let bounds = [
                read(keyword).map(|(number, at)| Bound {
                    number,
                    exclusive: flag,
                    at,
                }),
                read(exclusive_keyword).map(|(number, at)| Bound {
                    number,
                    exclusive: true,
                    at,
                }),
            ];
            let slot = if lower {
                &mut self.lower
            } else {
                &mut self.upper
            };
            for bound in bounds.into_iter().flatten() {
                let tighter = slot
                    .as_ref()
                    .is_none_or(|before| bound.against(before, lower) == Ordering::Greater);
                if tighter {
                    *slot = Some(bound);
                }
            }
        }
        if let Some(at) = tree.get(id, "multipleOf")
            && let Content::Number(number) = tree.content(at)
            && !self
                .multiples
                .iter()
                .any(|(known, _)| order(known, number).is_eq())
        {
            self.multiples.push((number, at));
        }
    }

    /// Bounds of integers: `> 0` is `>= 1`, and a multiple of 1 says nothing.
    pub(super) fn without_fractions(&mut self) {
        for (slot, step) in [(&mut self.lower, 1), (&mut self.upper, -1)] {
            if let Some(bound) = slot
                && let Some(number) = bound.number.as_i64()
                && bound.exclusive
                && let Some(next) = number.checked_add(step)
            {
                bound.number = Number::from(next);
                bound.exclusive = false;
            }
        }
        let one = Number::from(1);
        self.multiples
            .retain(|(number, _)| !order(number, &one).is_eq());
    }
}

impl Bound {
    /// Compares the tightness of two bounds: greater is tighter.
    pub(in crate::diff) fn against(&self, other: &Bound, lower: bool) -> Ordering {
        let order = order(&self.number, &other.number);
        let order = if lower { order } else { order.reverse() };
        order.then(self.exclusive.cmp(&other.exclusive))
    }

    pub(in crate::diff) fn text(&self, lower: bool) -> String {
        let sign = match (lower, self.exclusive) {
            (true, false) => "at least",
            (true, true) => "above",
            (false, false) => "at most",
            (false, true) => "below",
        };
        format!("{sign} {}", self.number)
    }
}

/// Numbers by value, integers exactly.
pub(in crate::diff) fn order(a: &Number, b: &Number) -> Ordering {
    let whole = |number: &Number| {
        let unsigned = number.as_u64().map(i128::from);
        number.as_i64().map(i128::from).or(unsigned)
    };
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => {
            let float = |number: &Number| number.as_f64().unwrap_or_default();
            float(a).total_cmp(&float(b))
        }
    }
}

/// Whether every multiple of `a` is one of `b`.
pub(in crate::diff) fn is_multiple(a: &Number, b: &Number) -> bool {
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        return b != 0 && a.checked_rem(b) == Some(0);
    }
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) if b > 0.0 => ((a / b) - (a / b).round()).abs() < 1e-9,
        _ => false,
    }
}
