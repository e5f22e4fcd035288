//! The compiled programs of patterns: each once, whoever has the pattern, within one bound of bytes. The program that was
//! not needed for longest goes first.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use regex_automata::{
    Anchored, Input,
    hybrid::dfa::{self, Cache, DFA},
    nfa::thompson::{self, NFA, WhichCaptures, pikevm::PikeVM},
};

use super::{Effort, Verdict, measure, parse};

/// What the programs of all tenants take at most.
const MOST_BYTES: usize = 8 << 20;
/// What one program takes at most. A pattern of the greatest weight stays below.
const MOST_PROGRAM: usize = 1 << 20;
/// What the states that a search makes on its way take, where the program does not need more.
const CACHE: usize = 32 << 10;

/// A search keeps the states that it makes in a cache. Where too many are made, as some patterns can be driven to, it goes
/// on without: slower, and in a time that [`Effort`] bounds.
struct Program {
    search: DFA,
    slow: PikeVM,
    width: u64,
}

struct Entry {
    program: Arc<Program>,
    /// None while a search uses it.
    cache: Option<Cache>,
    bytes: usize,
    used: u64,
}

#[derive(Default)]
struct Held {
    by: HashMap<Arc<str>, Entry>,
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

    pub(super) fn judge(&self, pattern: &Arc<str>, text: &str, effort: &Effort) -> Verdict {
        let (program, cache) = match self.take(pattern) {
            Some(held) => held,
            None => match compile(pattern) {
                Ok(program) => (Arc::new(program), None),
                Err(error) => {
                    tracing::warn!(%pattern, error, "a stored pattern cannot be used");
                    return Verdict::Unusable;
                }
            },
        };
        let mut cache = cache.unwrap_or_else(|| program.search.create_cache());
        let work = (text.chars().count() as u64).saturating_mul(program.width);
        let verdict = match effort.spend(work) {
            false => Verdict::TooDear,
            true if program.matches(&mut cache, text) => Verdict::Matches,
            true => Verdict::Differs,
        };
        self.put(pattern, program, cache);
        verdict
    }

    /// Bytes of all programs, and of their caches that are not in use.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let held = self.held();
        let counted: usize = held.by.values().map(Entry::size).sum();
        assert_eq!(held.bytes, counted);
        counted
    }

    #[cfg(test)]
    pub(super) fn holds(&self, pattern: &str) -> bool {
        self.held().by.contains_key(pattern)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, pattern: &Arc<str>) -> Option<(Arc<Program>, Option<Cache>)> {
        let mut held = self.held();
        held.clock += 1;
        let clock = held.clock;
        let entry = held.by.get_mut(pattern)?;
        entry.used = clock;
        Some((entry.program.clone(), entry.cache.take()))
    }

    /// Keeps a program and its cache; others go until all are within the bound.
    fn put(&self, pattern: &Arc<str>, program: Arc<Program>, cache: Cache) {
        let mut held = self.held();
        held.clock += 1;
        let used = held.clock;
        let entry = held.by.entry(pattern.clone()).or_insert(Entry {
            program,
            cache: None,
            bytes: 0,
            used,
        });
        entry.cache = Some(cache);
        let (before, after) = (entry.bytes, entry.size());
        entry.bytes = after;
        held.bytes = held.bytes + after - before;
        while held.bytes > self.most {
            let oldest = held.by.iter().min_by_key(|(_, entry)| entry.used);
            let Some(oldest) = oldest.map(|(pattern, _)| pattern.clone()) else {
                break;
            };
            if let Some(gone) = held.by.remove(&oldest) {
                held.bytes -= gone.bytes;
            }
        }
    }
}

impl Entry {
    /// A cache that is in use is counted as it was before.
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
    fn matches(&self, cache: &mut Cache, text: &str) -> bool {
        let input = Input::new(text).anchored(Anchored::Yes);
        match self.search.try_search_fwd(cache, &input) {
            Ok(found) => found.is_some(),
            Err(_) => {
                cache.reset(&self.search);
                self.slow.is_match(&mut self.slow.create_cache(), input)
            }
        }
    }
}

fn compile(pattern: &str) -> Result<Program, String> {
    let hir = parse(pattern).map_err(|error| error.to_string())?;
    let config = thompson::Config::new()
        .which_captures(WhichCaptures::None)
        .nfa_size_limit(Some(MOST_PROGRAM));
    let nfa = NFA::compiler()
        .configure(config)
        .build_from_hir(&hir)
        .map_err(|error| error.to_string())?;
    let config = dfa::Config::new()
        .cache_capacity(CACHE)
        .skip_cache_capacity_check(true)
        .unicode_word_boundary(true)
        .minimum_cache_clear_count(Some(3))
        .minimum_bytes_per_state(Some(10));
    let search = DFA::builder()
        .configure(config)
        .build_from_nfa(nfa.clone())
        .map_err(|error| error.to_string())?;
    let slow = PikeVM::new_from_nfa(nfa).map_err(|error| error.to_string())?;
    Ok(Program {
        search,
        slow,
        width: measure(&hir).width,
    })
}
