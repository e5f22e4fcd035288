//! Chooses the database of a tenant.

use serde::Deserialize;

/// A tenant as the operator's routes return it.
#[derive(Clone, Debug, Deserialize)]
pub struct Placed {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub binding: String,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// The binding is in wrangler.toml.
    Bound(String),
    /// The binding has to be made.
    New(String),
}

const PREFIX: &str = "TENANT_";

/// An existing tenant with the name keeps its database; else it is the requested one, a free one with a binding, or the
/// next number.
pub fn place(
    name: &str,
    wanted: Option<&str>,
    bound: &[String],
    tenants: &[Placed],
) -> Result<Place, String> {
    let mut named = tenants.iter().filter(|tenant| tenant.name == name);
    if let Some(tenant) = named.next() {
        return match wanted {
            Some(wanted) if wanted != tenant.binding => Err(format!(
                "{name} has the database {} already; choose another name for another business",
                tenant.binding
            )),
            _ => Ok(Place::Bound(tenant.binding.clone())),
        };
    }
    if let Some(wanted) = wanted {
        if number(wanted).is_none() {
            return Err(format!(
                "{wanted} is not a binding of a tenant: these are named {PREFIX}1, {PREFIX}2 ..."
            ));
        }
        if let Some(other) = tenants.iter().find(|tenant| tenant.binding == wanted) {
            return Err(format!("{wanted} holds {} already", other.name));
        }
        let wanted = wanted.to_owned();
        return Ok(if bound.contains(&wanted) {
            Place::Bound(wanted)
        } else {
            Place::New(wanted)
        });
    }
    let free = bound
        .iter()
        .filter(|binding| number(binding).is_some())
        .find(|binding| tenants.iter().all(|tenant| tenant.binding != **binding));
    if let Some(free) = free {
        return Ok(Place::Bound(free.clone()));
    }
    let used = tenants.iter().map(|tenant| &tenant.binding).chain(bound);
    let last = used
        .filter_map(|binding| number(binding))
        .max()
        .unwrap_or(0);
    Ok(Place::New(format!("{PREFIX}{}", last + 1)))
}

fn number(binding: &str) -> Option<u32> {
    let number = binding.strip_prefix(PREFIX)?.parse().ok()?;
    (format!("{PREFIX}{number}") == binding).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenants(of: &[(&str, &str)]) -> Vec<Placed> {
        of.iter()
            .map(|(name, binding)| Placed {
                id: String::new(),
                name: (*name).to_owned(),
                binding: (*binding).to_owned(),
            })
            .collect()
    }

    fn placed(wanted: Option<&str>, bound: &[&str], of: &[(&str, &str)]) -> Result<Place, String> {
        let bound: Vec<String> = bound.iter().map(|name| (*name).to_owned()).collect();
        place("Acme", wanted, &bound, &tenants(of))
    }

    #[test]
    fn a_run_that_failed_is_gone_on_with() {
        let all = ["DIRECTORY", "TENANT_1", "TENANT_2"];
        let bound = |name: &str| Ok(Place::Bound(name.into()));
        let new = |name: &str| Ok(Place::New(name.into()));
        // Three states: nothing is done yet; only the binding exists; the entry exists.
        assert_eq!(
            placed(None, &all[..2], &[("B", "TENANT_1")]),
            new("TENANT_2")
        );
        assert_eq!(placed(None, &all, &[("B", "TENANT_1")]), bound("TENANT_2"));
        let entered = [("B", "TENANT_1"), ("Acme", "TENANT_2")];
        assert_eq!(placed(None, &all, &entered), bound("TENANT_2"));
        assert_eq!(placed(None, &[], &[]), new("TENANT_1"));
        assert_eq!(
            placed(None, &all, &[("B", "TENANT_1"), ("C", "TENANT_2")]),
            new("TENANT_3")
        );
        // Bound in somebody else's wrangler.toml.
        assert_eq!(
            placed(None, &all[..1], &[("B", "TENANT_9")]),
            new("TENANT_10")
        );
    }

    #[test]
    fn a_place_that_is_asked_for_has_to_be_one() {
        let all = ["DIRECTORY", "TENANT_1", "TENANT_2"];
        assert_eq!(
            placed(Some("TENANT_2"), &all, &[]),
            Ok(Place::Bound("TENANT_2".into()))
        );
        assert_eq!(
            placed(Some("TENANT_7"), &all, &[]),
            Ok(Place::New("TENANT_7".into()))
        );
        for (wanted, of) in [
            ("DIRECTORY", [("B", "TENANT_1")]),
            ("TENANT_01", [("B", "TENANT_1")]),
            ("TENANT_1", [("B", "TENANT_1")]),
            ("TENANT_2", [("Acme", "TENANT_1")]),
        ] {
            assert!(placed(Some(wanted), &all, &of).is_err(), "{wanted}");
        }
    }
}
