//! `oneOf` and `anyOf`: matches old and new variants, and finds added and removed ones. If only one may match, a wider
//! variant can make a value match two; that is judged after all variants are compared.

mod matching;

use super::Compared;
use crate::diff::graph::{BOTH, Graph, KeyId, PairId, REQUEST, RESPONSE, Raw, Side};
use crate::diff::rules::*;
use crate::diff::shape::{Key, Part, Shape, Union, types};
use crate::diff::tree::{Id, Tree};
use matching::{Label, matches};

/// The most variants of a union.
const MOST_VARIANTS: usize = 200;

/// Two unions with matched variants.
#[derive(Debug)]
pub(in crate::diff) struct UnionPair {
    old: Half,
    new: Half,
    /// Old and new variant, by index, and their comparison.
    matched: Vec<(usize, usize, PairId)>,
}

#[derive(Debug)]
struct Half {
    at: Id,
    variants: Vec<KeyId>,
    /// Exactly one may match, and only the schemas decide which.
    exclusive: bool,
    one_of: bool,
    /// Whether it is a union at all.
    is_union: bool,
}

impl<'a> Graph<'a> {
    pub(super) fn compare_unions(
        &mut self,
        old_key: KeyId,
        new_key: KeyId,
        old: &Shape<'a>,
        new: &Shape<'a>,
        out: &mut Compared,
    ) {
        let (a, b) = (old.unions.first(), new.unions.first());
        let at = (
            a.map_or(old.site, |union| union.at),
            b.map_or(new.site, |union| union.at),
        );
        let null = (
            is_nullable(&mut self.old, old, 0),
            is_nullable(&mut self.new, new, 0),
        );
        match null {
            (true, false) => out.say(&NULLABLE_REMOVED, at.0, at.1, "null was valid and is not"),
            (false, true) => out.say(&NULLABLE_ADDED, at.0, at.1, "null was not valid and is"),
            _ => {}
        }
        let mut old_half = half(&mut self.old, old_key, a, old.site);
        let mut new_half = half(&mut self.new, new_key, b, new.site);
        if a.is_none() {
            split(
                &mut self.old,
                &mut self.new,
                old_key,
                &mut old_half,
                &new_half,
            );
        }
        if b.is_none() {
            split(
                &mut self.new,
                &mut self.old,
                new_key,
                &mut new_half,
                &old_half,
            );
        }
        if let (Some(a), Some(b)) = (a, b) {
            compare_discriminators(a, b, out);
        }
        let pairs = self.brought_together(a, b, &old_half, &new_half);
        self.work += old_half.variants.len() + new_half.variants.len();
        let mut matched = Vec::new();
        for (i, j) in pairs {
            let (Some(x), Some(y)) = (old_half.variants.get(i), new_half.variants.get(j)) else {
                continue;
            };
            let pair = self.pair(*x, *y);
            out.edges.push((pair, BOTH));
            matched.push((i, j, pair));
            if let (Some(a), Some(b)) = (a, b) {
                self.compare_chosen(a, b, (i, j), out);
            }
        }
        self.leave(&old_half, &new_half, &matched, (a, b), out);
        out.unions.push(UnionPair {
            old: old_half,
            new: new_half,
            matched,
        });
    }

    fn brought_together(
        &mut self,
        a: Option<&Union<'a>>,
        b: Option<&Union<'a>>,
        old: &Half,
        new: &Half,
    ) -> Vec<(usize, usize)> {
        let labels = |side: &mut Side<'a>, union: Option<&Union<'a>>, half: &Half| -> Vec<Label> {
            half.variants
                .iter()
                .enumerate()
                .map(|(index, key)| {
                    let variant =
                        union.and_then(|union| Some((union, *union.variants.get(index)?)));
                    Label::of(side, variant, *key)
                })
                .collect()
        };
        let x = labels(&mut self.old, a, old);
        let y = labels(&mut self.new, b, new);
        matches(&x, &y, &mut |i, j| {
            let (Some(x), Some(y)) = (old.variants.get(i), new.variants.get(j)) else {
                return false;
            };
            let pair = self.pair(*x, *y);
            self.is_same(pair)
        })
    }

    /// The variants that have no counterpart.
    fn leave(
        &mut self,
        old: &Half,
        new: &Half,
        matched: &[(usize, usize, PairId)],
        unions: (Option<&Union<'a>>, Option<&Union<'a>>),
        out: &mut Compared,
    ) {
        let single = (
            old.variants.len() == 1 && !old.is_union,
            new.variants.len() == 1 && !new.is_union,
        );
        for (i, key) in old.variants.iter().enumerate() {
            if matched.iter().any(|(known, _, _)| *known == i) {
                continue;
            }
            // Values of this variant that callers could send must fit the one remaining schema.
            if let (true, Some(only)) = (single.1, new.variants.first()) {
                let pair = self.pair(*key, *only);
                out.edges.push((pair, REQUEST));
                continue;
            }
            let name = variant_name(&self.old.tree, unions.0, i);
            let place = variant_place(unions.0, i, old.at);
            out.say(
                &VARIANT_REMOVED,
                place,
                new.at,
                format!("the variant {name} is gone"),
            );
        }
        for (j, key) in new.variants.iter().enumerate() {
            if matched.iter().any(|(_, known, _)| *known == j) {
                continue;
            }
            if let (true, Some(only)) = (single.0, old.variants.first()) {
                let pair = self.pair(*only, *key);
                out.edges.push((pair, RESPONSE));
                continue;
            }
            let name = variant_name(&self.new.tree, unions.1, j);
            let place = variant_place(unions.1, j, new.at);
            out.say(
                &VARIANT_ADDED,
                old.at,
                place,
                format!("the variant {name} is new"),
            );
        }
    }

    /// Compares the discriminator values that choose a variant.
    fn compare_chosen(
        &mut self,
        a: &Union<'a>,
        b: &Union<'a>,
        (i, j): (usize, usize),
        out: &mut Compared,
    ) {
        let (Some(&x), Some(&y)) = (a.variants.get(i), b.variants.get(j)) else {
            return;
        };
        let before = a.chosen_by(&self.old.tree, x);
        let after = b.chosen_by(&self.new.tree, y);
        if before.is_empty() || after.is_empty() {
            return;
        }
        let lost: Vec<&str> = before
            .iter()
            .filter(|v| !after.contains(v))
            .copied()
            .collect();
        let gained: Vec<&str> = after
            .iter()
            .filter(|v| !before.contains(v))
            .copied()
            .collect();
        if !lost.is_empty() {
            let message = format!(
                "the variant was chosen by {} and is by {}",
                before.join(", "),
                after.join(", ")
            );
            out.say(&DISCRIMINATOR_VALUE_CHANGED, x, y, message);
        } else if !gained.is_empty() {
            let message = format!("the variant is chosen by {}, too", gained.join(", "));
            out.say(&VARIANT_ADDED, x, y, message);
        }
    }

    /// If only one variant may match, finds changed variants of which two can match.
    pub(in crate::diff) fn overlaps(&mut self, changed: &[bool]) {
        for index in 0..self.pairs.len() {
            let unions = match self.pairs.get_mut(index) {
                Some(pair) if !pair.unions.is_empty() => std::mem::take(&mut pair.unions),
                _ => continue,
            };
            let mut found = Vec::new();
            for union in &unions {
                self.overlap(union, changed, &mut found);
            }
            if let Some(pair) = self.pairs.get_mut(index) {
                pair.found.append(&mut found);
            }
        }
    }

    fn overlap(&mut self, union: &UnionPair, changed: &[bool], found: &mut Vec<Raw>) {
        let (old, new) = (&union.old, &union.new);
        let dirty = |pair: &PairId| changed.get(*pair as usize).copied().unwrap_or(true);
        let kept_old = |i: usize| union.matched.iter().any(|(k, _, p)| *k == i && !dirty(p));
        let kept_new = |j: usize| union.matched.iter().any(|(_, k, p)| *k == j && !dirty(p));
        let mut say = |rule: &'static Rule, mask: u8, message: &str| {
            found.push(Raw {
                rule,
                old: old.at,
                new: new.at,
                message: message.to_owned(),
                mask,
            });
        };
        // Two variants of which at least one changed.
        if new.one_of == old.one_of || !old.is_union || !new.is_union {
            if new.exclusive
                && self.meet(true, &new.variants, &|i, j| !(kept_new(i) && kept_new(j)))
            {
                say(
                    &VARIANTS_MAY_OVERLAP,
                    REQUEST,
                    "a value may match two of the new variants",
                );
            }
            if old.exclusive
                && self.meet(false, &old.variants, &|i, j| !(kept_old(i) && kept_old(j)))
            {
                say(
                    &VARIANTS_MAY_OVERLAP,
                    RESPONSE,
                    "a value may match two of the old variants",
                );
            }
        } else if new.exclusive {
            if self.meet(true, &new.variants, &|_, _| true) {
                say(
                    &ANY_OF_BECAME_ONE_OF,
                    BOTH,
                    "a value that matches two variants is refused",
                );
            }
        } else if old.exclusive && self.meet(false, &old.variants, &|_, _| true) {
            say(
                &ONE_OF_BECAME_ANY_OF,
                BOTH,
                "a value that matches two variants is valid",
            );
        }
    }

    /// Whether two of the given variants can match the same value.
    fn meet(
        &mut self,
        new: bool,
        variants: &[KeyId],
        asked: &dyn Fn(usize, usize) -> bool,
    ) -> bool {
        if variants.len() > MOST_VARIANTS {
            return true;
        }
        let side = if new { &mut self.new } else { &mut self.old };
        for (i, a) in variants.iter().enumerate() {
            for (j, b) in variants.iter().enumerate().skip(i + 1) {
                self.work += 1;
                if asked(i, j) && !are_apart(side, *a, *b, 0) {
                    return true;
                }
            }
        }
        false
    }
}

fn compare_discriminators(a: &Union<'_>, b: &Union<'_>, out: &mut Compared) {
    match (&a.discriminator, &b.discriminator) {
        (Some(x), Some(y)) if x.property != y.property => {
            let message = format!(
                "`{}` chose the variant and `{}` does",
                x.property, y.property
            );
            out.say(&DISCRIMINATOR_CHANGED, x.at, y.at, message);
        }
        (None, Some(y)) => {
            let message = format!("`{}` chooses the variant", y.property);
            out.say(&DISCRIMINATOR_ADDED, a.at, y.at, message);
        }
        (Some(x), None) => {
            let message = format!("`{}` no longer chooses the variant", x.property);
            out.say(&DISCRIMINATOR_REMOVED, x.at, b.at, message);
        }
        _ => {}
    }
}

/// Each variant with the constraints beside the union; a schema without a union is its only variant.
fn half(side: &mut Side<'_>, key: KeyId, union: Option<&Union<'_>>, site: Id) -> Half {
    let whole = side.parts(key);
    let mask = whole.mask & !types::NULL;
    let Some(union) = union else {
        let only = side.key_of_parts(&whole.parts, mask, site);
        return Half {
            at: site,
            variants: vec![only],
            exclusive: false,
            one_of: false,
            is_union: false,
        };
    };
    let base = whole.without(union);
    let variants = union
        .variants
        .iter()
        .map(|variant| {
            let mut parts = base.clone();
            parts.push(Part {
                id: *variant,
                flags: 0,
            });
            side.key_of_parts(&parts, mask, union.at)
        })
        .collect();
    Half {
        at: union.at,
        variants,
        exclusive: union.keyword == "oneOf" && union.discriminator.is_none(),
        one_of: union.keyword == "oneOf",
        is_union: true,
    }
}

/// Compares a schema of several types with variants of one type each, type by type.
fn split<'a>(
    side: &mut Side<'a>,
    other: &mut Side<'a>,
    key: KeyId,
    half: &mut Half,
    against: &Half,
) {
    const GROUPS: [u8; 5] = [
        types::BOOLEAN,
        types::TEXT,
        types::NUMBER,
        types::LIST,
        types::MAP,
    ];
    let mut taken = 0;
    for variant in &against.variants {
        let bits = other.shape(*variant).types;
        let group = GROUPS
            .iter()
            .find(|group| bits != 0 && bits & !**group == 0);
        match group {
            Some(group) if taken & group == 0 => taken |= group,
            _ => return,
        }
    }
    let shape = side.shape(key);
    let groups: Vec<u8> = GROUPS
        .iter()
        .copied()
        .filter(|group| shape.types & group != 0)
        .collect();
    if groups.len() < 2 || shape.types & !types::NULL & !taken != 0 {
        return;
    }
    let whole: std::rc::Rc<Key> = side.parts(key);
    half.variants = groups
        .into_iter()
        .map(|group| side.key_of_parts(&whole.parts, whole.mask & group, shape.site))
        .collect();
}

fn is_nullable<'a>(side: &mut Side<'a>, shape: &Shape<'a>, depth: usize) -> bool {
    if shape.types & types::NULL == 0 || depth > 8 {
        return false;
    }
    shape.unions.iter().all(|union| {
        let by_variant = union.variants.iter().filter(|variant| {
            let key = side.key(&[**variant], union.at);
            let variant = side.shape(key);
            is_nullable(side, &variant, depth + 1)
        });
        let ways = usize::from(union.null) + by_variant.count();
        ways == 1 || ways > 1 && union.keyword == "anyOf"
    })
}

/// Whether no value can match both; false if that is not obvious.
fn are_apart<'a>(side: &mut Side<'a>, a: KeyId, b: KeyId, depth: usize) -> bool {
    let (x, y) = (side.shape(a), side.shape(b));
    let common = x.types & y.types & !types::NULL;
    if common == 0 {
        return true;
    }
    if let (Some(p), Some(q)) = (&x.values, &y.values)
        && !p.values.iter().any(|value| q.has(&value.text))
    {
        return true;
    }
    if common != types::MAP || depth > 3 {
        return false;
    }
    let apart = |side: &mut Side<'a>, name: &str| {
        let (p, q) = (x.maps.slot(name), y.maps.slot(name));
        if p.refused || q.refused {
            return true;
        }
        if p.schemas.is_empty() || q.schemas.is_empty() {
            return false;
        }
        let (p, q) = (side.key(&p.schemas, x.site), side.key(&q.schemas, y.site));
        are_apart(side, p, q, depth + 1) && !(null_in_both(side, p, q))
    };
    let required: Vec<&str> = x
        .maps
        .required
        .keys()
        .chain(y.maps.required.keys())
        .copied()
        .collect();
    required.into_iter().any(|name| {
        let both = x.maps.required.contains_key(name) && y.maps.required.contains_key(name);
        let (p, q) = (x.maps.slot(name), y.maps.slot(name));
        let one_refuses = x.maps.required.contains_key(name) && q.refused
            || y.maps.required.contains_key(name) && p.refused;
        one_refuses || both && apart(side, name)
    })
}

fn null_in_both<'a>(side: &mut Side<'a>, a: KeyId, b: KeyId) -> bool {
    let (a, b) = (side.shape(a), side.shape(b));
    is_nullable(side, &a, 0) && is_nullable(side, &b, 0)
}

fn variant_place(union: Option<&Union<'_>>, index: usize, otherwise: Id) -> Id {
    let variant = union.and_then(|union| union.variants.get(index));
    variant.copied().unwrap_or(otherwise)
}

fn variant_name(tree: &Tree<'_>, union: Option<&Union<'_>>, index: usize) -> String {
    let variant = union.and_then(|union| union.variants.get(index)).copied();
    let text = variant.and_then(|id| {
        let name = tree
            .text(id, "$ref")
            .map(|text| text.rsplit('/').next().unwrap_or(text));
        name.or_else(|| tree.text(id, "title"))
            .or_else(|| tree.text(id, "type"))
    });
    match text {
        Some(text) => format!("`{text}`"),
        None => format!("{}", index + 1),
    }
}
