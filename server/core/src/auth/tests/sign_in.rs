//! Signing in with an address that many businesses or none know, and the counting of attempts.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::json;

use super::DANA;
use crate::{
    core::Config,
    http::{Operator, Peer, address::network},
    ports::{Answer, Compute, compute::Job, directory::TenantEntry, limiter::Quota},
    testing::{
        api::{Api, PASSWORD, Reply, TENANT, now, tenant, tokens},
        host::NOW,
    },
};

/// Runs jobs at once, and counts them: each hashes one password.
#[derive(Default)]
struct Hashes(AtomicUsize);

impl Compute for Hashes {
    fn run(&self, job: Job) -> Answer<'_, ()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move { job() })
    }
}

fn counting() -> (Api, Arc<Hashes>) {
    let hashes = Arc::new(Hashes::default());
    let quota = Quota {
        requests: 1_000,
        ..Config::default().sign_in_quota
    };
    let api = Api::with(Config {
        compute: hashes.clone(),
        sign_in_quota: quota,
        ..Config::default()
    });
    (api, hashes)
}

/// Makes the tenants `from..to`, each with a user with this address and password.
fn businesses(api: &Api, from: u8, to: u8, email: &str, password: &str) -> Vec<String> {
    let one = |n: u8| {
        let id = format!("019bb16e-fe80-78b0-b715-3bf7c37000{n:02x}");
        let entry = TenantEntry {
            id: tenant(&id),
            name: format!("Business {n}"),
            created_at: NOW,
        };
        now(api.host.ports.directory.create_tenant(&entry)).unwrap();
        let body =
            json!({"email": email, "name": "Dana Alder", "roles": ["owner"], "password": password});
        let made = api.call("POST", "/users").extension(Operator(tenant(&id)));
        made.json(body).send().expect(201);
        id
    };
    (from..to).map(one).collect()
}

fn named(api: &Api, email: &str, password: &str, tenant: &str) -> Reply {
    api.grant(
        json!({"grant_type": "password", "email": email, "password": password, "tenant": tenant}),
    )
}

#[test]
fn a_refusal_takes_as_long_whatever_is_known_of_the_address() {
    let (api, hashes) = counting();
    let known = [1, 2, 3, 8].map(|count| format!("known-to-{count}@alder.example"));
    for (count, email) in [1, 2, 3, 8].into_iter().zip(&known) {
        businesses(&api, 0, count, email, PASSWORD);
    }
    let gone = api.user(TENANT, "gone@alder.example", &[]);
    let operator = || Operator(tenant(TENANT));
    let gone = api.call("POST", &format!("/users/{gone}/deactivate"));
    gone.extension(operator()).send().expect(200);
    let silent = json!({"email": "silent@alder.example", "name": "No Password", "roles": []});
    let silent = api
        .call("POST", "/users")
        .extension(operator())
        .json(silent);
    silent.send().expect(201);
    let all = known.iter().map(String::as_str);
    let all = all.chain([
        "nobody@alder.example",
        "gone@alder.example",
        "silent@alder.example",
    ]);
    for email in all {
        let before = hashes.0.load(Ordering::Relaxed);
        let refused = api.password_grant(email, "not the password");
        assert_eq!(
            refused.refusal(),
            (401, "INVALID_CREDENTIALS".into()),
            "{email}"
        );
        let after = hashes.0.load(Ordering::Relaxed);
        assert_eq!(after - before, 2, "{email}");
        for business in [
            TENANT,
            "019bb16e-fe80-78b0-b715-3bf7c3700000",
            "019bb16e-fe80-78b0-b715-3bf7c37000ff",
        ] {
            let other = named(&api, email, "not the password", business);
            assert_eq!(other.anonymous(), refused.anonymous(), "{email} {business}");
        }
        assert_eq!(
            hashes.0.load(Ordering::Relaxed) - after,
            3,
            "{email}, named"
        );
    }
}

#[test]
fn an_address_of_many_businesses_signs_in_to_each_that_is_named() {
    let (api, hashes) = counting();
    for id in businesses(&api, 0, 8, DANA, PASSWORD) {
        let before = hashes.0.load(Ordering::Relaxed);
        assert_eq!(
            named(&api, DANA, PASSWORD, &id).expect(200)["tenant"],
            json!(id)
        );
        assert_eq!(hashes.0.load(Ordering::Relaxed) - before, 1);
    }
    let several = api.password_grant(DANA, PASSWORD);
    assert_eq!(several.refusal(), (400, "TENANT_REQUIRED".into()));
    assert_eq!(
        several.json()["context"]["tenants"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn nobody_locks_others_out_by_adding_their_address() {
    let (api, _) = counting();
    let own = businesses(&api, 100, 101, DANA, PASSWORD);
    // Ids that sort before and after it, with a password of their own.
    businesses(&api, 0, 8, DANA, "another-password-1");
    businesses(&api, 200, 208, DANA, "another-password-1");
    assert_eq!(
        api.password_grant(DANA, PASSWORD).expect(200)["tenant"],
        json!(own[0])
    );
    assert_eq!(
        named(&api, DANA, PASSWORD, &own[0]).expect(200)["tenant"],
        json!(own[0])
    );
    // Routes without an account take no place.
    let late = "late@alder.example";
    for id in [
        "019bb16e-fe80-78b0-b715-3bf7c3700000",
        "019bb16e-fe80-78b0-b715-3bf7c3700001",
    ] {
        now(api.host.ports.directory.add_login(late, &tenant(id))).unwrap();
    }
    api.user(TENANT, late, &[]);
    assert_eq!(
        api.password_grant(late, PASSWORD).expect(200)["tenant"],
        json!(TENANT)
    );
}

#[test]
fn a_business_that_cannot_be_asked_keeps_nobody_of_another_out() {
    let (api, hashes) = counting();
    let first = businesses(&api, 0, 2, DANA, "another-password-1");
    let own = businesses(&api, 100, 101, DANA, PASSWORD);
    let last = businesses(&api, 200, 202, DANA, PASSWORD);
    let hold = |ids: &[&String]| {
        let ids = ids.iter().map(|id| tenant(id));
        *api.host.world.busy.lock() = ids.collect();
    };
    // Whether the unavailable business comes before one's own or after it.
    hold(&[&first[0], &last[0], &last[1]]);
    let before = hashes.0.load(Ordering::Relaxed);
    assert_eq!(
        api.password_grant(DANA, PASSWORD).expect(200)["tenant"],
        json!(own[0])
    );
    // Only callers who fit no other business get the fault, and it takes as long as any refusal.
    let wrong = api.password_grant(DANA, "not the password");
    assert_eq!(wrong.refusal(), (503, "TENANT_BUSY".into()));
    assert_eq!(hashes.0.load(Ordering::Relaxed) - before, 4);
    hold(&[&first[0], &first[1], &own[0], &last[0], &last[1]]);
    let nobody = api.password_grant(DANA, PASSWORD);
    assert_eq!(nobody.refusal(), (503, "TENANT_BUSY".into()));
    hold(&[]);
    assert_eq!(
        api.password_grant(DANA, "not the password").refusal(),
        (401, "INVALID_CREDENTIALS".into())
    );
}

#[test]
fn spaces_around_a_sign_in_address_do_not_count() {
    let api = Api::default();
    api.user(TENANT, DANA, &["owner"]);
    for email in [
        format!(" {DANA}"),
        format!("{DANA}\u{2003} "),
        format!("\u{a0}{}\u{3000}", DANA.to_uppercase()),
    ] {
        api.password_grant(&email, PASSWORD).expect(200);
    }
    for control in ['\t', '\n', '\r', '\u{b}', '\u{85}', '\u{7f}'] {
        for email in [
            format!("{control}{DANA}"),
            format!("{DANA}{control}"),
            format!(" {control} {DANA}"),
            DANA.replace('@', &format!("{control}@")),
        ] {
            let refused = api.password_grant(&email, PASSWORD);
            let code = (400, "VALIDATION_FAILED".to_owned());
            assert_eq!(refused.refusal(), code, "{email:?}");
            let error = &refused.json()["context"]["errors"][0];
            assert_eq!(error["pointer"], "/body/email", "{email:?}");
            assert_eq!(error["rule"], "control_character", "{email:?}");
        }
    }
    for email in ["", " ", "no address", "@"] {
        assert!(
            matches!(api.password_grant(email, PASSWORD).status, 400 | 401),
            "{email}"
        );
    }
}

fn guesses(api: &Api, peers: &[IpAddr], forwarded: Option<&str>) -> usize {
    let body = json!({"grant_type": "password", "email": DANA, "password": "guess"});
    let one = |peer: &IpAddr| {
        let mut call = api.call("POST", "/auth/token").extension(Peer(*peer));
        if let Some(text) = forwarded {
            call = call.header("x-forwarded-for", text);
        }
        call.json(body.clone()).send().status
    };
    peers.iter().filter(|peer| one(peer) == 401).count()
}

#[test]
fn attempts_from_one_line_are_counted_together() {
    let quota = Quota {
        name: "sign_in",
        requests: 3,
        window_s: 300,
    };
    let api = Api::with(Config {
        sign_in_quota: quota,
        trusted_proxies: network("10.0.0.0/24").into_iter().collect(),
        ..Config::default()
    });
    api.user(TENANT, DANA, &["owner"]);
    let line = |n: u16| IpAddr::from([0x2001, 0xdb8, 0, 7, n, n, n, n]);
    let of_one_line: Vec<_> = (0..20).map(line).collect();
    assert_eq!(guesses(&api, &of_one_line, None), 3);
    assert_eq!(
        guesses(
            &api,
            &[IpAddr::from([0x2001, 0xdb8, 0, 8, 0, 0, 0, 1])],
            None
        ),
        1
    );
    // An IPv4 address on a socket that takes both is the IPv4 address.
    let v4 = std::net::Ipv4Addr::new(192, 0, 2, 77);
    assert_eq!(
        guesses(
            &api,
            &[v4.into(), v4.to_ipv6_mapped().into()].repeat(4),
            None
        ),
        3
    );
    // Behind a proxy every caller has their own count, in whatever notation the proxy writes the address.
    let proxy = std::net::Ipv4Addr::new(10, 0, 0, 1);
    let doors: Vec<IpAddr> = [proxy.into(), proxy.to_ipv6_mapped().into()].repeat(4);
    assert_eq!(guesses(&api, &doors, Some("203.0.113.9:41234")), 3);
    assert_eq!(guesses(&api, &doors, Some("::ffff:203.0.113.9")), 0);
    assert_eq!(guesses(&api, &doors, Some("[2001:db8:1::1]:443")), 3);
    assert_eq!(guesses(&api, &doors, Some("2001:db8:1::2")), 0);
}

#[test]
fn changing_ones_own_password_ends_the_other_sessions_and_not_this_one() {
    let api = Api::default();
    let id = api.user(TENANT, DANA, &["owner"]);
    let (this, renewal) = api.sign_in(DANA);
    let (other, others_renewal) = api.sign_in(DANA);
    let path = format!("/users/{id}");
    let change = |token: &str, password: &str| {
        api.call("PATCH", &path)
            .token(token)
            .json(json!({"password": password}))
            .send()
            .expect(200)
    };
    change(&this, "another-password-1");
    assert_eq!(api.get("/me", &this).status, 200);
    assert_eq!(api.get("/me", &other).status, 401);
    let renew =
        |token: &str| api.grant(json!({"grant_type": "refresh_token", "refresh_token": token}));
    assert_eq!(renew(&others_renewal).status, 401);
    let (this, _) = tokens(&renew(&renewal).expect(200));
    // Somebody else's change ends all of them.
    let owner = "owner@alder.example";
    api.user(TENANT, owner, &["owner"]);
    change(&api.sign_in(owner).0, PASSWORD);
    assert_eq!(api.get("/me", &this).status, 401);
}
