//! The macros by which an operator is declared once.

/// Declares an operator: a documented struct whose fields are its parameters.
///
/// ```text
/// operator! {
///     /// What it does. Source: …
///     pub struct ArcFace("arcface", 1, |_| Type::Head) {
///         /// Radius of the hypersphere.
///         scale: f64 = 64.0, in 0.0..=1e4;
///         /// Seed of the first weights.
///         seed: i64 = 0, any "a seed is hashed";
///         /// A field without a default must be given.
///         data: DataRef;
///     }
/// }
/// ```
///
/// The number is the operator's version; the closure gives the type of the result. `check = path;` after the fields names a function
/// `fn(&Call) -> Vec<Complaint>`; `hidden = true;` keeps the operator out of recipes; `changes = [(2, "…")];` says in one sentence what each
/// later version changed about the numbers. `node = KIND, source = |it| …;` makes it a node of a plan, and says of
/// which [kind](crate::ops::node::Kind) it is and which model it is made of. Whatever takes a number says `in` which limits, in the quantity's own unit (radians, parts of one), or
/// why `any` number fits.
#[macro_export]
macro_rules! operator {
    (
        $(#[doc = $doc:expr])*
        pub struct $type:ident($name:literal, $version:literal, $result:expr) {
            $(
                $(#[doc = $field_doc:expr])*
                $(#[serde($($serde:tt)*)])?
                $field:ident : $field_type:ty $(= $default:expr)? $(, in $limits:expr)? $(, any $why:literal)?;
            )*
        }
        $(check = $check:path;)?
        $(hidden = $hidden:literal;)?
        $(observes = $observes:literal;)?
        $(stands_for = $stands_for:literal;)?
        $(node = $kind:ident, source = $source:expr;)?
        $(changes = [$(($changed:literal, $sentence:expr)),* $(,)?];)?
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $type {
            $(
                $(#[doc = $field_doc])*
                $(#[serde($($serde)*)])?
                pub $field: $field_type,
            )*
        }

        impl $crate::lang::decl::Operator for $type {
            const NAME: &'static str = $name;
            fn decl() -> &'static $crate::lang::decl::Decl {
                static DECL: std::sync::OnceLock<$crate::lang::decl::Decl> = std::sync::OnceLock::new();
                DECL.get_or_init(|| $crate::lang::decl::Decl {
                    name: $name,
                    version: $version,
                    doc: concat!($($doc, "\n"),*),
                    params: vec![$(
                        $crate::lang::decl::ParamDecl {
                            name: stringify!($field).trim_start_matches("r#"),
                            doc: concat!($($field_doc, "\n"),*),
                            ty: <$field_type as $crate::lang::decl::Param>::ty(),
                            default: $crate::operator!(@default $field_type $(, $default)?),
                            limits: $crate::operator!(@limits $($limits)?),
                            any: None $(.or(Some($why)))?,
                            choices: <$field_type as $crate::lang::decl::Param>::choices(),
                        },
                    )*],
                    result: $result,
                    check: $crate::operator!(@check $($check)?),
                    hidden: false $(|| $hidden)?,
                    observes: None $(.or(Some($observes)))?,
                    stands_for: None $(.or(Some($stands_for)))?,
                    changes: &[$($(($changed, $sentence)),*)?],
                    raised: std::sync::OnceLock::new(),
                })
            }
        }

        $(impl $crate::ops::node::Planned for $type {
            const KIND: $crate::ops::node::Kind = $crate::ops::node::Kind::$kind;
            fn source(&self) -> Option<$crate::lang::value::NodeId> {
                let source: fn(&Self) -> Option<$crate::lang::value::NodeId> = $source;
                source(self)
            }
        })?
    };
    (@default $type:ty) => { None };
    (@default $type:ty, $default:expr) => {{
        let default: $type = $default;
        Some($crate::lang::decl::Param::value(&default))
    }};
    (@limits) => { None };
    (@limits $limits:expr) => { Some($crate::lang::decl::Limits::of(&$limits)) };
    (@check) => { |_| Vec::new() };
    (@check $check:path) => { $check };
}

/// Declares a reader of images that lie on the disk: an operator with what can be said of such images behind its own parameters.
#[macro_export]
macro_rules! reader {
    (
        $(#[doc = $doc:literal])*
        pub struct $type:ident($name:literal, $version:literal, $result:expr) { $($params:tt)* }
        $(changes = [$($changes:tt)*];)?
    ) => {
        $crate::operator! {
            $(#[doc = $doc])*
            pub struct $type($name, $version, $result) {
                $($params)*
                /// What happens to an image that can't be decoded.
                on_corrupt: $crate::ops::readers::OnCorrupt = $crate::ops::readers::OnCorrupt::Stop;
                /// What happens to an image whose size is not the network's.
                on_size: $crate::ops::readers::OnSize = $crate::ops::readers::OnSize::Resize;
                /// The kernel by which an image of another size than the network's is resized.
                kernel: $crate::ops::augments::Kernel = $crate::ops::augments::Kernel::Cubic;
                /// Whether a JPEG comes at a half, a quarter or an eighth of its size where that is still no smaller than the network's input, before it is resized: much faster, and other pixels (PIL's `Image.draft`).
                draft: bool = false;
                /// How its faces are aligned, by any name that all data of a template share ("arcface112"). One network must not see two known ones; nothing else depends on it.
                alignment: Option<String> = None;
            }
            observes = "alignment";
            $(changes = [$($changes)*];)?
        }

        impl $type {
            /// What is said of its images.
            fn said(&self) -> $crate::ops::readers::Said<'_> {
                let alignment = self.alignment.as_deref();
                let sizing = $crate::data::stream::Sizing { kernel: self.kernel.pixels(), draft: self.draft };
                $crate::ops::readers::Said { on_corrupt: self.on_corrupt, on_size: self.on_size, sizing, alignment }
            }
        }
    };
}

/// Declares the words that a parameter can be, each with what it means: `ddl doc` shows them.
#[macro_export]
macro_rules! choice {
    ($(#[doc = $doc:expr])* pub enum $type:ident { $($(#[doc = $word_doc:expr])* $variant:ident = $word:literal,)* }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $type {
            $($(#[doc = $word_doc])* #[serde(rename = $word)] $variant,)*
        }

        impl $type {
            /// The word for it in a recipe.
            pub const fn word(self) -> &'static str {
                match self { $($type::$variant => $word,)* }
            }
        }

        impl $crate::lang::decl::Param for $type {
            fn ty() -> $crate::lang::types::Type {
                $crate::lang::types::Type::Choice([$($word.to_owned()),*].into())
            }
            fn value(&self) -> $crate::lang::value::Value {
                $crate::lang::value::Value::text(self.word())
            }
            fn choices() -> Vec<(&'static str, &'static str)> {
                vec![$(($word, concat!($($word_doc, "\n"),*))),*]
            }
        }
    };
}

/// Makes a family of value operators (augments, heads, terms, …) one enum, told apart by the operator's name.
///
/// `family! { /// doc  pub enum Augment: Type::Augment { Flip, Blur } }` gives the enum, its [`Param`](crate::lang::decl::Param) and `decls()`.
/// `family! { pub enum Term: Type::Objective, dyn Connected => { … } }` also gives `it()`: whatever member it is, as that trait. `kind K` gives
/// `kind(name)`, by what each member says beside its declaration: `impl Kinded<K> for Classify { const KIND: K = … }`. `each each_term in terms` gives a macro by which
/// another crate does something with each member: `each_term!(it in self => it.needs())`.
#[macro_export]
macro_rules! family {
    ($(#[doc = $doc:expr])* pub enum $family:ident : $type:expr, dyn $view:ident, kind $kind:ty => { $($member:ident),* $(,)? }) => {
        $crate::family! { $(#[doc = $doc])* pub enum $family: $type, dyn $view => { $($member),* } }
        $crate::family! { @kind $family, $kind, $($member),* }
    };
    ($(#[doc = $doc:expr])* pub enum $family:ident : $type:expr, kind $kind:ty => { $($member:ident),* $(,)? }) => {
        $crate::family! { $(#[doc = $doc])* pub enum $family: $type => { $($member),* } }
        $crate::family! { @kind $family, $kind, $($member),* }
    };
    ($(#[doc = $doc:expr])* pub enum $family:ident : $type:expr, dyn $view:ident, kind $kind:ty, each $each:ident in $module:ident => { $($member:ident),* $(,)? }) => {
        $crate::family! { $(#[doc = $doc])* pub enum $family: $type, dyn $view, kind $kind => { $($member),* } }
        $crate::family! { @each ($) $each, $module, $family, $($member),* }
    };
    ($(#[doc = $doc:expr])* pub enum $family:ident : $type:expr, kind $kind:ty, each $each:ident in $module:ident => { $($member:ident),* $(,)? }) => {
        $crate::family! { $(#[doc = $doc])* pub enum $family: $type, kind $kind => { $($member),* } }
        $crate::family! { @each ($) $each, $module, $family, $($member),* }
    };
    (@each ($d:tt) $each:ident, $module:ident, $family:ident, $($member:ident),*) => {
        #[doc = concat!("Does something with whatever member of [`", stringify!($family), "`](crate::ops::", stringify!($module), "::", stringify!($family), ") a value is.")]
        #[macro_export]
        macro_rules! $each {
            ($d it:ident in $d any:expr => $d what:expr) => {
                match $d any { $($crate::ops::$module::$family::$member($d it) => $d what,)* }
            };
        }
    };
    (@kind $family:ident, $kind:ty, $($member:ident),*) => {
        impl $family {
            /// What all values of the member of this name have in common; nothing for what is no member.
            pub fn kind(op: &str) -> Option<$kind> {
                $(if op == <$member as $crate::lang::decl::Operator>::NAME {
                    return Some(<$member as $crate::lang::decl::Kinded<$kind>>::KIND);
                })*
                None
            }
        }
    };
    ($(#[doc = $doc:expr])* pub enum $family:ident : $type:expr, dyn $view:ident => { $($member:ident),* $(,)? }) => {
        $crate::family! { $(#[doc = $doc])* pub enum $family: $type => { $($member),* } }

        impl $family {
            /// The member, as what all members say of themselves.
            pub fn it(&self) -> &dyn $view {
                match self { $($family::$member(it) => it,)* }
            }
        }
    };
    ($(#[doc = $doc:expr])* pub enum $family:ident : $type:expr => { $($member:ident),* $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $family {
            $(#[doc = concat!("See [`", stringify!($member), "`].")] $member($member),)*
        }

        impl $family {
            /// The declarations of all members.
            pub fn decls() -> Vec<&'static $crate::lang::decl::Decl> {
                vec![$(<$member as $crate::lang::decl::Operator>::decl()),*]
            }

            /// Whether an operator of this name is one of these.
            pub fn is(op: &str) -> bool {
                [$(<$member as $crate::lang::decl::Operator>::NAME),*].contains(&op)
            }

            /// The operator that this is.
            pub fn decl(&self) -> &'static $crate::lang::decl::Decl {
                match self { $($family::$member(_) => <$member as $crate::lang::decl::Operator>::decl(),)* }
            }

            /// Its name.
            pub fn name(&self) -> &'static str {
                match self { $($family::$member(_) => <$member as $crate::lang::decl::Operator>::NAME,)* }
            }
        }

        impl serde::Serialize for $family {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                let json = match self { $($family::$member(it) => serde_json::to_value(it),)* };
                let mut json = json.map_err(serde::ser::Error::custom)?;
                if let Some(map) = json.as_object_mut() {
                    map.insert("op".to_owned(), serde_json::Value::from(self.name()));
                }
                json.serialize(to)
            }
        }

        impl<'de> serde::Deserialize<'de> for $family {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                use serde::de::Error;
                let mut map = serde_json::Map::deserialize(from)?;
                let op = map.remove("op");
                let name = op.as_ref().and_then(|op| op.as_str()).ok_or_else(|| D::Error::missing_field("op"))?;
                let rest = serde_json::Value::Object(map);
                $(if name == <$member as $crate::lang::decl::Operator>::NAME {
                    return serde_json::from_value(rest).map($family::$member).map_err(D::Error::custom);
                })*
                Err(D::Error::custom(format_args!("`{name}` is not one of {:?}", [$(<$member as $crate::lang::decl::Operator>::NAME),*])))
            }
        }

        impl $crate::lang::decl::Param for $family {
            fn ty() -> $crate::lang::types::Type { $type }
            fn value(&self) -> $crate::lang::value::Value { $crate::ops::stripped(self.decl(), self) }
        }
    };
}
