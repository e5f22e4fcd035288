//! The memory for many tenants at once.

use serde_json::json;

use super::*;
use crate::testing::World;

fn tenant(n: usize) -> TenantId {
    TenantId::parse(&crate::testing::id(n)).unwrap()
}

/// Definitions whose texts take about this many bytes.
fn state(bytes: usize) -> Arc<TenantState> {
    let label = "x".repeat(bytes);
    let definition = format!(r#"{{"type":"text","label":"{label}"}}"#);
    let row = vec![
        Value::Text("contact".into()),
        Value::Text("own".into()),
        Value::Integer(1),
        Value::Text(definition),
        Value::Null,
        Value::Integer(0),
        Value::Null,
    ];
    Arc::new(TenantState {
        schema_rev: 1,
        access_rev: 1,
        secret: String::new(),
        schema: Schema::load(Vec::new(), vec![row]).unwrap(),
    })
}

fn remember(tenants: &Tenants, n: usize, state: &Arc<TenantState>) {
    tenants.states.insert(tenant(n), state.clone());
}

#[test]
fn what_is_remembered_of_all_tenants_stays_within_bytes_and_a_tenant_in_use_stays() {
    let tenants = Tenants::default();
    let large = state(1 << 20);
    for n in 0..100 {
        remember(&tenants, n, &large);
        assert!(tenants.state(&tenant(0)).is_some(), "{n}");
        assert!(tenants.states.weight() <= MOST_BYTES);
    }
    assert!(tenants.state(&tenant(99)).is_some());
    let kept = (1..100).filter(|n| tenants.state(&tenant(*n)).is_some());
    assert!(kept.count() < 10);
    // A state that exceeds the bound by itself is remembered too.
    let largest = state(usize::try_from(MOST_BYTES).unwrap());
    remember(&tenants, 200, &largest);
    assert!(tenants.state(&tenant(200)).is_some());
    assert!(tenants.states.weight() <= MOST_BYTES);
}

#[test]
fn small_states_are_bounded_by_their_number() {
    let tenants = Tenants::default();
    let small = state(1);
    for n in 0..2_000 {
        remember(&tenants, n, &small);
    }
    assert!(tenants.states.len() as u64 <= MOST_STATES);
    assert!(tenants.states.len() as u64 > MOST_STATES / 2);
}

#[test]
fn the_roles_of_a_caller_in_use_stay_while_others_come_and_go() {
    let tenants = Tenants::default();
    let roles: Arc<str> = "r".repeat(1_000).into();
    tenants.remember_roles(&tenant(1), "used", roles.clone());
    for n in 0..50_000 {
        tenants.remember_roles(&tenant(n % 3), &n.to_string(), roles.clone());
        if n % 100 == 0 {
            let held = tenants.roles(&tenant(1), "used");
            assert!(held.is_some(), "after {n} others");
        }
        assert!(tenants.roles.weight() <= MOST_ROLES_BYTES);
    }
    tenants.remember_roles(&tenant(1), "used", "short".into());
    assert_eq!(tenants.roles(&tenant(1), "used").as_deref(), Some("short"));
    assert_eq!(tenants.roles(&tenant(2), "used"), None);
}

#[test]
fn what_was_just_read_serves_the_request_even_if_it_is_forgotten_at_once() {
    let mut world = World::new();
    world.thing(json!({"title": "there"}));
    world.core.work.tenants = Tenants::forgetful();
    assert_eq!(world.count("thing"), 1);
    world.thing(json!({"title": "more"}));
    assert_eq!(world.count("thing"), 2);
}
