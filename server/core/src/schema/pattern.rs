//! Patterns of field definitions: measured when they are defined, compiled when the first value is judged by them, and
//! bounded in what they hold and in the work that one request can ask of them.
//!
//! A pattern is measured by its syntax alone, so every host takes and refuses the same ones:
//!
//! - `weight` is about the number of states of its program (20 to 40 bytes each), and what reading it comes to. It is
//!   bounded for each pattern and for all patterns of a tenant together.
//! - `width` is the work of visiting all states that the search can visit for one character, in steps: the places that it
//!   can be at, and whatever leads to them, such as `\b` and what may be left out. Judging a text costs at most about its characters
//!   times the width, and mostly far less.
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

/// What judging a text of so many characters comes to at most, in steps: it is looked through once with states that are made
/// on the way, and once without.
fn most_work(characters: u64, width: u64) -> u64 {
    let bytes = characters.saturating_mul(4);
    (bytes / programs::BYTES_PER_STEP)
        .saturating_add(programs::MOST_MADE)
        .saturating_add(characters.saturating_mul(width))
}

/// The characters of the longest text that a pattern of this width can always judge.
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

/// A stored pattern.
enum Read {
    /// As an expression of whole texts.
    Sound(Hir, Measure),
    /// Another program stored it: reading it comes to so many states.
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
        // Older programs put a pattern between `^(?:` and `)$` before they looked at it, so `a)|(?:b` was one.
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

/// The syntax tree of a pattern, and what making its classes comes to.
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

    /// The expression with its classes made, and what it can cost.
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

/// In steps of some 10 ns: a state that reads a byte, one that only leads to others, and `\b`, which looks at the characters
/// before and after.
const PLACE: u64 = 2;
const LEADING: u64 = 1;
const LOOK_AT_WORDS: u64 = 4;

/// The parser bounds how deep an expression is nested, and so how deep this goes.
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
            // One more leads back where there is no end.
            let most = repetition.max.map_or(least.saturating_add(1), |most| most);
            let times = u64::from(most.max(1));
            // Each of those may be left out.
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
