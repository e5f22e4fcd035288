//! The compiled programs of patterns, with one bound in bytes for all tenants. At the bound, the tenant with the most
//! bytes loses its least recently used program, so a tenant with less than an equal share loses none.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, LazyLock},
};

use parking_lot::Mutex;
use regex_automata::{
    Anchored, Input,
    hybrid::dfa::{self, Cache, DFA},
    nfa::thompson::{self, NFA, WhichCaptures, pikevm::PikeVM},
};

use super::{Read, Verdict, read};
use crate::{allowance::Allowance, ports::store::TenantId};

/// Upper bound of the programs of all tenants, in bytes.
const MOST_BYTES: usize = 8 << 20;
/// Upper bound of one program, in bytes. A pattern of the greatest weight stays below it.
const MOST_PROGRAM: usize = 1 << 20;
/// The size of a search's state cache, in bytes, unless the program needs more.
const CACHE: usize = 32 << 10;
/// Searching this many bytes with cached states counts as one step.
pub(super) const BYTES_PER_STEP: u64 = 8;
/// A state that is not cached counts as this many steps plus the pattern's width.
const MADE: u64 = 64;
/// Upper bound of the steps that one text pays for new states. The slow search takes over after that.
pub(super) const MOST_MADE: u64 = 1 << 19;

/// A search builds states and caches them; cached states cost little. Some patterns need more states than the cache can
/// hold. Then the text is searched without the cache: slower, but the [`Allowance`] bounds the time.
struct Program {
    search: DFA,
    slow: PikeVM,
    width: u64,
}

/// The owner of compiled programs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Owner {
    /// Built-in fields.
    Everybody,
    Tenant(TenantId),
}

struct Entry {
    program: Arc<Program>,
    /// None while a search uses the cache.
    cache: Option<Cache>,
    bytes: usize,
    used: u64,
    #[cfg(test)]
    judged: usize,
}

/// The programs of one owner.
#[derive(Default)]
struct Share {
    by: HashMap<Arc<str>, Entry>,
    /// The patterns by the time of their last use.
    oldest: BTreeMap<u64, Arc<str>>,
    bytes: usize,
}

#[derive(Default)]
struct Held {
    by: HashMap<Owner, Share>,
    /// The owners by the number of bytes that they hold.
    largest: BTreeSet<(usize, Owner)>,
    bytes: usize,
    clock: u64,
}

pub(super) struct Programs {
    most: usize,
    held: Mutex<Held>,
}

impl Programs {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            held: Mutex::default(),
        }
    }

    pub(super) fn shared() -> &'static Self {
        static SHARED: LazyLock<Programs> = LazyLock::new(|| Programs::new(MOST_BYTES));
        &SHARED
    }

    /// Matches a text. Without an owner, the program is not kept.
    pub(super) fn judge(
        &self,
        owner: Option<Owner>,
        pattern: &Arc<str>,
        text: &str,
        allowance: &Allowance,
    ) -> Verdict {
        let held = owner.as_ref().and_then(|owner| self.take(owner, pattern));
        let (program, cache) = match held {
            Some(held) => held,
            None => match compile(pattern, allowance) {
                Ok(program) => (Arc::new(program), None),
                Err(verdict) => return verdict,
            },
        };
        let mut cache = cache.unwrap_or_else(|| program.search.create_cache());
        let verdict = program.judge(&mut cache, text, allowance);
        if let Some(owner) = owner {
            self.put(owner, pattern, program, cache);
        }
        verdict
    }

    fn take(&self, owner: &Owner, pattern: &Arc<str>) -> Option<(Arc<Program>, Option<Cache>)> {
        let mut held = self.held.lock();
        let entry = held.by.get_mut(owner)?.by.get_mut(pattern)?;
        Some((entry.program.clone(), entry.cache.take()))
    }

    /// Keeps a program and its cache, and removes others until all are within the bound.
    fn put(&self, owner: Owner, pattern: &Arc<str>, program: Arc<Program>, cache: Cache) {
        let mut held = self.held.lock();
        let held = &mut *held;
        held.clock += 1;
        let share = held.by.entry(owner.clone()).or_default();
        let before = share.bytes;
        share.put(pattern, program, cache, held.clock);
        let after = share.bytes;
        held.resize(owner, before, after);
        while held.bytes > self.most && held.give_up() {}
    }

    /// The size of all programs and their idle caches, in bytes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let held = self.held.lock();
        for (owner, share) in &held.by {
            let counted: usize = share.by.values().map(Entry::size).sum();
            assert_eq!(share.bytes, counted);
            assert_eq!(share.by.len(), share.oldest.len());
            assert!(held.largest.contains(&(share.bytes, owner.clone())));
        }
        assert_eq!(held.by.len(), held.largest.len());
        let counted = held.by.values().map(|share| share.bytes).sum();
        assert_eq!(held.bytes, counted);
        counted
    }

    /// How many texts a tenant's cached pattern has matched.
    #[cfg(test)]
    pub(super) fn judged(&self, owner: &Owner, pattern: &str) -> Option<usize> {
        let held = self.held.lock();
        Some(held.by.get(owner)?.by.get(pattern)?.judged)
    }

    #[cfg(test)]
    pub(super) fn holds(&self, owner: &Owner, pattern: &str) -> bool {
        let held = self.held.lock();
        let share = held.by.get(owner);
        share.is_some_and(|share| share.by.contains_key(pattern))
    }
}

impl Held {
    /// Updates the number of bytes that an owner holds.
    fn resize(&mut self, owner: Owner, before: usize, after: usize) {
        self.bytes = self.bytes + after - before;
        if before != after {
            self.largest.remove(&(before, owner.clone()));
            if after > 0 {
                self.largest.insert((after, owner));
            }
        }
    }

    /// Removes the least recently used program of the owner with the most bytes.
    fn give_up(&mut self) -> bool {
        let Some((before, owner)) = self.largest.last().cloned() else {
            return false;
        };
        let after = self.by.get_mut(&owner).map_or(0, Share::give_up);
        if after == 0 {
            self.by.remove(&owner);
        }
        self.resize(owner, before, after);
        true
    }
}

impl Share {
    fn put(&mut self, pattern: &Arc<str>, program: Arc<Program>, cache: Cache, now: u64) {
        let entry = self.by.entry(pattern.clone()).or_insert_with(|| Entry {
            program: program.clone(),
            cache: None,
            bytes: 0,
            used: now,
            #[cfg(test)]
            judged: 0,
        });
        #[cfg(test)]
        {
            entry.judged += 1;
        }
        // A cache belongs to the program that filled it, and another search may have stored its own program first.
        if Arc::ptr_eq(&entry.program, &program) {
            entry.cache = Some(cache);
        }
        let (before, after) = (entry.bytes, entry.size());
        entry.bytes = after;
        self.bytes = self.bytes + after - before;
        self.oldest.remove(&entry.used);
        entry.used = now;
        self.oldest.insert(now, pattern.clone());
    }

    /// Removes the least recently used program. Returns the remaining bytes.
    fn give_up(&mut self) -> usize {
        if let Some((_, pattern)) = self.oldest.pop_first()
            && let Some(gone) = self.by.remove(&pattern)
        {
            self.bytes -= gone.bytes;
        }
        self.bytes
    }
}

impl Entry {
    /// While a cache is in use, its last known size counts.
    fn size(&self) -> usize {
        match &self.cache {
            Some(cache) => {
                let search = &self.program.search;
                search.memory_usage() + search.get_nfa().memory_usage() + cache.memory_usage()
            }
            None => self.bytes,
        }
    }
}

impl Program {
    fn judge(&self, cache: &mut Cache, text: &str, allowance: &Allowance) -> Verdict {
        if !allowance.judges(text.len() as u64 / BYTES_PER_STEP) {
            return Verdict::TooDear;
        }
        let input = Input::new(text).anchored(Anchored::Yes);
        let matches = match self.with_states(cache, &input, allowance) {
            Found::Matches(matches) => matches,
            Found::TooDear => return Verdict::TooDear,
            Found::Nothing => {
                let steps = (text.chars().count() as u64).saturating_mul(self.width);
                if !allowance.judges(steps) {
                    return Verdict::TooDear;
                }
                self.slow.is_match(&mut self.slow.create_cache(), input)
            }
        };
        match matches {
            true => Verdict::Matches,
            false => Verdict::Differs,
        }
    }

    /// Searches with cached states. Each step that the cache lacks is charged before it is computed.
    fn with_states(&self, cache: &mut Cache, input: &Input<'_>, allowance: &Allowance) -> Found {
        let dear = self.width.saturating_add(MADE);
        // The start state and the state after the end.
        let mut left = MOST_MADE.saturating_sub(2 * dear);
        if left == 0 {
            return Found::Nothing;
        }
        let Ok(mut state) = self.search.start_state_forward(cache, input) else {
            return self.full(cache);
        };
        for byte in input.haystack() {
            let is_known = !state.is_tagged()
                && !(self.search)
                    .next_state_untagged(cache, state, *byte)
                    .is_unknown();
            if !is_known {
                if left < dear {
                    return Found::Nothing;
                }
                left -= dear;
                if !allowance.judges(dear) {
                    return Found::TooDear;
                }
            }
            state = match self.search.next_state(cache, state, *byte) {
                Ok(next) => next,
                Err(_) => return self.full(cache),
            };
            if state.is_tagged() {
                if state.is_match() {
                    return Found::Matches(true);
                }
                if state.is_dead() {
                    return Found::Matches(false);
                }
                if state.is_quit() {
                    return Found::Nothing;
                }
            }
        }
        match self.search.next_eoi_state(cache, state) {
            Ok(end) if end.is_quit() => Found::Nothing,
            Ok(end) => Found::Matches(end.is_match()),
            Err(_) => self.full(cache),
        }
    }

    /// Replaces a full cache. A reset would keep the memory that the search has allocated there, which may leave no
    /// room for a state.
    fn full(&self, cache: &mut Cache) -> Found {
        *cache = self.search.create_cache();
        Found::Nothing
    }
}

/// The result of a search with cached states.
enum Found {
    Matches(bool),
    /// No result: it reached the bound of new states, or cannot check a word boundary here. The slow search decides.
    Nothing,
    TooDear,
}

fn compile(pattern: &str, allowance: &Allowance) -> Result<Program, Verdict> {
    let unusable = |error: &dyn std::fmt::Display| {
        tracing::warn!(%pattern, %error, "a stored pattern cannot be used");
        Verdict::Unusable
    };
    let (hir, measure) = match read(pattern) {
        Read::Sound(hir, measure) => (hir, measure),
        Read::TooLarge(_) => return Err(Verdict::TooDear),
        Read::Unusable(error) => return Err(unusable(&error)),
    };
    if !allowance.compiles(measure.weight) {
        return Err(Verdict::TooDear);
    }
    let config = thompson::Config::new()
        .which_captures(WhichCaptures::None)
        .nfa_size_limit(Some(MOST_PROGRAM));
    let nfa = NFA::compiler()
        .configure(config)
        .build_from_hir(&hir)
        .map_err(|error| unusable(&error))?;
    let config = dfa::Config::new()
        .cache_capacity(CACHE)
        .skip_cache_capacity_check(true)
        .unicode_word_boundary(true)
        .minimum_cache_clear_count(Some(0));
    let search = DFA::builder()
        .configure(config)
        .build_from_nfa(nfa.clone())
        .map_err(|error| unusable(&error))?;
    let slow = PikeVM::new_from_nfa(nfa).map_err(|error| unusable(&error))?;
    Ok(Program {
        search,
        slow,
        width: measure.width,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_is_kept_with_its_own_program_alone() {
        let programs = Programs::new(MOST_BYTES);
        let pattern = Arc::from("[a-z]+");
        // Two searches run at once, and neither found a program.
        let [first, second] = [(); 2].map(|()| {
            let program = compile(&pattern, &Allowance::default()).ok().unwrap();
            Arc::new(program)
        });
        let put = |program: &Arc<Program>| {
            let cache = program.search.create_cache();
            programs.put(Owner::Everybody, &pattern, program.clone(), cache);
        };
        put(&first);
        let (held, cache) = programs.take(&Owner::Everybody, &pattern).unwrap();
        assert!(Arc::ptr_eq(&held, &first) && cache.is_some());
        put(&second);
        let (held, cache) = programs.take(&Owner::Everybody, &pattern).unwrap();
        assert!(Arc::ptr_eq(&held, &first) && cache.is_none());
        put(&first);
        let (_, cache) = programs.take(&Owner::Everybody, &pattern).unwrap();
        assert!(cache.is_some());
        programs.bytes();
    }
}
