//! The list of all diagnostic codes: one file for each family, one line here that lists it.
//!
//! In a family's file, each code is one entry:
//!
//! ```text
//! UnknownName = "ddl::names::unknown": "a name that nothing declares" {
//!     "What it means, and why it is an error."
//!     wrong: "stage s = train(nett, …)",      // both or neither
//!     right: "stage s = train(net, …)",
//! }
//! ```
//!
//! and is then `Code::UnknownName`. A text, once released, never changes its meaning.

use super::code::{Code, Entry, Example};

macro_rules! codes {
    ($($name:ident = $text:literal: $title:literal { $means:literal $(wrong: $wrong:literal, right: $right:literal $(,)?)? })*) => {
        #[allow(non_upper_case_globals)] // they read as the variants of an enum, which several files could not share
        impl super::Code {
            $(
                #[doc = concat!("`", $text, "`: ", $title)]
                pub const $name: super::Code = super::Code(&super::Entry {
                    text: $text,
                    title: $title,
                    means: $means,
                    example: codes!(@example $($wrong, $right)?),
                });
            )*
        }

        /// The codes of this family.
        pub(super) const ALL: &[super::Code] = &[$(super::Code::$name),*];
    };
    (@example) => { None };
    (@example $wrong:literal, $right:literal) => { Some(super::Example { wrong: $wrong, right: $right }) };
}

macro_rules! families {
    ($($family:ident)*) => {
        $(mod $family;)*

        /// Each family's name and codes.
        pub(super) const FAMILIES: &[(&str, &[Code])] = &[$((stringify!($family), $family::ALL)),*];
    };
}

families! {
    files
    syntax
    names
    types
    data
    graph
    eval
    plan
    run
    cli
}
