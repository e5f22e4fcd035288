//! The macro with which generated code defines error codes.

/// Defines an enumeration of error codes, or a type for one code.
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
        }

        $crate::error_codes!(@documented $name);
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
        }

        $crate::error_codes!(@documented $name);
    };
    (@documented $name:ident) => {
        impl<E: ::std::convert::From<$name>> $crate::server::DocumentedBy<E> for $name {
            fn documented(self) -> E {
                self.into()
            }
        }
    };
}
