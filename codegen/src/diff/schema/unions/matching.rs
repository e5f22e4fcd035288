//! Matches the variants of two unions: by discriminator, by name, by equality, by likeness.

use std::collections::BTreeSet;

use crate::diff::graph::{KeyId, Side};
use crate::diff::shape::{Union, types};
use crate::diff::tree::Id;

/// The most trial comparisons for one union, since they take time.
const MOST_TRIALS: usize = 256;

/// The marks that distinguish a variant from the others.
#[derive(Debug, Default)]
pub(super) struct Label {
    /// Values of the discriminator.
    chosen: Vec<String>,
    /// The component that it refers to.
    name: Option<String>,
    title: Option<String>,
    /// Required properties with one value each.
    tags: BTreeSet<String>,
    properties: BTreeSet<String>,
    types: u8,
}

impl Label {
    pub(super) fn of<'a>(
        side: &mut Side<'a>,
        variant: Option<(&Union<'a>, Id)>,
        key: KeyId,
    ) -> Label {
        let shape = side.shape(key);
        let mut label = Label {
            types: shape.types,
            properties: shape.maps.named().map(str::to_owned).collect(),
            ..Label::default()
        };
        if let Some((union, id)) = variant {
            let chosen = union.chosen_by(&side.tree, id);
            label.chosen = chosen.into_iter().map(str::to_owned).collect();
            label.name = side.tree.text(id, "$ref").map(str::to_owned);
            label.title = side
                .tree
                .text(side.tree.follow(id), "title")
                .map(str::to_owned);
        }
        for name in shape.maps.required.keys() {
            let slot = shape.maps.slot(name);
            let Some(at) = slot.named else { continue };
            let key = side.key(&slot.schemas, at);
            if let Some(values) = &side.shape(key).values
                && let [value] = values.values.as_slice()
            {
                label.tags.insert(format!("{name}={}", value.text));
            }
        }
        label
    }

    /// The likeness of two variants, from 0 to 1,000; None if they have no common type.
    fn likeness(&self, other: &Label) -> Option<usize> {
        if self.types & other.types == 0 {
            return None;
        }
        if self.types & other.types != types::MAP {
            return Some(1_000);
        }
        let all = self.properties.union(&other.properties).count();
        let common = self.properties.intersection(&other.properties).count();
        Some((common * 1_000).checked_div(all).unwrap_or(1_000))
    }
}

/// The pairs of variants, each variant at most once.
pub(super) fn matches(
    old: &[Label],
    new: &[Label],
    same: &mut dyn FnMut(usize, usize) -> bool,
) -> Vec<(usize, usize)> {
    let mut found = Found {
        pairs: Vec::new(),
        old: vec![false; old.len()],
        new: vec![false; new.len()],
    };
    found.by(old, new, |label| label.chosen.clone());
    found.by(old, new, |label| label.name.iter().cloned().collect());
    found.by(old, new, |label| label.tags.iter().cloned().collect());
    found.by(old, new, |label| label.title.iter().cloned().collect());
    let mut trials = 0;
    for i in found.left(&found.old) {
        for j in found.left(&found.new) {
            trials += 1;
            if trials <= MOST_TRIALS && found.is_free(i, j) && same(i, j) {
                found.take(i, j);
            }
        }
    }
    let single = old.len() == 1 || new.len() == 1;
    let mut ranked: Vec<(usize, usize, usize)> = Vec::new();
    let (left, right) = (found.left(&found.old), found.left(&found.new));
    for &i in left.iter().take(MOST_TRIALS) {
        for &j in right.iter().take(MOST_TRIALS) {
            if let (Some(a), Some(b)) = (old.get(i), new.get(j)) {
                match a.likeness(b) {
                    Some(likeness) if likeness >= 500 || single => ranked.push((likeness, i, j)),
                    None if single => ranked.push((0, i, j)),
                    _ => {}
                }
            }
        }
    }
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    for (_, i, j) in ranked {
        found.take(i, j);
    }
    found.pairs
}

struct Found {
    pairs: Vec<(usize, usize)>,
    old: Vec<bool>,
    new: Vec<bool>,
}

impl Found {
    fn left(&self, taken: &[bool]) -> Vec<usize> {
        (0..taken.len())
            .filter(|index| taken.get(*index) == Some(&false))
            .collect()
    }

    fn is_free(&self, i: usize, j: usize) -> bool {
        self.old.get(i) == Some(&false) && self.new.get(j) == Some(&false)
    }

    fn take(&mut self, i: usize, j: usize) {
        if !self.is_free(i, j) {
            return;
        }
        if let (Some(a), Some(b)) = (self.old.get_mut(i), self.new.get_mut(j)) {
            *a = true;
            *b = true;
            self.pairs.push((i, j));
        }
    }

    /// Pairs variants that share a mark which no other variant of their side has.
    fn by(&mut self, old: &[Label], new: &[Label], marks: impl Fn(&Label) -> Vec<String>) {
        use std::collections::BTreeMap;
        let index = |labels: &[Label]| {
            let mut index: BTreeMap<String, Option<usize>> = BTreeMap::new();
            for (at, label) in labels.iter().enumerate() {
                for mark in marks(label) {
                    index
                        .entry(mark)
                        .and_modify(|known| *known = None)
                        .or_insert(Some(at));
                }
            }
            index
        };
        let (a, b) = (index(old), index(new));
        for (mark, i) in &a {
            if let (Some(i), Some(Some(j))) = (i, b.get(mark)) {
                self.take(*i, *j);
            }
        }
    }
}
