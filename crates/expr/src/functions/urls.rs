//! Parts of URLs.

use super::family;
use super::signature::Kind::Str;
use super::signature::fixed;

family! {
    /// Parts of URLs.
    Url {
        Protocol "url_extract_protocol": fixed(&[Str], Str);
        Host "url_extract_host": fixed(&[Str], Str);
        Path "url_extract_path": fixed(&[Str], Str);
    }
}
