//! Suites of handwritten requests, which no typed client sends.

mod body;
mod common;
mod cursor;
mod examples;
mod filter;
mod isolation;
mod letters;
mod protocol;
mod race;
mod rights;
mod state;
mod token;
mod values;

use std::sync::Arc;

use contract_tests::{runner::Test, world::World};
use serde_json::Value;

use crate::tests;

/// A path whose parameters are set to values that exist in every business.
pub fn filled(template: &str, id: &str) -> String {
    template
        .replace("{type}", "contact")
        .replace("{id}", id)
        .replace("{field}", "tags")
        .replace("{role}", "readonly")
}

/// The cursor of the next page in any version.
pub fn next(page: &Value) -> Option<String> {
    let next = page.get("next_cursor").unwrap_or(&page["page"]["next"]);
    next.as_str().map(str::to_owned)
}

pub fn tests(world: &Arc<World>) -> Vec<Test> {
    let mut tests = tests!(
        world,
        "raw::",
        [
            body::what_is_not_json,
            body::json_of_the_wrong_shape,
            body::all_failures_come_at_once,
            body::duplicate_keys,
            body::numbers_out_of_range,
            body::text_that_is_no_unicode,
            body::ten_mebibytes,
            body::ten_thousand_levels,
            body::wrong_content_types,
            body::compressed_bodies,
            body::control_characters,
            values::ids_that_are_no_uuid_v7,
            values::unknown_fields_and_types,
            values::unknown_parameters_and_properties,
            values::parameters_out_of_range,
            values::fields_that_the_server_owns,
            values::every_field_type_refuses_what_it_is_not,
            filter::filters_that_are_too_deep_or_too_wide,
            filter::filters_that_carry_sql,
            filter::filters_that_are_no_filters,
            filter::every_operator_answers,
            letters::texts_are_compared_by_their_letters,
            cursor::pages_neither_skip_nor_repeat,
            cursor::cursors_that_were_tampered_with,
            cursor::cursors_of_another_list,
            cursor::cursors_of_another_tenant,
            token::tokens_that_are_no_tokens,
            token::tokens_of_another_kind,
            token::tokens_that_were_tampered_with,
            token::tokens_of_what_is_gone,
            token::attempts_to_sign_in_are_limited,
            rights::nobody_gives_or_takes_over_what_they_do_not_have,
            rights::a_key_gives_no_more_than_the_person_who_made_it_may_do,
            rights::the_keys_of_a_deactivated_person_go_with_them,
            protocol::preflight_and_origins,
            protocol::head_is_get_without_a_body,
            protocol::methods_that_a_path_has_not,
            protocol::versions,
            protocol::paths_that_do_not_exist,
            protocol::every_answer_names_its_request,
            state::a_stale_if_match,
            state::a_fresh_if_none_match,
            state::an_idempotency_key_answers_again,
            state::a_refusal_is_judged_anew,
            state::the_same_create_twice,
            state::a_batch_stands_or_falls,
            state::a_batch_exchanges_unique_values,
            state::writes_with_the_most_indexes,
            state::deleted_records,
            state::a_new_field_is_seen_at_once,
            state::search_finds_words,
            isolation::nothing_crosses,
            examples::every_example_of_a_request_is_true,
        ]
    );
    tests.extend(common::tests(world));
    tests
}

/// Suites of many callers at once.
pub fn races(world: &Arc<World>) -> Vec<Test> {
    tests!(
        world,
        "raw::",
        [
            race::one_idempotency_key,
            race::one_record,
            race::one_unique_value,
            race::one_refresh_token,
            race::field_by_field,
        ]
    )
}
