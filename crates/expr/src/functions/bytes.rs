//! Bytes: text forms, digests, numbers in bases.

use super::signature::Kind::{self, Int, Str};
use super::signature::fixed;
use super::{checks, family};

family! {
    /// Text forms, digests, numbers in bases.
    Bytes {
        FromText "string_to_bytes": fixed(&[Str, Str], Kind::Bytes).checked(checks::encoding);
        ToText "bytes_to_string": fixed(&[Kind::Bytes, Str], Str).checked(checks::encoding);
        ToBase "to_base": fixed(&[Int, Int], Str).checked(checks::base);
        FromBase "from_base": fixed(&[Str, Int], Int).checked(checks::base);
        BigEndian32 "from_big_endian_32": fixed(&[Kind::Bytes], Int);
        BigEndian64 "from_big_endian_64": fixed(&[Kind::Bytes], Int);
        Gunzip "gunzip": fixed(&[Kind::Bytes], Kind::Bytes);
        Md5 "md5": fixed(&[Kind::Bytes], Kind::Bytes);
        Sha1 "sha1": fixed(&[Kind::Bytes], Kind::Bytes);
        Sha256 "sha256": fixed(&[Kind::Bytes], Kind::Bytes);
        Sha512 "sha512": fixed(&[Kind::Bytes], Kind::Bytes);
    }
}
