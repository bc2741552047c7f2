//! The functions of the expression language, a table per family: their names, what they accept and what they give.

mod bytes;
mod checks;
mod conditional;
mod dates;
mod json;
mod lists;
mod maps;
mod numbers;
mod operators;
mod patterns;
mod signature;
mod texts;
mod urls;

pub use bytes::Bytes;
pub use conditional::Conditional;
pub use dates::Date;
pub use json::Json;
pub use lists::List;
pub use maps::Map;
pub use numbers::Number;
pub use operators::Operator;
pub use patterns::Pattern;
pub use signature::{Given, Resolved};
pub use texts::Text;
pub use urls::Url;

use creta_model::errors::nearest;
use creta_model::{Code, Letter};
use signature::Signature;

/// Declares a family: an enum, and the one table where a name meets its signature.
macro_rules! family {
    ($(#[$doc:meta])* $family:ident { $($member:ident $name:literal: $signature:expr;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $family { $($member,)+ }

        impl $family {
            pub(super) const TABLE: &'static [($family, &'static str, $crate::functions::signature::Signature)] =
                &[$(($family::$member, $name, $signature),)+];
        }
    };
}
use family;

macro_rules! functions {
    ($($family:ident)+) => {
        /// Every function that `_` expressions can call. `engine` evaluates each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Function { $($family($family),)+ }

        impl Function {
            /// All functions by their names; aliases are not among them.
            pub fn all() -> impl Iterator<Item = (&'static str, Function)> {
                std::iter::empty()$(.chain($family::TABLE.iter().map(|row| (row.1, Function::$family(row.0)))))+
            }

            fn row(self) -> (&'static str, &'static Signature) {
                match self {
                    $(Function::$family(member) => {
                        let row = &$family::TABLE[member as usize];
                        (row.1, &row.2)
                    })+
                }
            }
        }
    };
}

functions! { Operator Conditional Map Text Pattern Bytes Url Json Number Date List }

/// Other names of functions.
const ALIASES: &[(&str, &str)] = &[
    ("day", "day_of_month"),
    ("pow", "**"),
    ("power", "**"),
    ("mod", "%"),
    ("max", "greatest"),
    ("min", "least"),
    ("json_stringify", "json_parse"),
    ("json_format", "json_parse"),
];

impl Function {
    /// By its name in the bundle. Letters: `expression`, with the nearest name.
    pub fn named(name: &str) -> Result<Function, Letter> {
        let known = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, meant)| meant);
        Function::all().find(|(own, _)| *own == known).map(|(_, function)| function).ok_or_else(|| {
            let letter = Letter::new(Code::Expression, format!("There is no function `{name}` for expressions."));
            match nearest(name, Function::all().map(|(own, _)| own).filter(|known| known.len() > 2)) {
                Some(near) => letter.fix(format!("Did you mean `{near}`?")),
                None => letter.fix("Compute it in a Python resolver instead."),
            }
        })
    }

    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// How many of the given arguments count; what is None at the end of a call may be as good as left out.
    pub fn counted(self, given: &[Given<'_>]) -> usize {
        self.row().1.counted(given)
    }

    /// The type of a call and of its arguments. Letters: `type_mismatch`, `expression`.
    pub fn resolve(self, given: &[Given<'_>]) -> Result<Resolved, Letter> {
        let (name, signature) = self.row();
        signature.resolve(name, given)
    }
}
