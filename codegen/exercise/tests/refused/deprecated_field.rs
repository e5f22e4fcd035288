//! Using deprecated things is a warning with the dates; here warnings are errors.

#![deny(deprecated)]

//~ deprecated types::Thing::nickname`: since 2026-01-15; gone from 2026-05-01 on; use `labels`
//~ deprecated types::JobFields::heading`: since 2026-01-15; gone from 2026-05-01 on; use `title`
//~ deprecated types::JobFieldsName::Heading`: since 2026-01-15; gone from 2026-05-01 on; use `title`
//~ deprecated types::State::N2ndHand`: since 2026-02-15; gone from 2026-06-01 on; use `in_use`

use crm_codegen_exercise::v1::types;

pub fn read(thing: &types::Thing) -> Option<&String> {
    thing.nickname.as_ref()
}

pub fn write() -> types::JobFields {
    types::JobFields {
        heading: Some("Tap".to_owned()),
        ..types::JobFields::default()
    }
}

pub fn clear() -> types::JobFieldsName {
    types::JobFieldsName::Heading
}

pub fn state() -> types::State {
    types::State::N2ndHand
}
