//! Invalid tokens are refused with the right reason.

use super::*;
use crate::{
    context::Principal,
    ports::{directory::SigningKey, store::TenantId},
};
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000_000;
const SECONDS: i64 = NOW / 1000;
const TENANT: &str = "019bb16e-fe80-78b0-b715-3bf7c3706d85";
const ISSUER: &str = "https://crm.example";

fn stored(kid: &str, seed: u8, expires_at: Option<i64>) -> SigningKey {
    SigningKey {
        kid: kid.into(),
        seed: [seed; 32],
        created_at: seed.into(),
        expires_at,
    }
}

fn keys() -> KeySet {
    KeySet::new(
        vec![
            stored("current", 2, None),
            stored("old", 1, Some(NOW + 60_000)),
        ],
        NOW,
    )
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": "user", "sub": "u1", "tenant": TENANT, "sid": "s1", "iat": SECONDS, "nbf": SECONDS, "exp": SECONDS + 900, "jti": "1"})
}

fn signed(seed: u8, kid: &str, claims: &Value) -> String {
    jws::sign(
        &ed25519_dalek::SigningKey::from_bytes(&[seed; 32]),
        kid,
        claims.to_string().as_bytes(),
    )
}

fn with(changes: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
    claims
}

#[test]
fn a_token_of_each_kind_stands_for_its_caller() {
    let tenant = TenantId::parse(TENANT).unwrap();
    let principals = [
        (
            Principal::User {
                id: "u1".into(),
                session: "s1".into(),
            },
            "user",
        ),
        (
            Principal::Portal {
                contact: "c1".into(),
                session: "s1".into(),
            },
            "portal",
        ),
        (
            Principal::Key {
                id: "k1".into(),
                scopes: vec!["records:read".into(), "schema:read".into()],
            },
            "key",
        ),
        (
            Principal::Key {
                id: "k1".into(),
                scopes: vec![],
            },
            "key",
        ),
    ];
    for (principal, kind) in principals {
        let caller = Caller {
            tenant: tenant.clone(),
            principal,
        };
        let claims = Claims::of(&caller, ISSUER, NOW, LIFETIME_S, "1".into()).unwrap();
        let token = signed(2, "current", &serde_json::to_value(&claims).unwrap());
        let verified = verify(&token, &keys(), ISSUER, NOW).unwrap();
        assert_eq!((verified.kind, &verified.caller), (kind, &caller));
        assert_eq!(verified.expires_at, NOW + 900_000);
    }
}

#[test]
fn what_is_wrong_with_a_token_is_said() {
    use Rejected::{Broken as B, Claims as C, Expired, Issuer, NotYetValid, UnknownKey};
    let cases: Vec<(&str, u8, &str, Value, Rejected)> = vec![
        (
            "another key's signature",
            1,
            "current",
            claims(),
            B(Broken::Signature),
        ),
        (
            "a foreign key under our name",
            9,
            "current",
            claims(),
            B(Broken::Signature),
        ),
        ("an unknown key", 9, "new", claims(), UnknownKey),
        (
            "a kid that is a path",
            9,
            "../../dev/null",
            claims(),
            UnknownKey,
        ),
        (
            "a kid that is SQL",
            9,
            "x' UNION SELECT 'a",
            claims(),
            UnknownKey,
        ),
        ("an empty kid", 9, "", claims(), UnknownKey),
        (
            "another issuer",
            2,
            "current",
            with(json!({"iss": "https://other.example"})),
            Issuer,
        ),
        ("no issuer", 2, "current", with(json!({"iss": null})), C),
        (
            "an unknown audience",
            2,
            "current",
            with(json!({"aud": "admin"})),
            C,
        ),
        (
            "several audiences",
            2,
            "current",
            with(json!({"aud": ["user", "key"]})),
            C,
        ),
        ("no audience", 2, "current", with(json!({"aud": null})), C),
        ("no session", 2, "current", with(json!({"sid": null})), C),
        (
            "a user with scopes",
            2,
            "current",
            with(json!({"scope": "records:read"})),
            C,
        ),
        (
            "a key with a session",
            2,
            "current",
            with(json!({"aud": "key", "scope": ""})),
            C,
        ),
        (
            "a key without scopes",
            2,
            "current",
            with(json!({"aud": "key", "sid": null})),
            C,
        ),
        (
            "a tenant that is no id",
            2,
            "current",
            with(json!({"tenant": "../other"})),
            C,
        ),
        ("no tenant", 2, "current", with(json!({"tenant": null})), C),
        (
            "expired",
            2,
            "current",
            with(json!({"nbf": SECONDS - 900, "exp": SECONDS})),
            Expired(NOW),
        ),
        (
            "never expiring",
            2,
            "current",
            with(json!({"exp": null})),
            C,
        ),
        (
            "expiring beyond all time",
            2,
            "current",
            with(json!({"exp": i64::MAX})),
            C,
        ),
        (
            "expiring before it begins",
            2,
            "current",
            with(json!({"nbf": SECONDS + 901})),
            C,
        ),
        (
            "not yet valid",
            2,
            "current",
            with(json!({"nbf": SECONDS + 31})),
            NotYetValid,
        ),
        (
            "a time as text",
            2,
            "current",
            with(json!({"exp": "later"})),
            C,
        ),
    ];
    for (name, seed, kid, claims, rejected) in cases {
        assert_eq!(
            verify(&signed(seed, kid, &claims), &keys(), ISSUER, NOW).unwrap_err(),
            rejected,
            "{name}"
        );
    }
}

#[test]
fn a_clock_that_is_a_little_ahead_does_no_harm() {
    let token = signed(2, "current", &with(json!({"nbf": SECONDS + 30})));
    assert!(verify(&token, &keys(), ISSUER, NOW).is_ok());
}

#[test]
fn a_token_ends_with_its_key() {
    let token = signed(1, "old", &claims());
    let verified = verify(&token, &keys(), ISSUER, NOW).unwrap();
    assert_eq!(verified.judge(NOW + 59_999), Ok(()));
    assert_eq!(
        verified.judge(NOW + 60_000),
        Err(Rejected::Expired(NOW + 60_000))
    );
    assert_eq!(
        verify(&token, &keys(), ISSUER, NOW + 60_000),
        Err(Rejected::UnknownKey)
    );
}

proptest::proptest! {
    #[test]
    fn a_token_with_any_byte_changed_is_refused(at in 0usize..400, byte in proptest::prelude::any::<u8>()) {
        let token = signed(2, "current", &claims());
        let mut bytes = token.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let changed = String::from_utf8_lossy(&bytes).into_owned();
        if changed != token {
            proptest::prop_assert!(verify(&changed, &keys(), ISSUER, NOW).is_err());
        }
    }

    #[test]
    fn no_claims_panic(name in "(iss|aud|sub|tenant|sid|iat|nbf|exp|jti|scope)", value in "(-?[0-9]{1,25}|null|true|\"\\PC{0,40}\"|\\[\\]|\\{\\}|[0-9]e[0-9]{1,3})") {
        if let Ok(value) = serde_json::from_str::<Value>(&value) {
            let claims = with(json!({ name: value }));
            drop(verify(&signed(2, "current", &claims), &keys(), ISSUER, NOW));
        }
    }
}
