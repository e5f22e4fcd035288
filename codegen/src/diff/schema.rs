//! Compares two schemas keyword by keyword. Each keyword is judged separately: if every constraint of the new schema
//! follows from the old one under the same keyword, all valid values stay valid.

mod lists;
mod maps;
mod unions;
mod values;

use std::cmp::Ordering;

use super::graph::{BOTH, Graph, KeyId, PairId, Raw};
use super::rules::*;
use super::shape::{COUNTS, Shape, Texts, canonical, types};
use super::tree::{Id, Tree};

pub(super) use unions::UnionPair;

/// The result of comparing two schemas.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) found: Vec<Raw>,
    /// The pairs inside, and the directions in which they count.
    pub(super) edges: Vec<(PairId, u8)>,
    pub(super) unions: Vec<UnionPair>,
}

impl Compared {
    fn say(&mut self, rule: &'static Rule, old: Id, new: Id, message: impl Into<String>) {
        self.say_for(BOTH, rule, old, new, message);
    }

    fn say_for(
        &mut self,
        mask: u8,
        rule: &'static Rule,
        old: Id,
        new: Id,
        message: impl Into<String>,
    ) {
        if mask != 0 {
            self.found.push(Raw {
                rule,
                old,
                new,
                message: message.into(),
                mask,
            });
        }
    }
}

/// The rules of the counts, in the order of [`COUNTS`].
static COUNT_RULES: [(&Rule, &Rule); 6] = [
    (&MIN_LENGTH_TIGHTENED, &MIN_LENGTH_LOOSENED),
    (&MAX_LENGTH_TIGHTENED, &MAX_LENGTH_LOOSENED),
    (&MIN_ITEMS_TIGHTENED, &MIN_ITEMS_LOOSENED),
    (&MAX_ITEMS_TIGHTENED, &MAX_ITEMS_LOOSENED),
    (&MIN_PROPERTIES_TIGHTENED, &MIN_PROPERTIES_LOOSENED),
    (&MAX_PROPERTIES_TIGHTENED, &MAX_PROPERTIES_LOOSENED),
];

impl<'a> Graph<'a> {
    pub(super) fn compare(&mut self, old_key: KeyId, new_key: KeyId) -> Compared {
        let old = self.old.shape(old_key);
        let new = self.new.shape(new_key);
        let mut out = Compared::default();
        if old.entangled || new.entangled {
            let owners = (self.old.parts(old_key).owner, self.new.parts(new_key).owner);
            let text = |tree: &Tree<'_>, id| tree.node(id).map(canonical);
            if text(&self.old.tree, owners.0) != text(&self.new.tree, owners.1) {
                let message = "there are too many parts in one schema";
                out.say(&TOO_ENTANGLED, old.site, new.site, message);
            }
        }
        // Variants are compared together with the constraints beside the union, so that moving a constraint between
        // them is not a change.
        if !old.unions.is_empty() || !new.unions.is_empty() {
            self.compare_unions(old_key, new_key, &old, &new, &mut out);
            return out;
        }
        let both = self.compare_types(&old, &new, &mut out);
        self.compare_values(&old, &new, &mut out);
        self.compare_counts(&old, &new, both, &mut out);
        compare_numbers(&old, &new, both, &mut out);
        self.compare_texts(&old, &new, both, &mut out);
        if both & types::LIST != 0 {
            self.compare_lists(&old, &new, &mut out);
        }
        if both & types::MAP != 0 {
            self.compare_maps(&old, &new, &mut out);
        }
        self.compare_logic(&old, &new, &mut out);
        self.compare_rest(&old, &new, &mut out);
        out
    }

    /// Returns the types that both allow.
    fn compare_types(&mut self, old: &Shape<'a>, new: &Shape<'a>, out: &mut Compared) -> u8 {
        self.work += 1;
        let places = (
            old.types_at.unwrap_or(old.site),
            new.types_at.unwrap_or(new.site),
        );
        let lost = old.types & !new.declared;
        let gained = new.types & !old.declared;
        if lost & types::NULL != 0 {
            out.say(
                &NULLABLE_REMOVED,
                places.0,
                places.1,
                "null was valid and is not",
            );
        }
        if gained & types::NULL != 0 {
            out.say(
                &NULLABLE_ADDED,
                places.0,
                places.1,
                "null was not valid and is",
            );
        }
        let (lost, gained) = (lost & !types::NULL, gained & !types::NULL);
        let both = old.types & new.types & !types::NULL;
        let names = |shape: &Shape<'_>| types::names(shape.declared & !types::NULL);
        let message = format!("{} became {}", names(old), names(new));
        match (lost != 0, gained != 0) {
            (true, true) if old.declared & new.declared & !types::NULL == 0 => {
                out.say(&TYPE_CHANGED, places.0, places.1, message);
            }
            (lost, gained) => {
                if lost {
                    out.say(&TYPE_NARROWED, places.0, places.1, message.clone());
                }
                if gained {
                    out.say(&TYPE_WIDENED, places.0, places.1, message);
                }
            }
        }
        both
    }

    fn compare_counts(&mut self, old: &Shape<'a>, new: &Shape<'a>, both: u8, out: &mut Compared) {
        let rules = COUNTS.iter().zip(COUNT_RULES);
        for (index, ((keyword, bits), (tightened, loosened))) in rules.enumerate() {
            if both & bits == 0 {
                continue;
            }
            let before = old.counts.get(index).copied().flatten();
            let after = new.counts.get(index).copied().flatten();
            let least = keyword.starts_with("min");
            let order = match (before, after) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some((before, _)), Some((after, _))) if least => after.cmp(&before),
                (Some((before, _)), Some((after, _))) => before.cmp(&after),
            };
            let text = |count: Option<(u64, Id)>| {
                count.map_or_else(|| "none".to_owned(), |(count, _)| count.to_string())
            };
            let message = format!("{keyword} was {} and is {}", text(before), text(after));
            let places = (
                before.map_or(old.site, |(_, at)| at),
                after.map_or(new.site, |(_, at)| at),
            );
            match order {
                Ordering::Greater => out.say(tightened, places.0, places.1, message),
                Ordering::Less => out.say(loosened, places.0, places.1, message),
                Ordering::Equal => {}
            }
        }
    }

    fn compare_texts(&mut self, old: &Shape<'a>, new: &Shape<'a>, both: u8, out: &mut Compared) {
        if both & (types::TEXT | types::NUMBER) != 0 {
            compare_formats(old, new, out);
        }
        if both & types::TEXT == 0 {
            return;
        }
        set(
            &old.patterns,
            &new.patterns,
            old,
            new,
            out,
            "the pattern",
            |lost, gained| match (lost, gained) {
                (true, true) => &PATTERN_CHANGED,
                (true, false) => &PATTERN_REMOVED,
                _ => &PATTERN_ADDED,
            },
        );
        for keyword in ["contentMediaType", "contentEncoding"] {
            let before = old.contents.get(keyword).copied();
            let after = new.contents.get(keyword).copied();
            self.change(&CONTENT_CHANGED, keyword, (before, after), (old, new), out);
        }
        match (
            old.content_schemas.as_slice(),
            new.content_schemas.as_slice(),
        ) {
            ([], []) => {}
            (&[at, ..], []) => out.say(&SCHEMA_REMOVED, at, new.site, "contentSchema is gone"),
            ([], &[at, ..]) => out.say(&SCHEMA_ADDED, old.site, at, "contentSchema is new"),
            (before, after) => {
                let pair = self.pair_of(before, after, (old.site, new.site));
                out.edges.push((pair, BOTH));
            }
        }
    }

    /// Compares a keyword that is only either equal or different.
    fn change(
        &mut self,
        rule: &'static Rule,
        keyword: &str,
        at: (Option<Id>, Option<Id>),
        shapes: (&Shape<'a>, &Shape<'a>),
        out: &mut Compared,
    ) {
        if at == (None, None) {
            return;
        }
        self.work += 1;
        let text = |tree: &Tree<'_>, id: Option<Id>| id.and_then(|id| tree.node(id)).map(canonical);
        let before = text(&self.old.tree, at.0);
        let after = text(&self.new.tree, at.1);
        if before != after {
            let places = (at.0.unwrap_or(shapes.0.site), at.1.unwrap_or(shapes.1.site));
            let message = said(keyword, before.as_deref(), after.as_deref());
            out.say(rule, places.0, places.1, message);
        }
    }

    /// `not`, `if`.
    fn compare_logic(&mut self, old: &Shape<'a>, new: &Shape<'a>, out: &mut Compared) {
        let most = old.nots.len().max(new.nots.len());
        for index in 0..most {
            match (old.nots.get(index), new.nots.get(index)) {
                (Some(&a), Some(&b)) => {
                    let pair = self.pair_of(&[a], &[b], (old.site, new.site));
                    if !self.is_same(pair) {
                        out.say(&NOT_CHANGED, a, b, "`not` rules out other values");
                    }
                }
                (Some(&a), None) => out.say(&NOT_REMOVED, a, new.site, "`not` is gone"),
                (None, Some(&b)) => out.say(&NOT_ADDED, old.site, b, "`not` is new"),
                (None, None) => {}
            }
        }
        let most = old.conditions.len().max(new.conditions.len());
        for index in 0..most {
            match (old.conditions.get(index), new.conditions.get(index)) {
                (Some(a), Some(b)) => self.compare_condition(a, b, (old, new), out),
                (Some(a), None) => {
                    let at = a[0].unwrap_or(old.site);
                    out.say(&CONDITION_REMOVED, at, new.site, "`if` is gone");
                }
                (None, Some(b)) => {
                    let at = b[0].unwrap_or(new.site);
                    out.say(&CONDITION_ADDED, old.site, at, "`if` is new");
                }
                (None, None) => {}
            }
        }
    }

    fn compare_condition(
        &mut self,
        a: &[Option<Id>; 3],
        b: &[Option<Id>; 3],
        shapes: (&Shape<'a>, &Shape<'a>),
        out: &mut Compared,
    ) {
        let owners = (shapes.0.site, shapes.1.site);
        let pair = |graph: &mut Self, index: usize| {
            let side = |ids: &[Option<Id>; 3]| -> Vec<Id> {
                ids.get(index).copied().flatten().into_iter().collect()
            };
            graph.pair_of(&side(a), &side(b), owners)
        };
        let condition = pair(self, 0);
        if !self.is_same(condition) {
            let at = (a[0].unwrap_or(owners.0), b[0].unwrap_or(owners.1));
            out.say(
                &CONDITION_CHANGED,
                at.0,
                at.1,
                "`if` asks for something else",
            );
            return;
        }
        for index in [1, 2] {
            let to = pair(self, index);
            out.edges.push((to, BOTH));
        }
    }

    /// Compares keywords that are not constraints: defaults, the life cycle, descriptions, extensions.
    fn compare_rest(&mut self, old: &Shape<'a>, new: &Shape<'a>, out: &mut Compared) {
        let default = match (old.default, new.default) {
            (None, Some(_)) => &DEFAULT_ADDED,
            (Some(_), None) => &DEFAULT_REMOVED,
            _ => &DEFAULT_CHANGED,
        };
        self.change(
            default,
            "default",
            (old.default, new.default),
            (old, new),
            out,
        );
        self.change(
            &ENCODING_CHANGED,
            "xml",
            (old.xml, new.xml),
            (old, new),
            out,
        );
        let closed = (old.closed, new.closed);
        self.change(&EXTENSION_CHANGED, "x-closed", closed, (old, new), out);
        let what = super::label(&self.new.tree, new.site);
        let places = (old.site, new.site);
        let (a, b) = (old.life.as_ref(), new.life.as_ref());
        let found = self.lives(&what, new.site, a, b, places, BOTH);
        out.found.extend(found);
        for (rule, before, after) in [
            (&DOCUMENTATION_CHANGED, &old.words, &new.words),
            (&EXTENSION_CHANGED, &old.extensions, &new.extensions),
            (&UNKNOWN_KEYWORD_CHANGED, &old.unknown, &new.unknown),
        ] {
            for (keyword, at) in before {
                let after = after.get(keyword).copied();
                self.change(rule, keyword, (Some(*at), after), (old, new), out);
            }
            for (keyword, at) in after {
                if !before.contains_key(keyword) {
                    self.change(rule, keyword, (None, Some(*at)), (old, new), out);
                }
            }
        }
        set(
            &old.elsewhere,
            &new.elsewhere,
            old,
            new,
            out,
            "the reference",
            |_, _| &REFERENCE_CHANGED,
        );
        self.compare_generic(old, new, out);
    }

    /// A schema with `x-type-parameter` stands for every schema with `x-record-type`, without naming them.
    fn compare_generic(&mut self, old: &Shape<'a>, new: &Shape<'a>, out: &mut Compared) {
        let generic = "x-type-parameter";
        if !old.extensions.contains_key(generic) || !new.extensions.contains_key(generic) {
            return;
        }
        let before = record_types(&self.old.tree);
        let after = record_types(&self.new.tree);
        for (name, a) in &before {
            match after.iter().find(|(other, _)| other == name) {
                Some((_, b)) => {
                    let pair = self.pair_of(&[*a], &[*b], (*a, *b));
                    out.edges.push((pair, BOTH));
                }
                None => out.say(&VARIANT_REMOVED, *a, new.site, format!("`{name}` is gone")),
            }
        }
        for (name, b) in &after {
            if !before.iter().any(|(other, _)| other == name) {
                out.say(
                    &EXTENSIBLE_VALUE_ADDED,
                    old.site,
                    *b,
                    format!("`{name}` is new"),
                );
            }
        }
    }
}

fn record_types<'a>(tree: &Tree<'a>) -> Vec<(&'a str, Id)> {
    tree.find("/components/schemas")
        .map(|schemas| tree.members(schemas))
        .into_iter()
        .flatten()
        .filter_map(|(_, id)| Some((tree.text(id, "x-record-type")?, id)))
        .collect()
}

fn compare_numbers(old: &Shape<'_>, new: &Shape<'_>, both: u8, out: &mut Compared) {
    if both & types::NUMBER == 0 {
        return;
    }
    for (before, after, lower, tightened, loosened) in [
        (
            &old.numbers.lower,
            &new.numbers.lower,
            true,
            &MINIMUM_TIGHTENED,
            &MINIMUM_LOOSENED,
        ),
        (
            &old.numbers.upper,
            &new.numbers.upper,
            false,
            &MAXIMUM_TIGHTENED,
            &MAXIMUM_LOOSENED,
        ),
    ] {
        let order = match (before, after) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(before), Some(after)) => after.against(before, lower),
        };
        let text = |bound: &Option<super::shape::Bound>| {
            bound
                .as_ref()
                .map_or_else(|| "without a bound".to_owned(), |bound| bound.text(lower))
        };
        let message = format!("was {} and is {}", text(before), text(after));
        let places = (
            before.as_ref().map_or(old.site, |bound| bound.at),
            after.as_ref().map_or(new.site, |bound| bound.at),
        );
        match order {
            Ordering::Greater => out.say(tightened, places.0, places.1, message),
            Ordering::Less => out.say(loosened, places.0, places.1, message),
            Ordering::Equal => {}
        }
    }
    compare_multiples(old, new, out);
}

fn compare_multiples(old: &Shape<'_>, new: &Shape<'_>, out: &mut Compared) {
    use super::shape::is_multiple;
    let (before, after) = (&old.numbers.multiples, &new.numbers.multiples);
    // Whether multiples of the old number are multiples of the new one, and the other way round.
    let tightened = after
        .iter()
        .find(|(new, _)| !before.iter().any(|(old, _)| is_multiple(old, new)));
    let loosened = before
        .iter()
        .find(|(old, _)| !after.iter().any(|(new, _)| is_multiple(new, old)));
    let text = |all: &[(&serde_json::Number, Id)]| match all.first() {
        Some((number, _)) => number.to_string(),
        None => "nothing".to_owned(),
    };
    let message = format!("multipleOf was {} and is {}", text(before), text(after));
    let places = (
        before.first().map_or(old.site, |(_, at)| *at),
        after.first().map_or(new.site, |(_, at)| *at),
    );
    let rule = match (tightened, loosened) {
        (None, None) => return,
        (Some(_), None) => &MULTIPLE_OF_TIGHTENED,
        (None, Some(_)) => &MULTIPLE_OF_LOOSENED,
        (Some(_), Some(_)) => &MULTIPLE_OF_CHANGED,
    };
    out.say(rule, places.0, places.1, message);
}

/// Formats of numbers that hold all values of another.
const WIDER: [(&str, &str); 6] = [
    ("int32", "int64"),
    ("int32", "int53"),
    ("int53", "int64"),
    ("float", "double"),
    ("int16", "int32"),
    ("int8", "int32"),
];

fn compare_formats(old: &Shape<'_>, new: &Shape<'_>, out: &mut Compared) {
    set(
        &old.formats,
        &new.formats,
        old,
        new,
        out,
        "the format",
        |lost, gained| {
            let pair = (old.formats.keys().next(), new.formats.keys().next());
            match (lost, gained, pair) {
                (true, true, (Some(a), Some(b))) if WIDER.contains(&(*a, *b)) => &FORMAT_WIDENED,
                (true, true, (Some(a), Some(b))) if WIDER.contains(&(*b, *a)) => &FORMAT_NARROWED,
                (true, true, _) => &FORMAT_CHANGED,
                (true, false, _) => &FORMAT_REMOVED,
                _ => &FORMAT_ADDED,
            }
        },
    );
}

/// Compares sets of texts that must all hold; the rule depends on whether some were removed and some added.
fn set(
    before: &Texts<'_>,
    after: &Texts<'_>,
    old: &Shape<'_>,
    new: &Shape<'_>,
    out: &mut Compared,
    what: &str,
    rule: impl Fn(bool, bool) -> &'static Rule,
) {
    let lost = before.iter().find(|(text, _)| !after.contains_key(*text));
    let gained = after.iter().find(|(text, _)| !before.contains_key(*text));
    if lost.is_none() && gained.is_none() {
        return;
    }
    let message = match (lost, gained) {
        (Some((before, _)), Some((after, _))) => {
            format!("{what} was `{before}` and is `{after}`")
        }
        (Some((before, _)), None) => format!("{what} `{before}` is gone"),
        (None, Some((after, _))) => format!("{what} `{after}` is new"),
        (None, None) => String::new(),
    };
    let places = (
        lost.map_or(old.site, |(_, at)| *at),
        gained.map_or(new.site, |(_, at)| *at),
    );
    let rule = rule(lost.is_some(), gained.is_some());
    out.say(rule, places.0, places.1, message);
}

/// The old and new value of a keyword in a few words.
pub(super) fn said(keyword: &str, before: Option<&str>, after: Option<&str>) -> String {
    let short = |text: &str| {
        if text.chars().count() > 60 {
            let head: String = text.chars().take(57).collect();
            format!("{head}...")
        } else {
            text.to_owned()
        }
    };
    match (before, after) {
        (Some(before), Some(after)) => {
            let (a, b) = (short(before), short(after));
            if a == b {
                format!("`{keyword}` changed")
            } else {
                format!("`{keyword}` was {a} and is {b}")
            }
        }
        (Some(before), None) => format!("`{keyword}` is gone: {}", short(before)),
        (None, Some(after)) => format!("`{keyword}` is new: {}", short(after)),
        (None, None) => format!("`{keyword}` is the same"),
    }
}
