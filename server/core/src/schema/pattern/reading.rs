//! The cost of parsing a pattern, computed from its syntax tree before any class is expanded. A class such as `\w` has
//! hundreds of ranges. If case is ignored, each of its characters is looked at, once per level of nesting.

use std::{collections::HashMap, convert::Infallible};

use regex_syntax::{
    ast::{self, Ast, ClassSetItem, Flag, GroupKind, Visitor, visit},
    hir::{Class, HirKind},
};

/// Expanding a Unicode class costs this many states.
const CLASS: u64 = 32;
/// Ignoring the case of this many characters costs one state.
const CHARACTERS_PER_STATE: u64 = 64;
/// The number of code points.
const ALL: u64 = 0x11_0000;

/// The cost in states, which is added to the pattern's own states.
pub(super) fn reading(pattern: &str, ast: &Ast) -> u64 {
    let reader = Reader {
        pattern,
        ignores_case: false,
        classes: 0,
        characters: 0,
        depth: 1,
        known: HashMap::new(),
    };
    let Ok(reader) = visit(ast, reader);
    let folded = match reader.ignores_case {
        true => reader.characters / CHARACTERS_PER_STATE,
        false => 0,
    };
    (pattern.len() as u64 / 8)
        .saturating_add(reader.classes.saturating_mul(CLASS))
        .saturating_add(folded)
}

struct Reader<'p> {
    pattern: &'p str,
    /// Whether any part of the pattern ignores case. If so, all of its classes count as if they did.
    ignores_case: bool,
    classes: u64,
    /// The characters of all classes, each class counted once per level of nesting.
    characters: u64,
    depth: u64,
    /// The number of characters of each Unicode class, by its text.
    known: HashMap<&'p str, u64>,
}

impl<'p> Reader<'p> {
    fn characters(&mut self, characters: u64) {
        let all = characters.saturating_mul(self.depth);
        self.characters = self.characters.saturating_add(all);
    }

    /// Counts a class such as `\w` or `\P{Greek}`. Returns its number of characters.
    fn class(&mut self, span: &ast::Span) -> u64 {
        self.classes = self.classes.saturating_add(self.depth);
        let text = &self.pattern[span.start.offset..span.end.offset];
        *self.known.entry(text).or_insert_with(|| count(text))
    }

    fn flags(&mut self, flags: &ast::Flags) {
        self.ignores_case |= flags.flag_state(Flag::CaseInsensitive) == Some(true);
    }
}

/// The number of characters in a class such as `\w`. An unknown class counts as all characters.
fn count(class: &str) -> u64 {
    match regex_syntax::parse(class).map(|hir| hir.into_kind()) {
        Ok(HirKind::Class(Class::Unicode(class))) => {
            let each = class.iter().map(|range| range.len() as u64);
            each.sum()
        }
        _ => ALL,
    }
}

impl Visitor for Reader<'_> {
    type Output = Self;
    type Err = Infallible;

    fn finish(self) -> Result<Self, Infallible> {
        Ok(self)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Infallible> {
        match ast {
            Ast::Flags(set) => self.flags(&set.flags),
            Ast::Group(group) => {
                if let GroupKind::NonCapturing(flags) = &group.kind {
                    self.flags(flags);
                }
            }
            Ast::ClassUnicode(class) => {
                let characters = self.class(&class.span);
                // Ignoring case comes before the negation.
                self.characters(match class.is_negated() {
                    true => ALL.saturating_sub(characters),
                    false => characters,
                });
            }
            // These classes contain both cases already.
            Ast::ClassPerl(class) => drop(self.class(&class.span)),
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Infallible> {
        match item {
            ClassSetItem::Unicode(_) | ClassSetItem::Perl(_) => {
                let characters = self.class(item.span());
                self.characters(characters);
            }
            ClassSetItem::Ascii(class) => {
                let characters = if class.negated { ALL } else { 128 };
                self.characters(characters);
            }
            ClassSetItem::Range(range) => {
                let (start, end) = (
                    u64::from(u32::from(range.start.c)),
                    u64::from(u32::from(range.end.c)),
                );
                self.characters(end.saturating_sub(start) + 1);
            }
            ClassSetItem::Bracketed(class) => {
                if class.negated {
                    self.characters(ALL);
                }
                self.depth += 1;
            }
            ClassSetItem::Literal(_) | ClassSetItem::Empty(_) | ClassSetItem::Union(_) => {}
        }
        Ok(())
    }

    fn visit_class_set_item_post(&mut self, item: &ClassSetItem) -> Result<(), Infallible> {
        if let ClassSetItem::Bracketed(_) = item {
            self.depth -= 1;
        }
        Ok(())
    }

    fn visit_class_set_binary_op_pre(
        &mut self,
        _: &ast::ClassSetBinaryOp,
    ) -> Result<(), Infallible> {
        self.depth += 1;
        Ok(())
    }

    fn visit_class_set_binary_op_post(
        &mut self,
        _: &ast::ClassSetBinaryOp,
    ) -> Result<(), Infallible> {
        self.depth -= 1;
        Ok(())
    }
}
