//! Lists: their items and their constraints.

use super::Compared;
use crate::diff::graph::{BOTH, Graph};
use crate::diff::rules::*;
use crate::diff::shape::Shape;
use crate::diff::tree::{Id, Tree};
use crate::source::Content;

impl<'a> Graph<'a> {
    pub(super) fn compare_lists(&mut self, old: &Shape<'a>, new: &Shape<'a>, out: &mut Compared) {
        let (a, b) = (&old.lists, &new.lists);
        let sites = (old.site, new.site);
        for index in 0..a.first().max(b.first()) {
            self.work += 1;
            self.lead(a.item(index), b.item(index), sites, out);
        }
        self.lead(a.rest(), b.rest(), sites, out);
        match (a.unique, b.unique) {
            (None, Some(at)) => {
                out.say(&UNIQUE_ITEMS_ADDED, sites.0, at, "`uniqueItems` is new");
            }
            (Some(at), None) => {
                out.say(&UNIQUE_ITEMS_REMOVED, at, sites.1, "`uniqueItems` is gone");
            }
            _ => {}
        }
        for index in 0..a.contains.len().max(b.contains.len()) {
            match (a.contains.get(index), b.contains.get(index)) {
                (None, Some(b)) => {
                    out.say(&CONTAINS_ADDED, sites.0, b.schema, "`contains` is new");
                }
                (Some(a), None) => {
                    out.say(&CONTAINS_REMOVED, a.schema, sites.1, "`contains` is gone");
                }
                (Some(a), Some(b)) => {
                    let pair = self.pair_of(&[a.schema], &[b.schema], sites);
                    let counts = (a.least, a.most) == (b.least, b.most);
                    if counts && a.most.is_none() {
                        out.edges.push((pair, BOTH));
                    } else if !counts || !self.is_same(pair) {
                        let message = "`contains` asks for others, or for another number of them";
                        out.say(&CONTAINS_CHANGED, a.schema, b.schema, message);
                    }
                }
                (None, None) => {}
            }
        }
        self.compare_unevaluated("unevaluatedItems", a.unevaluated, b.unevaluated, sites, out);
    }

    /// Adds an edge to the schemas inside, unless neither side has any.
    pub(super) fn lead(&mut self, a: Vec<Id>, b: Vec<Id>, sites: (Id, Id), out: &mut Compared) {
        if !a.is_empty() || !b.is_empty() {
            let pair = self.pair_of(&a, &b, sites);
            out.edges.push((pair, BOTH));
        }
    }

    pub(super) fn compare_unevaluated(
        &mut self,
        keyword: &str,
        a: Option<Id>,
        b: Option<Id>,
        sites: (Id, Id),
        out: &mut Compared,
    ) {
        let says = |tree: &Tree<'_>, at: &Id| !matches!(tree.content(*at), Content::Bool(true));
        let a = a.filter(|at| says(&self.old.tree, at));
        let b = b.filter(|at| says(&self.new.tree, at));
        match (a, b) {
            (None, None) => {}
            (None, Some(at)) => {
                let message = format!("`{keyword}` is new");
                out.say(&UNEVALUATED_REFUSED, sites.0, at, message);
            }
            (Some(at), None) => {
                let message = format!("`{keyword}` is gone");
                out.say(&UNEVALUATED_ALLOWED, at, sites.1, message);
            }
            (Some(a), Some(b)) => {
                let pair = self.pair_of(&[a], &[b], sites);
                out.edges.push((pair, BOTH));
            }
        }
    }
}
