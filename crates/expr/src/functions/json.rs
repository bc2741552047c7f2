//! JSON in strings.

use super::signature::Kind::{Any, List, Str};
use super::signature::fixed;
use super::{checks, family};

family! {
    /// JSON in strings.
    Json {
        Value "json_value": fixed(&[Str, Str], Str).checked(checks::path);
        ValueStrict "json_value_strict": fixed(&[Str, Str], Str).checked(checks::path);
        ExtractArray "json_extract_array": fixed(&[Str, Str], List(&Str)).checked(checks::path);
        Write "jsonify": fixed(&[Any], Str);
        Parse "json_parse": fixed(&[Str], Str);
    }
}
