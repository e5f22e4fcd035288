//! The rows that all peers are loaded with: the same in every run.

use serde_json::{Value, json};

const STATUS: [&str; 6] = [
    "new",
    "scheduled",
    "in_progress",
    "on_hold",
    "done",
    "cancelled",
];
const CITY: [&str; 8] = [
    "Austin", "Dallas", "Houston", "El Paso", "Waco", "Plano", "Laredo", "Irving",
];
const WORK: [&str; 4] = ["repair", "install", "inspect", "quote"];

/// A small linear congruential generator (Knuth's MMIX constants): enough to spread values.
struct Spread(u64);

impl Spread {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn pick<'a>(&mut self, values: &[&'a str]) -> &'a str {
        values[self.below(values.len() as u64) as usize]
    }
}

/// `count` jobs of 12 fields.
pub fn rows(count: u64) -> Vec<Value> {
    let mut spread = Spread(7);
    let row = |i: u64| {
        let at = 1_750_000_000_000 + i * 60_000;
        json!({
            "title": format!("Job {i} {}", spread.pick(&WORK)),
            "status": spread.pick(&STATUS),
            "priority": spread.below(5),
            "customer": format!("cust-{:05}", spread.below(2_000)),
            "city": spread.pick(&CITY),
            "phone": format!("+1512{:07}", spread.below(10_000_000)),
            "scheduled_at": at + spread.below(1_000_000_000),
            "amount": spread.below(500_000),
            "assignee": format!("tech-{:03}", spread.below(40)),
            "notes": "lorem ipsum dolor sit amet ".repeat(4),
            "created_ms": at,
            "updated_ms": at,
        })
    };
    (0..count).map(row).collect()
}
