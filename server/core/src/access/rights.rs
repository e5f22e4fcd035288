//! Rights as a set that can be compared. To give rights to a person, or to take a person over, the caller must have all
//! of them. Plain data. The compiler checks that all permissions of the contract fit into the set.

use crm_contract::latest::server::operations::PERMISSIONS;
use crm_runtime::server::Permission;

use super::roles;

/// A set of the contract's permissions, and whether its holder is an owner. Only owners make owners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Bit n stands for the n-th of [`PERMISSIONS`].
    permissions: u64,
    owner: bool,
}

const _: () = assert!(PERMISSIONS.len() < 64);

/// The first right that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacking {
    Permission(&'static Permission),
    Ownership,
}

impl Rights {
    pub const NONE: Self = Self {
        permissions: 0,
        owner: false,
    };
    /// Every permission.
    pub const ALL: Self = Self {
        permissions: (1 << PERMISSIONS.len()) - 1,
        owner: false,
    };
    /// The rights of an owner: every permission, and ownership.
    pub const OWNER: Self = Self {
        owner: true,
        ..Self::ALL
    };

    /// The permissions with these names. None if the contract lacks one of them: a check of the remaining names would
    /// be too weak. For names that are fixed in the code use [`rights!`].
    pub const fn named(names: &[&str]) -> Option<Self> {
        let (mut permissions, mut next) = (0, 0);
        while next < names.len() {
            match place(names[next]) {
                Some(place) => permissions |= 1 << place,
                None => return None,
            }
            next += 1;
        }
        Some(Self {
            permissions,
            owner: false,
        })
    }

    /// The union of what the roles grant. Unknown role names grant nothing.
    pub fn of_roles<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let roles = names.into_iter().filter_map(roles::find);
        roles.fold(Self::NONE, |rights, role| rights.and(role.rights()))
    }

    /// What a scope grants to a key. None if the scope does not exist.
    pub fn of_scope(name: &str) -> Option<Self> {
        let rights = Self::those(|permission| permission.scope == Some(name));
        (rights != Self::NONE).then_some(rights)
    }

    pub fn of_scopes<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let scopes = names.into_iter().filter_map(Self::of_scope);
        scopes.fold(Self::NONE, Self::and)
    }

    fn those(is_one: impl Fn(&Permission) -> bool) -> Self {
        let permissions = PERMISSIONS
            .iter()
            .enumerate()
            .filter(|(_, permission)| is_one(permission))
            .fold(0, |all, (place, _)| all | 1 << place);
        Self {
            permissions,
            owner: false,
        }
    }

    /// The union of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            permissions: self.permissions | other.permissions,
            owner: self.owner || other.owner,
        }
    }

    /// The intersection of both.
    #[must_use]
    pub fn within(self, bound: Self) -> Self {
        Self {
            permissions: self.permissions & bound.permissions,
            owner: self.owner && bound.owner,
        }
    }

    /// The scopes that these rights cover.
    pub fn scopes(self) -> impl Iterator<Item = &'static str> {
        let scopes = PERMISSIONS.iter().filter_map(|permission| permission.scope);
        scopes.filter(move |scope| Self::of_scope(scope).is_some_and(|rights| self.covers(rights)))
    }

    pub fn has(self, permission: &str) -> bool {
        place(permission).is_some_and(|place| self.permissions & (1 << place) != 0)
    }

    pub fn is_owner(self) -> bool {
        self.owner
    }

    /// Whether this set includes all rights of `other`.
    pub fn covers(self, other: Self) -> bool {
        self.lacks(other).is_none()
    }

    /// The first right that `other` has and this set lacks. Ownership comes before permissions.
    pub fn lacks(self, other: Self) -> Option<Lacking> {
        if other.owner && !self.owner {
            return Some(Lacking::Ownership);
        }
        let more = other.permissions & !self.permissions;
        let first = PERMISSIONS
            .iter()
            .enumerate()
            .find(|(place, _)| more & (1 << place) != 0);
        first.map(|(_, permission)| Lacking::Permission(permission))
    }
}

/// The index of a permission in the contract's table.
const fn place(name: &str) -> Option<usize> {
    let mut place = 0;
    while place < PERMISSIONS.len() {
        if is_same(PERMISSIONS[place].name.as_bytes(), name.as_bytes()) {
            return Some(place);
        }
        place += 1;
    }
    None
}

/// `a == b` for constants, where the operator is not available.
const fn is_same(a: &[u8], b: &[u8]) -> bool {
    let mut next = 0;
    while next < a.len() && next < b.len() && a[next] == b[next] {
        next += 1;
    }
    next == a.len() && next == b.len()
}

/// The rights with these permissions. An unknown name is a compile error.
macro_rules! rights {
    ($($name:expr),+ $(,)?) => {
        const {
            match $crate::access::rights::Rights::named(&[$($name),+]) {
                Some(rights) => rights,
                None => panic!("the contract's x-permissions do not have one of these names"),
            }
        }
    };
}
pub(crate) use rights;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set() -> impl Strategy<Value = Rights> {
        (0..=Rights::ALL.permissions, any::<bool>())
            .prop_map(|(permissions, owner)| Rights { permissions, owner })
    }

    proptest! {
        #[test]
        fn covering_is_an_order(a in set(), b in set(), c in set()) {
            prop_assert!(a.covers(a) && a.covers(Rights::NONE) && Rights::OWNER.covers(a));
            prop_assert!(!(a.covers(b) && b.covers(c)) || a.covers(c));
            prop_assert_eq!(a.covers(b) && b.covers(a), a == b);
        }

        #[test]
        fn what_covers_two_covers_both_together(a in set(), b in set(), c in set()) {
            prop_assert!(a.and(b).covers(a) && a.and(b).covers(b));
            prop_assert_eq!(c.covers(a.and(b)), c.covers(a) && c.covers(b));
        }

        #[test]
        fn what_is_within_both_is_what_each_covers(a in set(), b in set(), c in set()) {
            prop_assert_eq!(a.within(b).covers(c), a.covers(c) && b.covers(c));
        }

        #[test]
        fn the_scopes_of_rights_grant_all_of_them_that_scopes_can(a in set()) {
            prop_assert!(a.covers(Rights::of_scopes(a.scopes())));
            for scope in PERMISSIONS.iter().filter_map(|permission| permission.scope) {
                let within = Rights::of_scope(scope).is_some_and(|rights| a.covers(rights));
                prop_assert_eq!(a.scopes().any(|one| one == scope), within);
            }
        }

        #[test]
        fn what_is_lacking_is_in_the_one_and_not_in_the_other(a in set(), b in set()) {
            match a.lacks(b) {
                None => prop_assert_eq!(a.and(b), a),
                Some(Lacking::Ownership) => prop_assert!(b.is_owner() && !a.is_owner()),
                Some(Lacking::Permission(one)) => prop_assert!(b.has(one.name) && !a.has(one.name)),
            }
        }

        #[test]
        fn more_roles_and_scopes_never_take_away(
            roles in prop::collection::vec(prop::sample::select(vec!["owner", "admin", "readonly", "emperor"]), 0..4),
            more in prop::sample::select(vec!["owner", "admin", "readonly", "emperor"]),
        ) {
            let before = Rights::of_roles(roles.iter().copied());
            let after = Rights::of_roles(roles.iter().copied().chain([more]));
            prop_assert!(after.covers(before));
            prop_assert_eq!(after, before.and(Rights::of_roles([more])));
        }
    }

    #[test]
    fn an_admin_has_all_but_what_is_an_owners() {
        let [owner, admin, readonly] =
            ["owner", "admin", "readonly"].map(|role| Rights::of_roles([role]));
        assert_eq!((owner, admin), (Rights::OWNER, Rights::ALL));
        assert_eq!(
            readonly,
            rights!["records.read", "schema.read", "users.read"]
        );
        assert_eq!(admin.lacks(owner), Some(Lacking::Ownership));
        assert!(owner.covers(admin) && admin.covers(readonly) && !readonly.covers(admin));
        assert_eq!(Rights::of_roles(["emperor", "OWNER"]), Rights::NONE);
    }

    #[test]
    fn names_that_the_contract_does_not_have_are_told_and_not_left_out() {
        for unknown in [
            &["api_keys.revoke"][..],
            &["users.read", "api_keys.revoke"],
            &["users.rea"],
            &["users.reads"],
            &[""],
        ] {
            assert_eq!(Rights::named(unknown), None, "{unknown:?}");
        }
        for permission in PERMISSIONS {
            let rights = Rights::named(&[permission.name]).unwrap();
            assert!(rights.has(permission.name) && rights != Rights::NONE);
            assert!(!Rights::NONE.covers(rights));
        }
    }

    #[test]
    fn all_scopes_together_are_every_permission() {
        let scopes = PERMISSIONS.iter().filter_map(|permission| permission.scope);
        assert_eq!(Rights::of_scopes(scopes), Rights::ALL);
        assert_eq!(Rights::of_scope("records:everything"), None);
    }
}
