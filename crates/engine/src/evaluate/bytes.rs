//! Bytes: text forms, digests, numbers in bases.

use super::call::{Call, Outcome};
use arrow::array::{ArrayRef, Int64Array, LargeBinaryArray, LargeStringArray};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use creta_expr::functions::Bytes;
use creta_model::Letter;
use flate2::read::MultiGzDecoder;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use std::io::Read;

/// As CPython reads base 64: padded, and without a look at the bits that the padding leaves over.
pub(super) const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));
/// What a compressed value may grow to.
const LARGEST: u64 = 64 * 1024 * 1024;
const NO_ENCODING: &str = "the encoding is one of utf-8, hex and base64";
const NO_BASE: &str = "a base is 2 to 36";

pub(super) fn call(function: Bytes, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    Ok(match function {
        Bytes::FromText => {
            let (texts, encodings) = (call.texts(0)?, call.texts(1)?);
            call.two::<_, _, Vec<u8>, LargeBinaryArray>(&texts, &encodings, decoded)
        }
        Bytes::ToText => {
            let (bytes, encodings) = (call.bytes(0)?, call.texts(1)?);
            call.two::<_, _, String, LargeStringArray>(&bytes, &encodings, encoded)
        }
        Bytes::ToBase => {
            let (numbers, bases) = (call.ints(0)?, call.ints(1)?);
            call.two::<_, _, String, LargeStringArray>(&numbers, &bases, to_base)
        }
        Bytes::FromBase => {
            let (texts, bases) = (call.texts(0)?, call.ints(1)?);
            call.two::<_, _, i64, Int64Array>(&texts, &bases, from_base)
        }
        Bytes::BigEndian32 | Bytes::BigEndian64 => {
            let bytes = call.bytes(0)?;
            call.one::<_, i64, Int64Array>(&bytes, |bytes| big_endian(bytes, function == Bytes::BigEndian32))
        }
        Bytes::Gunzip => {
            let bytes = call.bytes(0)?;
            call.one::<_, Vec<u8>, LargeBinaryArray>(&bytes, unzipped)
        }
        Bytes::Md5 => digest::<Md5>(call)?,
        Bytes::Sha1 => digest::<Sha1>(call)?,
        Bytes::Sha256 => digest::<Sha256>(call)?,
        Bytes::Sha512 => digest::<Sha512>(call)?,
    })
}

fn digest<D: Digest>(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let bytes = call.bytes(0)?;
    Ok(call.one::<_, Vec<u8>, LargeBinaryArray>(&bytes, |bytes| Ok(Some(D::digest(bytes).to_vec()))))
}

fn decoded(text: &str, encoding: &str) -> Outcome<Vec<u8>> {
    match encoding {
        "utf-8" => Ok(Some(text.as_bytes().to_vec())),
        "hex" => from_hex(text).map(Some).ok_or("the text is not hexadecimal"),
        "base64" => BASE64.decode(text).map(Some).map_err(|_| "the text is not base64"),
        _ => Err(NO_ENCODING),
    }
}

fn encoded(bytes: &[u8], encoding: &str) -> Outcome<String> {
    match encoding {
        "utf-8" => std::str::from_utf8(bytes).map(|text| Some(text.to_owned())).map_err(|_| "the bytes are not UTF-8"),
        "hex" => Ok(Some(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())),
        "base64" => Ok(Some(BASE64.encode(bytes))),
        _ => Err(NO_ENCODING),
    }
}

fn digit(value: u8) -> char {
    char::from_digit(u32::from(value), 36).unwrap_or('0')
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let value = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some((value(*high)? << 4) | value(*low)?)).collect();
    if rest.is_empty() { bytes } else { None }
}

fn to_base(number: i64, base: i64) -> Outcome<String> {
    if !(2..=36).contains(&base) {
        return Err(NO_BASE);
    }
    let (mut rest, mut digits) = (number.unsigned_abs(), Vec::new());
    while rest > 0 || digits.is_empty() {
        digits.push(digit((rest % base.unsigned_abs()) as u8));
        rest /= base.unsigned_abs();
    }
    let sign = (number < 0).then_some('-');
    Ok(Some(sign.into_iter().chain(digits.into_iter().rev()).collect()))
}

fn from_base(text: &str, base: i64) -> Outcome<i64> {
    let base = u32::try_from(base).ok().filter(|base| (2..=36).contains(base)).ok_or(NO_BASE)?;
    i64::from_str_radix(text, base).map(Some).map_err(|_| "the text is not a 64-bit number of this base")
}

fn big_endian(bytes: &[u8], short: bool) -> Outcome<i64> {
    match short {
        true => bytes
            .try_into()
            .map(|bytes| Some(i64::from(i32::from_be_bytes(bytes))))
            .map_err(|_| "there are not 4 bytes"),
        false => bytes.try_into().map(|bytes| Some(i64::from_be_bytes(bytes))).map_err(|_| "there are not 8 bytes"),
    }
}

fn unzipped(bytes: &[u8]) -> Outcome<Vec<u8>> {
    let mut content = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(LARGEST + 1).read_to_end(&mut content);
    match read {
        Ok(size) if size as u64 > LARGEST => Err("what is compressed is larger than 64 MiB"),
        Ok(_) => Ok(Some(content)),
        Err(_) => Err("the bytes are not gzip"),
    }
}
