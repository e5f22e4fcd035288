//! What is remembered of many tenants at once.

use super::*;

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

fn bytes(tenants: &Tenants) -> usize {
    let all = tenants.known.lock();
    let counted: usize = all.by.values().map(Known::bytes).sum();
    assert_eq!(all.bytes, counted);
    counted
}

#[test]
fn what_is_remembered_of_all_tenants_stays_within_bytes_and_the_oldest_goes_first() {
    let tenants = Tenants::default();
    let large = state(1 << 20);
    for n in 0..100 {
        tenants.with(&tenant(n), |known| known.state = Some(large.clone()));
        assert!(tenants.state(&tenant(0)).is_some(), "{n}");
        assert!(bytes(&tenants) <= MOST_BYTES);
    }
    assert!(tenants.state(&tenant(99)).is_some() && tenants.state(&tenant(1)).is_none());
    // One that takes more than the bound by itself is remembered alone.
    tenants.with(&tenant(200), |known| known.state = Some(state(MOST_BYTES)));
    assert!(tenants.state(&tenant(200)).is_some() && tenants.state(&tenant(99)).is_none());
}

#[test]
fn callers_are_counted_as_well() {
    let tenants = Tenants::default();
    let roles: Arc<str> = "r".repeat(10_000).into();
    for n in 0..10 {
        for caller in 0..1_100 {
            tenants.remember_roles(&tenant(n), &caller.to_string(), roles.clone());
        }
        tenants.remember_roles(&tenant(n), "0", "short".into());
        assert!(bytes(&tenants) <= MOST_BYTES);
    }
    assert_eq!(tenants.roles(&tenant(9), "0").as_deref(), Some("short"));
}
