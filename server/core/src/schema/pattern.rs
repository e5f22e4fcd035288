//! Patterns of field definitions: measured when they are defined, compiled when the first value is judged by them, and
//! bounded in what they hold and in the work that one request can ask of them.
//!
//! A pattern is measured by its syntax alone, so every host takes and refuses the same ones:
//!
//! - `weight` is about the number of states of its program (20 to 40 bytes each). It is bounded for each pattern and for
//!   all patterns of a tenant together.
//! - `width` is the number of places that the search can be at in one moment. Judging a text costs at most about its
//!   characters times the width, and mostly far less.
//!
//! A request has one [`Allowance`] of both for all of its texts.

use std::sync::Arc;

use regex_syntax::{
    hir::{Class, Hir, HirKind, Look},
    utf8::Utf8Sequences,
};

mod programs;
#[cfg(test)]
mod tests;

use programs::{Owner, Programs};

use super::{
    Schema,
    allowance::{Allowance, MOST_EFFORT},
};

/// The greatest weight of one pattern.
pub const MOST_WEIGHT: u64 = 1 << 14;
/// The greatest weight of all patterns of a tenant together.
pub const MOST_WEIGHT_OF_TENANT: u64 = 1 << 16;
/// Each pattern weighs this at least, so that their number is bounded as well.
const LEAST_WEIGHT: u64 = 16;

/// What a pattern can cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    pub weight: u64,
    pub width: u64,
}

/// What judging a text came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Matches,
    Differs,
    /// The allowance of the request is spent: it reaches for no text of this length, or for no other program.
    TooDear,
    /// The pattern cannot be compiled. Only one that was stored by another program can be like that.
    Unusable,
}

/// The pattern of a field, by its text. Its program stands in the memory that all tenants share.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: Arc<str>,
    /// Every tenant has it, so one program serves all.
    built_in: bool,
}

impl Pattern {
    pub fn new(text: &str, built_in: bool) -> Self {
        Self {
            text: text.into(),
            built_in,
        }
    }

    /// Whether the text as a whole matches.
    pub fn judge(&self, text: &str, allowance: &Allowance) -> Verdict {
        let owner = match self.built_in {
            true => Some(Owner::Everybody),
            false => allowance.tenant().cloned().map(Owner::Tenant),
        };
        Programs::shared().judge(owner, &self.text, text, allowance)
    }

    /// How many texts of a tenant this pattern has judged since its program was made.
    #[cfg(test)]
    pub fn judged(text: &str, tenant: crate::ports::store::TenantId) -> Option<usize> {
        Programs::shared().judged(&Owner::Tenant(tenant), text)
    }
}

/// The weight that a tenant's patterns can still have together; counted when the first pattern asks for it.
pub struct Room<'a> {
    schema: &'a Schema,
    /// The type and the field whose pattern makes room.
    except: Option<(&'a str, &'a str)>,
    left: Option<u64>,
}

impl<'a> Room<'a> {
    pub fn of(schema: &'a Schema) -> Self {
        Self {
            schema,
            except: None,
            left: None,
        }
    }

    /// For another pattern of a field that is there.
    pub fn instead_of(schema: &'a Schema, object_type: &'a str, field: &'a str) -> Self {
        Self {
            except: Some((object_type, field)),
            ..Self::of(schema)
        }
    }

    pub fn schema(&self) -> &'a Schema {
        self.schema
    }

    /// Takes a new pattern in, for texts of up to `characters`; or says why it cannot be.
    pub fn take(
        &mut self,
        pattern: &str,
        characters: usize,
        allowance: &Allowance,
    ) -> Result<(), String> {
        let too_many = || {
            "The patterns of this request are too large to be looked at together. Define fewer at once, or make them simpler.".to_owned()
        };
        if !allowance.compiles(reading(pattern)) {
            return Err(too_many());
        }
        let hir = regex_syntax::parse(pattern).map_err(|error| {
            format!("The pattern is no regular expression that can be used: {error}")
        })?;
        let Measure { weight, width } = measure(&hir);
        // What is far too large was no work to look at: it is repeated, not written.
        if !allowance.compiles(weight.min(MOST_WEIGHT_OF_TENANT)) {
            return Err(too_many());
        }
        if weight > MOST_WEIGHT {
            return Err(format!(
                "The pattern is too large: it has about {weight} states, and {MOST_WEIGHT} are the most. Repeat less, or use classes of fewer characters, such as [A-Za-z] in place of \\w."
            ));
        }
        if most_work(characters as u64, width) > MOST_EFFORT {
            return Err(format!(
                "The pattern is too large for texts of up to {characters} characters. Make it simpler, or set a max_length of at most {}.",
                (MOST_EFFORT - MOST_MADE) / (width + 1)
            ));
        }
        let left = *self
            .left
            .get_or_insert_with(|| left(self.schema, self.except));
        self.left = Some(left.checked_sub(weight).ok_or_else(|| {
            format!(
                "The patterns of all fields together are too large: {left} of {MOST_WEIGHT_OF_TENANT} states are left, and this one has about {weight}. Make it simpler, or take others away."
            )
        })?);
        Ok(())
    }
}

fn left(schema: &Schema, except: Option<(&str, &str)>) -> u64 {
    let fields = schema.types().flat_map(|object_type| {
        let fields = object_type.fields.values();
        fields.filter(|field| {
            !field.built_in && except != Some((object_type.name.as_str(), field.name.as_str()))
        })
    });
    let patterns = fields.filter_map(|field| field.definition.pattern.as_deref());
    let mut left = MOST_WEIGHT_OF_TENANT;
    for pattern in patterns {
        let weight = parse(pattern).map_or(LEAST_WEIGHT, |hir| measure(&hir).weight);
        left = left.saturating_sub(weight);
        if left == 0 {
            break;
        }
    }
    left
}

/// What the states come to at most that one text makes, in places.
const MOST_MADE: u64 = 1 << 17;

/// What judging a text of so many characters comes to at most: it is looked through once with states, and once without.
fn most_work(characters: u64, width: u64) -> u64 {
    (width.saturating_add(1))
        .saturating_mul(characters)
        .saturating_add(MOST_MADE)
}

/// What reading a pattern comes to, in states.
fn reading(pattern: &str) -> u64 {
    pattern.len() as u64 / 8
}

/// A stored pattern as an expression of whole texts.
fn parse(pattern: &str) -> Result<Hir, Box<regex_syntax::Error>> {
    match regex_syntax::parse(pattern) {
        Ok(hir) => Ok(Hir::concat(vec![
            Hir::look(Look::Start),
            hir,
            Hir::look(Look::End),
        ])),
        // Older programs put a pattern between `^(?:` and `)$` before they looked at it, so `a)|(?:b` was one.
        Err(_) => regex_syntax::parse(&format!("^(?:{pattern})$")).map_err(Box::new),
    }
}

fn measure(hir: &Hir) -> Measure {
    let measure = nodes(hir);
    Measure {
        weight: measure.weight.max(LEAST_WEIGHT),
        width: measure.width.max(1),
    }
}

/// The parser bounds how deep an expression is nested, and so how deep this goes.
fn nodes(hir: &Hir) -> Measure {
    let of = |weight: usize, width: usize| Measure {
        weight: weight as u64,
        width: width as u64,
    };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => of(1, 0),
        HirKind::Literal(literal) => of(literal.0.len(), literal.0.len()),
        HirKind::Class(Class::Bytes(class)) => of(class.ranges().len() + 1, 1),
        HirKind::Class(Class::Unicode(class)) => {
            let sequences = class
                .iter()
                .map(|range| Utf8Sequences::new(range.start(), range.end()).count());
            of(sequences.sum::<usize>() + 1, 1)
        }
        HirKind::Capture(capture) => {
            let inner = nodes(&capture.sub);
            Measure {
                weight: inner.weight.saturating_add(2),
                ..inner
            }
        }
        HirKind::Repetition(repetition) => {
            let inner = nodes(&repetition.sub);
            let most = repetition
                .max
                .map_or(repetition.min.saturating_add(1), |most| most);
            let times = u64::from(most.max(1));
            Measure {
                weight: inner.weight.saturating_add(1).saturating_mul(times),
                width: inner.width.saturating_mul(times),
            }
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            let sum = |sum: Measure, part: &Hir| {
                let part = nodes(part);
                Measure {
                    weight: sum.weight.saturating_add(part.weight),
                    width: sum.width.saturating_add(part.width),
                }
            };
            parts.iter().fold(of(1, 0), sum)
        }
    }
}
