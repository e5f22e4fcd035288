//! The macros by which generated code says how its answers are printed.

/// How a struct of body and headers is printed: its status, or `own` where it has one as a field; what its body is; the header
/// of each further field.
///
/// `answer!(GetOk: 200 json, "etag" = e_tag);`
#[macro_export]
macro_rules! answer {
    (
        $name:ident: $status:tt $content:ident $($media:literal)? $(as $sent:literal)?
        $(, $header:literal = $field:ident)*
    ) => {
        impl $crate::server::Reply for $name {
            fn reply(self) -> ::std::result::Result<$crate::server::Answer, ::serde_json::Error> {
                Ok($crate::answer!(@$content self ($crate::answer!(@status self $status)) $($media)?)
                    $(.sent_as($sent))?
                    $(.header($header, self.$field))*)
            }
        }
    };
    (@status $answer:ident own) => { $answer.status };
    (@status $answer:ident $status:literal) => { $status };
    (@empty $answer:ident $status:tt) => { $crate::server::Answer::empty($status) };
    (@json $answer:ident $status:tt) => { $crate::server::Answer::json($status, &$answer.body)? };
    (@printable $answer:ident $status:tt) => { $answer.body.answer($status)? };
    (@other $answer:ident $status:tt $media:literal) => {
        $crate::server::Answer::other($status, $media, $answer.body)
    };
}

/// How an enumeration of answers is printed: those with nothing but a status first, then those that hold a struct.
///
/// `answers!(DeleteResponse: NoContent = 204; Replayed(StoredAnswer));`
#[macro_export]
macro_rules! answers {
    ($name:ident: $($unit:ident = $status:literal),*; $($variant:ident($held:ty)),*) => {
        impl $crate::server::Reply for $name {
            fn reply(self) -> ::std::result::Result<$crate::server::Answer, ::serde_json::Error> {
                match self {
                    $(Self::$unit => Ok($crate::server::Answer::empty($status)),)*
                    $(Self::$variant(answer) => $crate::server::Reply::reply(answer),)*
                }
            }
        }

        $(
            impl ::std::convert::From<$held> for $name {
                fn from(answer: $held) -> Self {
                    Self::$variant(answer)
                }
            }
        )*
    };
}
