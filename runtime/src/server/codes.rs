//! The macro by which generated code defines error codes.

/// Defines an enumeration of error codes, or a code that is a type by itself.
#[macro_export]
macro_rules! error_codes {
    ($(#[$meta:meta])* pub enum $name:ident {
        $($(#[$variant_meta:meta])* $variant:ident = $text:literal, $status:literal;)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
        }

        impl $crate::server::ErrorCode for $name {
            fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            fn status(self) -> $crate::reexport::http::StatusCode {
                match self {
                    $(Self::$variant => $crate::server::problem::status($status),)*
                }
            }

            fn named(code: &str) -> Option<Self> {
                match code {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
    ($(#[$meta:meta])* pub struct $name:ident = $text:literal, $status:literal;) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name;

        impl $crate::server::ErrorCode for $name {
            fn code(self) -> &'static str {
                $text
            }

            fn status(self) -> $crate::reexport::http::StatusCode {
                $crate::server::problem::status($status)
            }

            fn named(code: &str) -> Option<Self> {
                (code == $text).then_some(Self)
            }
        }
    };
}
