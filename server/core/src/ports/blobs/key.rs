//! The key of a blob: a tenant and a name. Only checked names are possible, so no name leads out of its tenant, or to
//! another blob on a file system that treats different names as equal.

use std::fmt;

use crate::ports::store::TenantId;

/// The most bytes of a name, of one of its parts, and the most parts.
pub const NAME: usize = 255;
pub const PART: usize = 64;
pub const PARTS: usize = 8;

/// `{tenant}/{name}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlobKey {
    tenant: TenantId,
    name: String,
}

/// Why a name is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("a blob's name has 1 to {NAME} bytes")]
    Length,
    #[error("a blob's name has at most {PARTS} parts with a slash between them")]
    Parts,
    #[error(
        "each part of a blob's name has 1 to {PART} of a-z, 0-9, - and _, and begins with one of the first two"
    )]
    Part,
    #[error("a blob's key begins with a tenant's id and a slash")]
    Tenant,
}

impl BlobKey {
    /// A name has parts of lower-case letters, digits, hyphens and underscores, separated by slashes. Dots are not
    /// allowed: `..` is not a name, and hosts may use names with dots for their own files.
    pub fn new(tenant: &TenantId, name: &str) -> Result<Self, KeyError> {
        if name.is_empty() || name.len() > NAME {
            return Err(KeyError::Length);
        }
        if name.split('/').count() > PARTS {
            return Err(KeyError::Parts);
        }
        if !name.split('/').all(is_part) {
            return Err(KeyError::Part);
        }
        Ok(Self {
            tenant: tenant.clone(),
            name: name.to_owned(),
        })
    }

    /// Parses the output of [`Display`](fmt::Display).
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (tenant, name) = text.split_once('/').ok_or(KeyError::Tenant)?;
        let tenant = TenantId::parse(tenant).ok_or(KeyError::Tenant)?;
        Self::new(&tenant, name)
    }

    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    pub fn name(&self) -> &str {
        &self.name
    }
}

fn is_part(part: &str) -> bool {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    part.len() <= PART
        && part.as_bytes().first().is_some_and(plain)
        && part
            .bytes()
            .all(|byte| plain(&byte) || byte == b'-' || byte == b'_')
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tenant() -> TenantId {
        TenantId::parse("01900000-0000-7000-8000-000000000001").unwrap()
    }

    #[test]
    fn a_name_is_of_one_form() {
        let long = "a".repeat(PART);
        let deep = ["a"; PARTS].join("/");
        for name in [
            "a",
            "0",
            "files/01900000-0000-7000-8000-0000000000aa",
            "a_b-c/d",
            &long,
            &deep,
        ] {
            let key = BlobKey::new(&tenant(), name).unwrap();
            assert_eq!((key.tenant(), key.name()), (&tenant(), name));
            assert_eq!(BlobKey::parse(&key.to_string()), Ok(key));
        }
    }

    #[test]
    fn a_hostile_name_is_none() {
        let wide = "a/".repeat(PARTS) + "a";
        let long = vec!["a".repeat(PART); 4].join("/");
        let part = "a".repeat(PART + 1);
        let cases = [
            ("", KeyError::Length),
            (&*long, KeyError::Length),
            (&*wide, KeyError::Parts),
            (&*part, KeyError::Part),
        ];
        for (name, expected) in cases {
            assert_eq!(BlobKey::new(&tenant(), name), Err(expected), "{name:?}");
        }
        for name in [
            "..",
            ".",
            "../a",
            "a/..",
            "a/../b",
            "a/./b",
            "/a",
            "a/",
            "a//b",
            "/",
            "a.b",
            ".a",
            "-a",
            "_a",
            "A",
            "a b",
            "a\\b",
            "..\\a",
            "c:a",
            "a\0",
            "a\n",
            "é",
            "ａ",
            "%2e%2e",
            "a?b",
            "a#b",
            "a%2fb",
            "~",
            "con:",
            "\u{202e}a",
            "*",
        ] {
            assert_eq!(
                BlobKey::new(&tenant(), name),
                Err(KeyError::Part),
                "{name:?}"
            );
        }
        for text in [
            "",
            "a",
            "01900000-0000-7000-8000-000000000001",
            "../a",
            "/a",
            "01900000-0000-7000-8000-00000000000A/a",
            "..-0000-7000-8000-000000000001/a",
        ] {
            assert_eq!(BlobKey::parse(text), Err(KeyError::Tenant), "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// Every accepted key stays below its tenant, as a path and as an address.
        #[test]
        fn no_name_leads_out_of_its_tenant(name in "[-_./\\\\%a-cA\\x00é ]{0,20}") {
            if let Ok(key) = BlobKey::new(&tenant(), &name) {
                let path = std::path::Path::new("root").join(key.to_string());
                prop_assert!(path.components().all(|part| matches!(part, std::path::Component::Normal(_))));
                let below = path.starts_with(std::path::Path::new("root").join(tenant().as_str()));
                prop_assert!(below);
                let url = url::Url::parse("https://api.example/blobs/").unwrap().join(&key.to_string()).unwrap();
                prop_assert_eq!(url.path(), format!("/blobs/{key}"));
            }
        }
    }
}
