//! Strings.

use super::family;
use super::signature::Kind::{Bool, Int, List, Str};
use super::signature::fixed;

family! {
    /// Strings; positions count code points.
    Text {
        Lower "lower": fixed(&[Str], Str);
        Upper "upper": fixed(&[Str], Str);
        Trim "trim": fixed(&[Str], Str);
        LeftTrim "ltrim": fixed(&[Str], Str);
        RightTrim "rtrim": fixed(&[Str], Str);
        Reverse "reverse": fixed(&[Str], Str);
        Length "length": fixed(&[Str], Int);
        StartsWith "starts_with": fixed(&[Str, Str], Bool);
        EndsWith "ends_with": fixed(&[Str, Str], Bool);
        Contains "str_contains": fixed(&[Str, Str], Bool);
        Position "strpos": fixed(&[Str, Str], Int);
        LastPosition "strrpos": fixed(&[Str, Str], Int);
        Replace "replace": fixed(&[Str, Str, Str], Str);
        Substring "substr": fixed(&[Str, Int, Int], Str).optional(1);
        Slice "str_slice": fixed(&[Str, Int, Int], Str);
        Split "split": fixed(&[Str, Str, Int], List(&Str)).optional(1);
        SplitPart "split_part": fixed(&[Str, Str, Int], Str);
        LeftPad "lpad": fixed(&[Str, Int, Str], Str);
        RightPad "rpad": fixed(&[Str, Int, Str], Str);
        Character "chr": fixed(&[Int], Str);
        Normalize "unidecode_normalize": fixed(&[Str], Str);
        ToAscii "unidecode_to_ascii": fixed(&[Str], Str);
        Stem "word_stem": fixed(&[Str], Str);
    }
}
