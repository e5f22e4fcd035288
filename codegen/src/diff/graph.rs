//! Pairs of corresponding schemas. Each pair is compared once, however often it is used. A pair has its own differences
//! and the pairs to which it leads; its users are determined afterwards.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;

use super::life::{Announcement, Calendar, Life};
use super::rules::{DOCUMENTATION_CHANGED, EXTENSION_CHANGED, Rule, TOO_ENTANGLED};
use super::shape::{Key, Part, Shape};
use super::tree::{Id, Tree};
use crate::document::Date;

pub(super) const REQUEST: u8 = 1;
pub(super) const RESPONSE: u8 = 2;
pub(super) const BOTH: u8 = REQUEST | RESPONSE;

/// The most pairs; only contrived contracts have more.
const MOST_PAIRS: usize = 1_000_000;
/// The deepest nesting of trial comparisons.
const DEEPEST_TRIAL: usize = 24;

pub(super) type PairId = u32;
pub(super) type KeyId = u32;

/// A change before it is judged; the operations are not known yet.
#[derive(Debug, Clone)]
pub(super) struct Raw {
    pub(super) rule: &'static Rule,
    pub(super) old: Id,
    pub(super) new: Id,
    pub(super) message: String,
    /// The directions in which the change counts.
    pub(super) mask: u8,
}

/// One of the two documents.
pub(super) struct Side<'a> {
    pub(super) tree: Tree<'a>,
    ids: HashMap<Key, KeyId>,
    keys: Vec<Rc<Key>>,
    shapes: Vec<Option<Rc<Shape<'a>>>>,
}

impl<'a> Side<'a> {
    pub(super) fn new(tree: Tree<'a>) -> Side<'a> {
        Side {
            tree,
            ids: HashMap::new(),
            keys: Vec::new(),
            shapes: Vec::new(),
        }
    }

    /// The schema that these places form together.
    pub(super) fn key(&mut self, ids: &[Id], owner: Id) -> KeyId {
        let key = Key::of(&self.tree, ids, owner);
        self.intern(key)
    }

    pub(super) fn key_of_parts(&mut self, parts: &[Part], mask: u8, owner: Id) -> KeyId {
        let key = Key::of_parts(&self.tree, parts, mask, owner);
        self.intern(key)
    }

    fn intern(&mut self, key: Key) -> KeyId {
        match self.ids.entry(key) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(free) => {
                let id = self.keys.len() as KeyId;
                self.keys.push(Rc::new(free.key().clone()));
                self.shapes.push(None);
                free.insert(id);
                id
            }
        }
    }

    pub(super) fn parts(&self, key: KeyId) -> Rc<Key> {
        match self.keys.get(key as usize) {
            Some(key) => key.clone(),
            None => Rc::new(Key::of(&self.tree, &[], Tree::ROOT)),
        }
    }

    pub(super) fn shape(&mut self, key: KeyId) -> Rc<Shape<'a>> {
        if let Some(Some(shape)) = self.shapes.get(key as usize) {
            return shape.clone();
        }
        let shape = Rc::new(Shape::build(&self.tree, &self.parts(key)));
        if let Some(slot) = self.shapes.get_mut(key as usize) {
            *slot = Some(shape.clone());
        }
        shape
    }
}

#[derive(Debug, Default)]
pub(super) struct Pair {
    pub(super) old: KeyId,
    pub(super) new: KeyId,
    compared: bool,
    pub(super) found: Vec<Raw>,
    pub(super) edges: Vec<(PairId, u8)>,
    pub(super) unions: Vec<super::schema::UnionPair>,
    same: Option<bool>,
}

pub(super) struct Graph<'a> {
    pub(super) old: Side<'a>,
    pub(super) new: Side<'a>,
    pub(super) calendar: Calendar,
    ids: HashMap<(KeyId, KeyId), PairId>,
    pub(super) pairs: Vec<Pair>,
    open: Vec<PairId>,
    trials: usize,
    /// Things in both documents that the old one announces to remove, for comparisons with releases.
    pub(super) announced: Vec<(Id, Announcement)>,
    /// The day of the old document.
    pub(super) released: Option<Date>,
    /// Whether the old document is a preview.
    pub(super) preview: bool,
    /// The number of steps: pairs, and keywords and members within them.
    pub(super) work: usize,
}

impl<'a> Graph<'a> {
    pub(super) fn new(old: Side<'a>, new: Side<'a>, calendar: Calendar) -> Graph<'a> {
        let released = calendar.released;
        let preview = old.tree.is_preview();
        Graph {
            old,
            new,
            calendar,
            ids: HashMap::new(),
            pairs: Vec::new(),
            open: Vec::new(),
            trials: 0,
            announced: Vec::new(),
            released,
            preview,
            work: 0,
        }
    }

    pub(super) fn pair(&mut self, old: KeyId, new: KeyId) -> PairId {
        if let Some(id) = self.ids.get(&(old, new)) {
            return *id;
        }
        let id = self.pairs.len() as PairId;
        self.pairs.push(Pair {
            old,
            new,
            ..Pair::default()
        });
        self.ids.insert((old, new), id);
        self.open.push(id);
        id
    }

    /// The pair of two places, of which either may be empty, so that any value is valid.
    pub(super) fn pair_of(&mut self, old: &[Id], new: &[Id], owners: (Id, Id)) -> PairId {
        let old = self.old.key(old, owners.0);
        let new = self.new.key(new, owners.1);
        self.pair(old, new)
    }

    /// Compares all known pairs, and those to which they lead.
    pub(super) fn run(&mut self) {
        while let Some(id) = self.open.pop() {
            self.compare_pair(id);
        }
    }

    fn compare_pair(&mut self, id: PairId) {
        let Some(pair) = self.pairs.get_mut(id as usize) else {
            return;
        };
        if std::mem::replace(&mut pair.compared, true) {
            return;
        }
        let (old, new) = (pair.old, pair.new);
        self.work += 1;
        let result = if self.pairs.len() > MOST_PAIRS {
            let sites = (self.old.parts(old).site(), self.new.parts(new).site());
            let mut result = super::schema::Compared::default();
            result.found.push(Raw {
                rule: &TOO_ENTANGLED,
                old: sites.0,
                new: sites.1,
                message: "the schemas lead to too many others".to_owned(),
                mask: BOTH,
            });
            result
        } else {
            self.compare(old, new)
        };
        self.work += result.edges.len();
        if let Some(pair) = self.pairs.get_mut(id as usize) {
            pair.found = result.found;
            pair.edges = result.edges;
            pair.unions = result.unions;
        }
    }

    /// Whether two schemas allow the same values, including all schemas to which they lead. A pair that is being
    /// compared at the moment counts as equal; its own comparison finds its differences.
    pub(super) fn is_same(&mut self, pair: PairId) -> bool {
        if let Some(Some(same)) = self.pairs.get(pair as usize).map(|pair| pair.same) {
            return same;
        }
        if self.trials >= DEEPEST_TRIAL {
            return false;
        }
        self.trials += 1;
        let mut passed = vec![pair];
        let mut seen: std::collections::HashSet<PairId> = passed.iter().copied().collect();
        let mut next = 0;
        let mut same = true;
        while let Some(&id) = passed.get(next) {
            next += 1;
            self.work += 1;
            self.compare_pair(id);
            let Some(pair) = self.pairs.get(id as usize) else {
                break;
            };
            if pair.same == Some(true) {
                continue;
            }
            if pair.same == Some(false) || pair.found.iter().any(|raw| is_about_values(raw.rule)) {
                same = false;
                break;
            }
            for (to, _) in &pair.edges {
                if seen.insert(*to) {
                    passed.push(*to);
                }
            }
        }
        self.trials -= 1;
        if same && self.trials == 0 {
            for id in passed {
                if let Some(pair) = self.pairs.get_mut(id as usize) {
                    pair.same = Some(true);
                }
            }
        } else if !same && let Some(pair) = self.pairs.get_mut(pair as usize) {
            pair.same = Some(false);
        }
        same
    }

    /// Judges the deprecation of a thing in both documents, and records the announcement of the old one.
    pub(super) fn lives(
        &mut self,
        what: &str,
        element: Id,
        old: Option<&Life<'_>>,
        new: Option<&Life<'_>>,
        places: (Id, Id),
        mask: u8,
    ) -> Vec<Raw> {
        if let Some(life) = old {
            let announcement = Announcement {
                released: self.released,
                announced: life.announced,
            };
            self.announced.push((element, announcement));
        }
        let place = (
            old.map_or(places.0, |life| life.at),
            new.map_or(places.1, |life| life.at),
        );
        let kept = self.calendar.kept(old, new);
        kept.into_iter()
            .map(|(rule, message)| Raw {
                rule,
                old: place.0,
                new: place.1,
                message: format!("{what} {message}"),
                mask,
            })
            .collect()
    }
}

/// Whether a rule is about valid values, and not about descriptions.
pub(super) fn is_about_values(rule: &'static Rule) -> bool {
    !std::ptr::eq(rule, &DOCUMENTATION_CHANGED) && !std::ptr::eq(rule, &EXTENSION_CHANGED)
}
