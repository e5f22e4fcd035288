//! Makes findings from changes: which operations use the changed thing, in which direction, and at which level. A
//! change that many operations see is one finding.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::finding::{Concerned, Direction, Finding, Level};
use super::graph::{Graph, PairId, REQUEST, RESPONSE, Raw, is_about_values};
use super::rules::Rule;
use super::tree::Id;
use super::walk::{Hit, Op};

/// The operations that see a change, by direction.
#[derive(Debug, Default, Clone)]
struct Users {
    request: BTreeSet<u32>,
    response: BTreeSet<u32>,
    /// The directions seen outside of operations.
    nobody: u8,
    /// The consumer that a change affects alone.
    consumer: Option<String>,
}

/// A set of operations as bits, those of requests first.
type Bits = Vec<u64>;

/// The pairs that operations reach, and these operations.
pub(super) struct Usage {
    /// The users of each pair; empty if no operation reaches it.
    users: Vec<Bits>,
    ops: usize,
}

impl Usage {
    /// Follows the edges from the roots, except to pairs that lead to no change.
    pub(super) fn of(graph: &mut Graph<'_>, roots: &[(PairId, u32, u8)], ops: usize) -> Usage {
        let mut usage = Usage {
            users: vec![Bits::new(); graph.pairs.len()],
            ops,
        };
        let leads = leads_to(graph, |raws| !raws.is_empty());
        let words = (2 * ops).div_ceil(64).max(1);
        let mut open: Vec<PairId> = Vec::new();
        for (pair, op, mask) in roots {
            if leads.get(*pair as usize) != Some(&true) {
                continue;
            }
            if usage.mark(*pair, words, |bits| {
                let mut changed = false;
                for (flag, offset) in [(REQUEST, 0), (RESPONSE, ops)] {
                    if mask & flag != 0 {
                        changed |= set(bits, *op as usize + offset);
                    }
                }
                changed
            }) {
                open.push(*pair);
            }
        }
        let order = order(graph, &open, &leads);
        // In depth-first order few rounds are needed, and only one without recursion.
        let mut changed = true;
        while changed {
            changed = false;
            for pair in &order {
                let Some(from) = usage.users.get(*pair as usize).cloned() else {
                    continue;
                };
                if from.is_empty() {
                    continue;
                }
                let edges = graph
                    .pairs
                    .get(*pair as usize)
                    .map(|pair| pair.edges.clone());
                for (to, mask) in edges.unwrap_or_default() {
                    graph.work += 1;
                    if leads.get(to as usize) == Some(&true) {
                        let passed = masked(&from, ops, mask);
                        changed |= usage.mark(to, words, |bits| merge(bits, &passed));
                    }
                }
            }
        }
        usage
    }

    fn mark(&mut self, pair: PairId, words: usize, with: impl FnOnce(&mut Bits) -> bool) -> bool {
        let Some(bits) = self.users.get_mut(pair as usize) else {
            return false;
        };
        if bits.is_empty() {
            bits.resize(words, 0);
        }
        with(bits)
    }

    fn of_pair(&self, pair: usize, mask: u8) -> Users {
        let mut users = Users::default();
        let Some(bits) = self.users.get(pair) else {
            return users;
        };
        for (word, value) in bits.iter().enumerate() {
            let mut value = *value;
            while value != 0 {
                let bit = word * 64 + value.trailing_zeros() as usize;
                value &= value - 1;
                if bit < self.ops {
                    if mask & REQUEST != 0 {
                        users.request.insert(bit as u32);
                    }
                } else if mask & RESPONSE != 0 {
                    users.response.insert((bit - self.ops) as u32);
                }
            }
        }
        users
    }
}

fn set(bits: &mut Bits, index: usize) -> bool {
    let Some(word) = bits.get_mut(index / 64) else {
        return false;
    };
    let before = *word;
    *word |= 1 << (index % 64);
    *word != before
}

fn merge(bits: &mut Bits, other: &Bits) -> bool {
    let mut changed = false;
    for (word, more) in bits.iter_mut().zip(other) {
        let before = *word;
        *word |= more;
        changed |= *word != before;
    }
    changed
}

fn masked(bits: &Bits, ops: usize, mask: u8) -> Bits {
    if mask == REQUEST | RESPONSE {
        return bits.clone();
    }
    let mut out = vec![0; bits.len()];
    for (word, value) in bits.iter().enumerate() {
        for bit in 0..64 {
            let index = word * 64 + bit;
            let flag = if index < ops { REQUEST } else { RESPONSE };
            if value & (1 << bit) != 0 && mask & flag != 0 {
                set(&mut out, index);
            }
        }
    }
    out
}

/// The pairs from which a change can be reached.
fn leads_to(graph: &Graph<'_>, counts: impl Fn(&[Raw]) -> bool) -> Vec<bool> {
    let mut back: Vec<Vec<PairId>> = vec![Vec::new(); graph.pairs.len()];
    let mut leads = vec![false; graph.pairs.len()];
    let mut open: Vec<PairId> = Vec::new();
    for (from, pair) in graph.pairs.iter().enumerate() {
        for (to, _) in &pair.edges {
            if let Some(list) = back.get_mut(*to as usize) {
                list.push(from as PairId);
            }
        }
        if counts(&pair.found) {
            if let Some(slot) = leads.get_mut(from) {
                *slot = true;
            }
            open.push(from as PairId);
        }
    }
    while let Some(pair) = open.pop() {
        for from in back.get(pair as usize).into_iter().flatten() {
            if let Some(slot) = leads.get_mut(*from as usize)
                && !*slot
            {
                *slot = true;
                open.push(*from);
            }
        }
    }
    leads
}

/// The pairs that allow different values.
pub(super) fn changed(graph: &Graph<'_>) -> Vec<bool> {
    leads_to(graph, |raws| {
        raws.iter().any(|raw| is_about_values(raw.rule))
    })
}

/// The pairs in reverse postorder of a depth-first search.
fn order(graph: &Graph<'_>, roots: &[PairId], leads: &[bool]) -> Vec<PairId> {
    let mut seen = vec![false; graph.pairs.len()];
    let mut left = Vec::new();
    for root in roots {
        let mut open: Vec<(PairId, usize)> = vec![(*root, 0)];
        if seen.get(*root as usize).copied().unwrap_or(true) {
            continue;
        }
        if let Some(slot) = seen.get_mut(*root as usize) {
            *slot = true;
        }
        while let Some((pair, next)) = open.pop() {
            let edges = graph
                .pairs
                .get(pair as usize)
                .map(|pair| pair.edges.as_slice());
            let Some((to, _)) = edges.and_then(|edges| edges.get(next)) else {
                left.push(pair);
                continue;
            };
            open.push((pair, next + 1));
            if leads.get(*to as usize) == Some(&true)
                && let Some(slot) = seen.get_mut(*to as usize)
                && !*slot
            {
                *slot = true;
                open.push((*to, 0));
            }
        }
    }
    left.reverse();
    left
}

/// All findings, the gravest first, then in the order of the new document.
pub(super) fn findings(
    graph: &Graph<'_>,
    ops: &[Op],
    hits: Vec<Hit>,
    usage: &Usage,
) -> Vec<Finding> {
    let mut all: BTreeMap<(&'static str, Id, Id, String), (&'static Rule, Users)> = BTreeMap::new();
    // Descriptions outside of operations count once; parts that no operation reaches are reported elsewhere.
    for hit in hits {
        let Raw {
            rule,
            old,
            new,
            message,
            mask,
        } = hit.raw;
        let (_, users) = all
            .entry((rule.id, old, new, message))
            .or_insert_with(|| (rule, Users::default()));
        users.consumer = hit.consumer.or(users.consumer.take());
        match hit.op {
            Some(op) => {
                if mask & REQUEST != 0 {
                    users.request.insert(op);
                }
                if mask & RESPONSE != 0 {
                    users.response.insert(op);
                }
            }
            None => users.nobody |= mask,
        }
    }
    for (index, pair) in graph.pairs.iter().enumerate() {
        if pair.found.is_empty() || usage.users.get(index).is_none_or(Vec::is_empty) {
            continue;
        }
        let mut known: HashMap<u8, Users> = HashMap::new();
        for raw in &pair.found {
            let users = known
                .entry(raw.mask)
                .or_insert_with(|| usage.of_pair(index, raw.mask));
            if users.request.is_empty() && users.response.is_empty() {
                continue;
            }
            let key = (raw.rule.id, raw.old, raw.new, raw.message.clone());
            let (_, all) = all
                .entry(key)
                .or_insert_with(|| (raw.rule, Users::default()));
            all.request.extend(&users.request);
            all.response.extend(&users.response);
        }
    }
    let orders = (graph.old.tree.order(), graph.new.tree.order());
    let rank = |order: &[u32], id: Id| order.get(id as usize).copied().unwrap_or_default();
    let mut findings: Vec<((u32, u32), Finding)> = all
        .into_iter()
        .map(|((_, old, new, message), (rule, users))| {
            let place = (rank(&orders.1, new), rank(&orders.0, old));
            let finding = finding(graph, ops, rule, (old, new), message, &users);
            (place, finding)
        })
        .collect();
    // The gravest first, then in the order of the documents.
    findings.sort_by(|(place, a), (other, b)| {
        b.level
            .cmp(&a.level)
            .then_with(|| place.cmp(other))
            .then_with(|| a.new.pointer.cmp(&b.new.pointer))
            .then_with(|| a.rule.id.cmp(b.rule.id))
            .then_with(|| a.message.cmp(&b.message))
    });
    findings.into_iter().map(|(_, finding)| finding).collect()
}

fn finding(
    graph: &Graph<'_>,
    ops: &[Op],
    rule: &'static Rule,
    at: (Id, Id),
    message: String,
    users: &Users,
) -> Finding {
    let request = !users.request.is_empty() || users.nobody & REQUEST != 0;
    let response = !users.response.is_empty() || users.nobody & RESPONSE != 0;
    let direction = match (request, response) {
        (true, false) => Direction::Request,
        (false, true) => Direction::Response,
        // The direction with the higher level is named.
        _ if rule.request > rule.response => Direction::Request,
        _ if rule.response > rule.request => Direction::Response,
        _ => Direction::Both,
    };
    // A preview promises nothing.
    let level = match graph.preview {
        true => Level::Info,
        false => rule.level(direction),
    };
    let mut concerned: BTreeSet<u32> = BTreeSet::new();
    if direction != Direction::Response {
        concerned.extend(&users.request);
    }
    if direction != Direction::Request {
        concerned.extend(&users.response);
    }
    let named: Vec<&Op> = concerned
        .iter()
        .filter_map(|index| ops.get(*index as usize))
        .collect();
    let mut consumers: Vec<String> = Vec::new();
    for consumer in named.iter().flat_map(|op| &op.consumers) {
        if !consumers.contains(consumer) {
            consumers.push(consumer.clone());
        }
    }
    if let Some(only) = &users.consumer {
        consumers = vec![only.clone()];
    }
    let label = label_of(graph, at);
    Finding {
        rule,
        level,
        direction,
        old: graph.old.tree.at(at.0),
        new: graph.new.tree.at(at.1),
        operations: named
            .iter()
            .map(|op| Concerned {
                method: op.method.clone(),
                path: op.path.clone(),
                id: op.id.clone(),
            })
            .collect(),
        consumers,
        pins: Vec::new(),
        message: match label {
            Some(label) if !message.contains(&label) => format!("{label}: {message}"),
            _ => message,
        },
        why: rule.why(direction),
        instead: rule.instead,
    }
}

/// The name of a place that is part of a schema.
fn label_of(graph: &Graph<'_>, at: (Id, Id)) -> Option<String> {
    super::named(&graph.new.tree, at.1).or_else(|| super::named(&graph.old.tree, at.0))
}
