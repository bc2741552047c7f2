//! Patterns on strings: SQL's LIKE and regular expressions.

use super::signature::Kind::{Bool, Int, List, Str};
use super::signature::fixed;
use super::{checks, family};

family! {
    /// SQL's LIKE and regular expressions.
    Pattern {
        Like "like": fixed(&[Str, Str], Bool);
        Matches "regexp_like": fixed(&[Str, Str], Bool).checked(checks::expression);
        Replace "regexp_replace": fixed(&[Str, Str, Str], Str).optional(1).checked(checks::expression);
        Extract "regexp_extract": fixed(&[Str, Str, Int], Str).checked(checks::expression);
        ExtractAll "regexp_extract_all": fixed(&[Str, Str, Int], List(&Str)).checked(checks::expression);
        Split "regexp_split": fixed(&[Str, Str], List(&Str)).checked(checks::expression);
    }
}
