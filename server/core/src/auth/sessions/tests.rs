//! Verdicts on refresh tokens.

use uuid::Uuid;

use super::*;
use crate::testing::host::Dice;

const NOW: i64 = 1_800_000_000_000;

fn tenant() -> TenantId {
    TenantId::parse("019bb16e-fe80-78b0-b715-3bf7c3706d85").unwrap()
}

fn token(random: u8) -> Credential {
    Credential::refresh(&tenant(), Uuid::from_u128(5), "secret", [random; 16])
}

/// A session whose token changed from 1 to 2 at NOW.
fn session() -> Session {
    Session {
        tenant_secret: "secret".into(),
        kind: Kind::User,
        subject: "u".into(),
        refresh_hash: token(2).hash(),
        previous_hash: Some(token(1).hash()),
        successor: Some(seal::seal(
            &token(1).sealing_key(),
            &token(2).text(),
            &Dice::default(),
        )),
        rotated_at: NOW,
        expires_at: NOW + IDLE_MS,
        revoked: false,
        alive: true,
    }
}

#[test]
fn a_token_is_worth_what_its_session_says() {
    let forged = Credential {
        secret: [9; 32],
        ..token(2)
    };
    let cases = [
        ("the current one", session(), token(2), NOW, Verdict::Renew),
        (
            "the current one, long after",
            session(),
            token(2),
            NOW + IDLE_MS - 1,
            Verdict::Renew,
        ),
        (
            "after the session's end",
            session(),
            token(2),
            NOW + IDLE_MS,
            Verdict::Refused,
        ),
        (
            "the one before, at once",
            session(),
            token(1),
            NOW,
            Verdict::Repeat(token(2)),
        ),
        (
            "the one before, after a minute",
            session(),
            token(1),
            NOW + REPEAT_MS,
            Verdict::Repeat(token(2)),
        ),
        (
            "the one before, later",
            session(),
            token(1),
            NOW + REPEAT_MS + 1,
            Verdict::Reused,
        ),
        ("one before that", session(), token(0), NOW, Verdict::Reused),
        (
            "one that was never made",
            session(),
            forged,
            NOW,
            Verdict::Refused,
        ),
        (
            "of a revoked session",
            Session {
                revoked: true,
                ..session()
            },
            token(2),
            NOW,
            Verdict::Refused,
        ),
        (
            "an old one of a revoked session",
            Session {
                revoked: true,
                ..session()
            },
            token(0),
            NOW,
            Verdict::Refused,
        ),
        (
            "of somebody deactivated",
            Session {
                alive: false,
                ..session()
            },
            token(2),
            NOW,
            Verdict::Refused,
        ),
    ];
    for (name, session, token, now, verdict) in cases {
        assert_eq!(judge(&session, &token, now), verdict, "{name}");
    }
}
