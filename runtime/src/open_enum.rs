//! Enumerations of strings. An open one keeps an unknown value as `Unknown(text)`, so that a value which is added to
//! the contract does not break older programs; a closed one refuses it.

/// The error for a value that a closed enumeration does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is none of {allowed:?}")]
pub struct UnknownValue {
    pub value: String,
    pub allowed: &'static [&'static str],
}

/// Defines an open enumeration of strings, which keeps unknown values as `Unknown`.
#[macro_export]
macro_rules! open_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
            /// A value that this version of the contract does not name.
            Unknown(::std::string::String),
        }

        impl $name {
            /// The values that this version of the contract names.
            pub const KNOWN: &'static [&'static str] = &[$($text),*];

            /// The value as it is written.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(text) => text,
                }
            }
        }

        impl ::std::convert::From<::std::string::String> for $name {
            fn from(text: ::std::string::String) -> Self {
                match text.as_str() {
                    $($text => Self::$variant,)*
                    _ => Self::Unknown(text),
                }
            }
        }

        impl ::std::convert::From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    _ => Self::Unknown(text.to_owned()),
                }
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::std::convert::Infallible;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                ::std::result::Result::Ok(Self::from(text))
            }
        }

        impl<'de> $crate::reexport::serde::Deserialize<'de> for $name {
            fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
            where
                D: $crate::reexport::serde::Deserializer<'de>,
            {
                <::std::string::String as $crate::reexport::serde::Deserialize>::deserialize(deserializer)
                    .map(Self::from)
            }
        }

        $crate::enum_of_strings!($name);
    };
}

/// Defines a closed enumeration of strings, for which an unknown value is an error.
#[macro_export]
macro_rules! closed_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
        }

        impl $name {
            /// All values.
            pub const KNOWN: &'static [&'static str] = &[$($text),*];

            /// The value as it is written.
            pub const fn as_str(&self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::open_enum::UnknownValue;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                match text {
                    $($text => ::std::result::Result::Ok(Self::$variant),)*
                    _ => ::std::result::Result::Err($crate::open_enum::UnknownValue {
                        value: text.to_owned(),
                        allowed: Self::KNOWN,
                    }),
                }
            }
        }

        impl<'de> $crate::reexport::serde::Deserialize<'de> for $name {
            fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
            where
                D: $crate::reexport::serde::Deserializer<'de>,
            {
                <::std::string::String as $crate::reexport::serde::Deserialize>::deserialize(deserializer)?
                    .parse()
                    .map_err($crate::reexport::serde::de::Error::custom)
            }
        }

        $crate::enum_of_strings!($name);
    };
}

/// The parts that both kinds of enumeration share.
#[doc(hidden)]
#[macro_export]
macro_rules! enum_of_strings {
    ($name:ident) => {
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::convert::AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl $crate::reexport::serde::Serialize for $name {
            fn serialize<S>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error>
            where
                S: $crate::reexport::serde::Serializer,
            {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

#[cfg(test)]
mod tests {
    open_enum! {
        /// How a thing travels.
        pub enum Channel { Email = "email", Letter = "letter" }
    }
    closed_enum! {
        pub enum Switch { On = "on", Off = "off" }
    }

    #[test]
    fn an_open_enum_keeps_what_it_does_not_know() {
        let read: Vec<Channel> = serde_json::from_str(r#"["email","pigeon"]"#).unwrap();
        assert_eq!(read, [Channel::Email, Channel::Unknown("pigeon".into())]);
        assert_eq!(
            serde_json::to_string(&read).unwrap(),
            r#"["email","pigeon"]"#
        );
    }

    #[test]
    fn a_closed_enum_refuses_what_it_does_not_know() {
        assert_eq!(
            serde_json::from_str::<Switch>(r#""on""#).unwrap(),
            Switch::On
        );
        let refused = serde_json::from_str::<Switch>(r#""dim""#)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("dim"), "{refused}");
        assert_eq!("off".parse(), Ok(Switch::Off));
        assert_eq!(
            (Switch::KNOWN, Channel::KNOWN),
            (&["on", "off"][..], &["email", "letter"][..])
        );
    }
}
