//! Patterns of field definitions. They are measured when they are defined and compiled when the first value is checked.
//! Their memory and the work of one request are bounded.
//!
//! A pattern is measured by its syntax alone, so every host accepts and refuses the same patterns. `weight` is about
//! the number of states of its program (20 to 40 bytes each), plus the cost of parsing it. It is bounded for each
//! pattern, and for all patterns of a tenant together. `width` is the work, in steps, of visiting all states that the
//! search can reach for one character, including those that only lead to other states, such as `\b` and optional parts.
//! Matching a text costs at most about its number of characters times the width, and usually far less.
//!
//! A request has one [`Allowance`] of both for all of its texts.

use std::sync::Arc;

use regex_syntax::{
    ast::{Ast, parse::Parser},
    hir::{Class, Hir, HirKind, Look, translate::Translator},
    utf8::Utf8Sequences,
};

mod programs;
mod reading;
#[cfg(test)]
mod tests;

use programs::{Owner, Programs};
use reading::reading;

use super::Schema;
use crate::allowance::{Allowance, MOST_EFFORT};

/// Upper bound of the weight of one pattern.
pub const MOST_WEIGHT: u64 = 1 << 14;
/// Upper bound of the weight of all patterns of a tenant together.
pub const MOST_WEIGHT_OF_TENANT: u64 = 1 << 16;
/// Lower bound of the weight of a pattern. It bounds the number of patterns too.
const LEAST_WEIGHT: u64 = 16;

/// The cost of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    pub weight: u64,
    pub width: u64,
}

/// The result of matching a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Matches,
    Differs,
    /// The rest of the request's allowance is too small for a text of this length, or for another program.
    TooDear,
    /// The pattern cannot be compiled. This happens only to a pattern that another program stored.
    Unusable,
}

/// The pattern of a field. All tenants share the memory for compiled programs.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: Arc<str>,
    /// All tenants use the same program of a built-in pattern.
    built_in: bool,
}

impl Pattern {
    pub fn new(text: &str, built_in: bool) -> Self {
        Self {
            text: text.into(),
            built_in,
        }
    }

    /// Matches the whole text.
    pub fn judge(&self, text: &str, allowance: &Allowance) -> Verdict {
        let owner = match self.built_in {
            true => Some(Owner::Everybody),
            false => allowance.tenant().cloned().map(Owner::Tenant),
        };
        Programs::shared().judge(owner, &self.text, text, allowance)
    }

    /// How many texts of a tenant this pattern has matched since it was compiled.
    #[cfg(test)]
    pub fn judged(text: &str, tenant: crate::ports::store::TenantId) -> Option<usize> {
        Programs::shared().judged(&Owner::Tenant(tenant), text)
    }
}

/// The weight that is left for a tenant's patterns. It is computed when the first pattern needs it.
pub struct Room<'a> {
    schema: &'a Schema,
    /// The type and the field whose old pattern does not count.
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

    /// The room for a new pattern of an existing field.
    pub fn instead_of(schema: &'a Schema, object_type: &'a str, field: &'a str) -> Self {
        Self {
            except: Some((object_type, field)),
            ..Self::of(schema)
        }
    }

    pub fn schema(&self) -> &'a Schema {
        self.schema
    }

    /// Accepts a new pattern for texts of up to `characters`, or says why it is refused.
    pub fn take(
        &mut self,
        pattern: &str,
        characters: usize,
        allowance: &Allowance,
    ) -> Result<(), String> {
        let too_many = || {
            "The patterns of this request are too large to be looked at together. Define fewer at once, or make them simpler.".to_owned()
        };
        let unusable = |error: &dyn std::fmt::Display| {
            format!("The pattern is no regular expression that can be used: {error}")
        };
        let tree = Tree::parse(pattern).map_err(|error| unusable(&error))?;
        let reading = tree.reading;
        if !allowance.compiles(reading.min(MOST_WEIGHT)) {
            return Err(too_many());
        }
        if reading > MOST_WEIGHT {
            return Err(
                "The pattern is too large: it ignores the case of classes of very many characters. Write the letters that are meant, such as [A-Za-z], or leave out (?i)."
                    .to_owned(),
            );
        }
        let (_, measure) = tree.translate().map_err(|error| unusable(&error))?;
        let Measure { weight, width } = measure;
        // A far too large pattern took little work to measure, because the measure multiplies repetitions instead of
        // expanding them.
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
                longest(width)
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
        let weight = match read(pattern) {
            Read::Sound(_, measure) => measure.weight,
            Read::TooLarge(reading) => reading,
            Read::Unusable(_) => LEAST_WEIGHT,
        };
        left = left.saturating_sub(weight);
        if left == 0 {
            break;
        }
    }
    left
}

/// Upper bound of the steps of matching a text of this many characters: one search with cached states, then one
/// without.
fn most_work(characters: u64, width: u64) -> u64 {
    let bytes = characters.saturating_mul(4);
    (bytes / programs::BYTES_PER_STEP)
        .saturating_add(programs::MOST_MADE)
        .saturating_add(characters.saturating_mul(width))
}

/// The length of the longest text, in characters, that a pattern of this width can always match.
fn longest(width: u64) -> u64 {
    let (mut fits, mut fails) = (0, MOST_EFFORT);
    while fails - fits > 1 {
        let middle = fits.midpoint(fails);
        match most_work(middle, width) > MOST_EFFORT {
            true => fails = middle,
            false => fits = middle,
        }
    }
    fits
}

/// A stored pattern after reading it.
enum Read {
    /// The expression for whole texts, and its measure.
    Sound(Hir, Measure),
    /// Another program stored it, and parsing it costs this many states.
    TooLarge(u64),
    Unusable(Box<regex_syntax::Error>),
}

impl Read {
    fn map_hir(self, map: impl FnOnce(Hir) -> Hir) -> Self {
        match self {
            Self::Sound(hir, measure) => Self::Sound(map(hir), measure),
            other => other,
        }
    }
}

fn read(pattern: &str) -> Read {
    let whole = |hir| Hir::concat(vec![Hir::look(Look::Start), hir, Hir::look(Look::End)]);
    match parsed(pattern) {
        // Older programs put a pattern between `^(?:` and `)$` before they checked it, so they accepted `a)|(?:b`.
        Err(_) => parsed(&format!("^(?:{pattern})$")),
        sound => sound.map(|read| read.map_hir(whole)),
    }
    .unwrap_or_else(Read::Unusable)
}

fn parsed(pattern: &str) -> Result<Read, Box<regex_syntax::Error>> {
    let tree = Tree::parse(pattern)?;
    if tree.reading > MOST_WEIGHT {
        return Ok(Read::TooLarge(tree.reading));
    }
    let (hir, measure) = tree.translate()?;
    Ok(Read::Sound(hir, measure))
}

/// The syntax tree of a pattern, and the cost of expanding its classes.
struct Tree<'p> {
    pattern: &'p str,
    ast: Ast,
    reading: u64,
}

impl<'p> Tree<'p> {
    fn parse(pattern: &'p str) -> Result<Self, Box<regex_syntax::Error>> {
        let ast = Parser::new().parse(pattern);
        let ast = ast.map_err(|error| Box::new(error.into()))?;
        let reading = reading(pattern, &ast);
        Ok(Self {
            pattern,
            ast,
            reading,
        })
    }

    /// The expression with expanded classes, and its measure.
    fn translate(&self) -> Result<(Hir, Measure), Box<regex_syntax::Error>> {
        let hir = Translator::new().translate(self.pattern, &self.ast);
        let hir = hir.map_err(|error| Box::new(error.into()))?;
        let measure = measure(&hir, self.reading);
        Ok((hir, measure))
    }
}

fn measure(hir: &Hir, reading: u64) -> Measure {
    let measure = nodes(hir);
    Measure {
        weight: measure.weight.saturating_add(reading).max(LEAST_WEIGHT),
        width: measure.width.max(1),
    }
}

/// In steps of about 10 ns: a state that reads a byte, a state that only leads to others, and `\b`, which looks at the
/// characters before and after.
const PLACE: u64 = 2;
const LEADING: u64 = 1;
const LOOK_AT_WORDS: u64 = 4;

/// The recursion is bounded, because the parser bounds the nesting of expressions.
fn nodes(hir: &Hir) -> Measure {
    let of = |weight: usize, width: u64| Measure {
        weight: weight as u64,
        width,
    };
    match hir.kind() {
        HirKind::Empty => of(1, LEADING),
        HirKind::Look(Look::Start | Look::End | Look::StartLF | Look::EndLF) => of(1, LEADING),
        HirKind::Look(_) => of(1, LOOK_AT_WORDS),
        HirKind::Literal(literal) => of(literal.0.len(), PLACE * literal.0.len() as u64),
        HirKind::Class(Class::Bytes(class)) => of(class.ranges().len() + 1, PLACE),
        HirKind::Class(Class::Unicode(class)) => {
            let sequences = class
                .iter()
                .map(|range| Utf8Sequences::new(range.start(), range.end()).count());
            of(sequences.sum::<usize>() + 1, PLACE)
        }
        HirKind::Capture(capture) => {
            let inner = nodes(&capture.sub);
            Measure {
                weight: inner.weight.saturating_add(2),
                width: inner.width.saturating_add(LEADING),
            }
        }
        HirKind::Repetition(repetition) => {
            let inner = nodes(&repetition.sub);
            let least = repetition.min;
            // An unbounded repetition has one more copy, which loops.
            let most = repetition.max.map_or(least.saturating_add(1), |most| most);
            let times = u64::from(most.max(1));
            // The optional copies.
            let optional = u64::from(most.saturating_sub(least));
            Measure {
                weight: inner.weight.saturating_add(1).saturating_mul(times),
                width: (inner.width.saturating_mul(times))
                    .saturating_add(LEADING.saturating_mul(optional)),
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
            let leading = match hir.kind() {
                HirKind::Alternation(parts) => LEADING * parts.len() as u64,
                _ => 0,
            };
            parts.iter().fold(of(1, leading), sum)
        }
    }
}
