//! The suites of the generated clients. Each family's tests are written once, as a macro over the
//! client, and stand once per client that has the family, and once per version: the clients share their
//! types and the names of their methods, and nothing else.

mod access;
mod auth;
mod deprecations;
mod keys;
mod me;
mod paging;
mod partner;
mod platform;
mod portal;
mod portal_codes;
mod records;
mod schema;
mod schema_write;
mod teams;

use std::{fmt::Debug, sync::Arc};

use contract_tests::{runner::Test, world::World};
use crm_client_web::{Error, ErrorExt, ProblemBody, ResponseValue};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::tests;

type Sent<T, P> = Result<ResponseValue<T>, Error<P>>;

/// A client of the crate `$client` for `$world`, with a token and without retries, since the first answer counts.
macro_rules! client {
    ($($client:ident)::+, $world:expr, $consumer:expr, $token:expr) => {
        $($client)::+::Client::new(
            $($client)::+::Settings::new($world.base_url($consumer))
                .token($token)
                .retry($($client)::+::RetryPolicy::none()),
        )
        .expect("a client")
    };
}
use client;

/// The cursor of the next page in any version.
trait Page {
    fn next(&self) -> Option<String>;
}

macro_rules! pages {
    ($($name:ident),*) => {
        $(impl Page for crm_client_web::types::$name {
            fn next(&self) -> Option<String> {
                self.next_cursor.clone()
            }
        }

        impl Page for crm_client_web::v2::types::$name {
            fn next(&self) -> Option<String> {
                self.page.next.clone()
            }
        })*
    };
}

pages!(
    ApiKeyPage,
    DeprecationPage,
    DeprecationUsagePage,
    FieldDefinitionPage,
    HistoryPage,
    ObjectTypePage,
    RecordPage,
    RolePage,
    TeamPage,
    UserPage
);

/// The suites of the world's version.
pub fn tests(world: &Arc<World>) -> Vec<Test> {
    // The modules of the two versions have the same names.
    macro_rules! one {
        ($family:ident, $consumer:ident, [$($test:ident),* $(,)?]) => {
            match world.version {
                1 => tests!(world, "", [$($family::$consumer::$test),*]),
                _ => tests!(world, "", [$($family::v2::$consumer::$test),*]),
            }
        };
    }
    macro_rules! each {
        ($family:ident, [$($consumer:ident),*], $tests:tt) => {{
            let mut tests = Vec::new();
            $(tests.extend(one!($family, $consumer, $tests));)*
            tests
        }};
    }
    let mut tests = each!(
        auth,
        [mobile, web, portal, integrations],
        [
            tokens,
            credentials,
            an_address_of_several_businesses,
            refresh,
            end_of_a_session,
            keys,
        ]
    );
    tests.extend(each!(portal_codes, [mobile, web, integrations], [codes]));
    tests.extend(each!(
        me,
        [mobile, web, integrations],
        [caller, permissions, nobody, forbidden]
    ));
    tests.extend(each!(portal, [portal], [customer]));
    tests.extend(each!(
        platform,
        [mobile, web, portal, integrations],
        [state, document, forms, page, dashboard]
    ));
    tests.extend(each!(
        records,
        [mobile, web, integrations],
        [
            create, get, list, update, delete, restore, history, batch, search, typed, streams,
            retries,
        ]
    ));
    tests.extend(each!(
        schema,
        [mobile, web, integrations],
        [types, fields, json_schema]
    ));
    tests.extend(each!(
        schema_write,
        [web],
        [
            make,
            change,
            remove,
            make_fields,
            change_fields,
            remove_fields,
        ]
    ));
    tests.extend(each!(
        access,
        [web],
        [users, make, change, deactivate, reactivate, roles]
    ));
    tests.extend(each!(teams, [web], [make, lists, change, remove]));
    tests.extend(each!(keys, [web, integrations], [make, list, revoke]));
    tests.extend(each!(
        deprecations,
        [web, integrations],
        [what_goes, who_uses_it]
    ));
    if world.version > 1 {
        tests.extend(tests!(
            world,
            "",
            [
                paging::mobile::records_both_ways,
                paging::mobile::lists_both_ways,
                paging::web::records_both_ways,
                paging::web::lists_both_ways,
                paging::integrations::records_both_ways,
                paging::integrations::lists_both_ways,
            ]
        ));
    }
    // The partner's Worker uses version 1.
    if world.version == 1 && world.host.name() == "workerd" {
        tests.extend(tests!(world, "", [partner::a_days_work]));
    }
    tests
}

/// The answer of a call that must succeed.
#[track_caller]
fn done<T, P: Debug>(sent: Sent<T, P>) -> T {
    match sent {
        Ok(value) => value.into_inner(),
        Err(error) => panic!("refused: {error:?}"),
    }
}

/// The problem of a call that must be refused with `code`.
#[track_caller]
fn refused<T: Debug, P: ProblemBody + Clone + Debug>(sent: Sent<T, P>, code: &str) -> P {
    match sent {
        Ok(value) => panic!("{code} is expected, not {value:?}"),
        Err(error) => {
            assert_eq!(error.code(), Some(code), "{error:?}");
            error.problem().expect("a problem").clone()
        }
    }
}

/// Checks that a call was answered with 304.
#[track_caller]
fn not_modified<T: Debug, P: ProblemBody + Debug>(sent: Sent<T, P>) {
    match sent {
        Ok(value) => panic!("304 is expected, not {value:?}"),
        Err(error) => assert!(error.is_not_modified(), "{error:?}"),
    }
}

/// Makes a value of a contract type from JSON.
#[track_caller]
fn of<T: DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).expect("the JSON of this type")
}
