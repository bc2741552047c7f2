//! Parts of URLs by RFC 3986, as CPython's `urlsplit` finds them: nothing is resolved, encoded or left out.

use super::call::{Call, Outcome};
use arrow::array::{ArrayRef, LargeStringArray};
use creta_expr::functions::Url;
use creta_model::Letter;
use std::net::Ipv6Addr;

/// The parts as they are written.
struct Parts<'a> {
    scheme: &'a str,
    authority: &'a str,
    path: &'a str,
}

pub(super) fn call(function: Url, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let texts = call.texts(0)?;
    Ok(call.one::<_, String, LargeStringArray>(&texts, |text| part(function, text)))
}

fn part(function: Url, text: &str) -> Outcome<String> {
    let parts = split(text)?;
    let found = match function {
        Url::Path => return Ok(Some(parts.path.to_owned())),
        Url::Protocol => parts.scheme.to_ascii_lowercase(),
        Url::Host => host(parts.authority).to_lowercase(),
    };
    Ok(Some(found).filter(|found| !found.is_empty()))
}

fn split(text: &str) -> Result<Parts<'_>, &'static str> {
    let text = text.trim_start_matches(|letter| letter <= ' ');
    let (scheme, rest) = match text.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
        _ => ("", text),
    };
    let (authority, rest) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
        None => ("", rest),
    };
    check_brackets(authority)?;
    let path = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
    Ok(Parts { scheme, authority, path })
}

fn is_scheme(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    text.bytes().next().is_some_and(|first| first.is_ascii_alphabetic()) && text.bytes().all(is_part)
}

fn check_brackets(authority: &str) -> Result<(), &'static str> {
    const WRONG: &str = "the address in brackets is not an IPv6 address";
    match (authority.find('['), authority.find(']')) {
        (None, None) => Ok(()),
        (Some(open), Some(close)) if open < close => {
            let address = &authority[open + 1..close];
            let future = address.starts_with(['v', 'V']);
            let address = address.split_once('%').map_or(address, |(address, _zone)| address);
            if future || address.parse::<Ipv6Addr>().is_ok() { Ok(()) } else { Err(WRONG) }
        }
        _ => Err(WRONG),
    }
}

fn host(authority: &str) -> &str {
    let place = authority.rsplit_once('@').map_or(authority, |(_user, place)| place);
    match place.split_once('[') {
        Some((_, bracketed)) => bracketed.split(']').next().unwrap_or_default(),
        None => place.split(':').next().unwrap_or_default(),
    }
}
