//! A repeat gets the same bytes as the first answer, whatever the answer holds.

use std::sync::atomic::{AtomicUsize, Ordering};

use crm_runtime::server::{Answer, Content, Reply};
use proptest::prelude::*;

use super::*;
use crate::{ports::store::Value, testing::host::Dice};

/// A part of an answer: arbitrary text, the k-th version, or the k-th number of a counter.
#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Version(i64),
    Number(usize, i64),
}

fn print(pieces: &[Piece], issued: &Issued) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Version(offset) => (issued.base + offset).to_string(),
        Piece::Number(counter, index) => (issued.counters[*counter] + 1 + index).to_string(),
    };
    pieces.iter().map(piece).collect()
}

#[derive(Clone, Debug)]
struct Pieces {
    headers: Vec<Vec<Piece>>,
    body: Vec<Piece>,
}

struct Printed(StoredAnswer);

impl Reply for Printed {
    fn reply(self) -> Result<Answer, serde_json::Error> {
        Ok(Answer {
            content: Content::Json(self.0.body),
            ..Answer::empty(self.0.status)
        })
    }

    fn store(self) -> Result<StoredAnswer, serde_json::Error> {
        Ok(self.0)
    }
}

impl Pieces {
    fn answer(&self, issued: &Issued) -> StoredAnswer {
        let headers = self.headers.iter().enumerate();
        StoredAnswer {
            status: 201,
            headers: headers
                .map(|(index, pieces)| (format!("x-{index}"), print(pieces, issued)))
                .collect(),
            body: print(&self.body, issued).into(),
        }
    }
}

fn key() -> Idempotency {
    Idempotency {
        key_hash: "k".into(),
        fingerprint: "f".into(),
        seal: [7; 32],
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The answer to a repeat of a request whose commit gave out `issued`.
fn repeated(pieces: &Pieces, issued: &Issued, secret: bool) -> StoredAnswer {
    let pieces = pieces.clone();
    let answer: Box<dyn Fn(&Issued) -> Printed + Send> =
        Box::new(move |issued| Printed(pieces.answer(issued)));
    let counters = issued.counters.iter().map(|_| Counter {
        name: String::new(),
        count: 0,
        stated: 0,
    });
    let counters: Vec<Counter> = counters.collect();
    let [_, _, kept] = record(
        &key(),
        &*answer,
        Printed::store,
        &counters,
        secret,
        0,
        &Dice::default(),
    )
    .unwrap();
    let row = StoredRow {
        fingerprint: text(&kept.params[1]),
        status: kept.params[2].as_i64().unwrap(),
        headers: text(&kept.params[3]),
        body: text(&kept.params[4]),
        places: Some(text(&kept.params[5])),
        prefix: 0,
        sealed: secret,
        issued: issued.clone(),
    };
    replay(row, &key()).unwrap()
}

fn piece(counters: usize) -> impl Strategy<Value = Piece> {
    let digits = prop_oneof![
        "[0-9]{1,40}",
        "1[0-9]{15}",
        "2[0-9]{15}",
        "40000000[0-9]{8}"
    ];
    let version = (0i64..2000).prop_map(Piece::Version);
    let number =
        (0..counters.max(1), 0i64..2000).prop_map(|(counter, k)| Piece::Number(counter, k));
    prop_oneof![
        2 => any::<String>().prop_map(Piece::Text),
        3 => digits.prop_map(Piece::Text),
        2 => version.clone(),
        2 => if counters == 0 { version.boxed() } else { number.boxed() },
    ]
}

fn pieces() -> impl Strategy<Value = (Pieces, Issued)> {
    const MOST: i64 = (1 << 53) - 10_000;
    prop::collection::vec(0..MOST, 0..30).prop_flat_map(|counters| {
        let part = || prop::collection::vec(piece(counters.len()), 0..20);
        let headers = prop::collection::vec(part(), 0..3);
        (headers, part(), 0..MOST, Just(counters.clone())).prop_map(
            |(headers, body, base, counters)| (Pieces { headers, body }, Issued { base, counters }),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_repeat_is_the_first_answer_byte_for_byte((pieces, issued) in pieces(), secret in any::<bool>()) {
        let mut expected = pieces.answer(&issued);
        expected.headers.push(("idempotent-replayed".into(), "true".into()));
        prop_assert_eq!(repeated(&pieces, &issued, secret), expected);
    }
}

#[test]
fn an_answer_is_printed_twice_whatever_digits_it_holds() {
    let printed = std::sync::Arc::new(AtomicUsize::new(0));
    // Every possible prefix of a placeholder, one after the other.
    let digits: String = (4_000_000_000_u64..4_000_080_000)
        .map(|prefix| format!("{prefix} "))
        .collect();
    let answer: Box<dyn Fn(&Issued) -> Printed + Send> = {
        let (printed, digits) = (printed.clone(), digits.clone());
        Box::new(move |issued| {
            printed.fetch_add(1, Ordering::SeqCst);
            Printed(StoredAnswer {
                status: 200,
                headers: Vec::new(),
                body: format!("{digits}{}", issued.base + 7).into(),
            })
        })
    };
    let kept = Kept::of(&*answer, Printed::store, 0).unwrap();
    assert_eq!(printed.load(Ordering::SeqCst), 2);
    assert_eq!(kept.places.body, [digits.len()]);
}

#[test]
fn what_is_no_stand_in_is_not_kept_as_one() {
    assert_eq!(places(b"a1", b"a1"), Some(vec![]));
    for (first, second) in [
        ("x", "y"),
        ("1000000000000000", "2000000000000001"),
        ("100000000000000", "200000000000000"),
        ("1000000000000000", "20000000000000000"),
        ("3000000000000000", "4000000000000000"),
    ] {
        assert_eq!(places(first.as_bytes(), second.as_bytes()), None, "{first}");
    }
    let issued = Issued::default();
    assert_eq!(
        fill("1000000000000003", &[0], &issued).as_deref(),
        Some("3")
    );
    for (text, places) in [
        ("1000000000000003", &[1][..]),
        ("1000000000000003", &[0, 4]),
        ("1000000000000003", &[usize::MAX]),
        ("0000000000000003", &[0]),
        ("1000001000000003", &[0]),
        ("é00000000000000", &[1]),
    ] {
        assert_eq!(fill(text, places, &issued), None, "{text} {places:?}");
    }
}

#[test]
fn an_answer_of_an_older_program_is_repeated_too() {
    let row = StoredRow {
        fingerprint: "f".into(),
        status: 201,
        headers: r#"[["etag","\"4000000000000007\""]]"#.into(),
        body: r#"{"version":4000000000000007,"number":4000000000100001,"other":4000000000200003,"n":41}"#.into(),
        places: None,
        prefix: 4_000_000_000,
        sealed: false,
        issued: Issued {
            base: 100,
            counters: vec![40, 500],
        },
    };
    let replayed = replay(row, &key()).unwrap();
    assert_eq!(
        replayed.headers[0],
        ("etag".to_owned(), "\"107\"".to_owned())
    );
    assert_eq!(
        replayed.body,
        r#"{"version":107,"number":41,"other":503,"n":41}"#
    );
}
