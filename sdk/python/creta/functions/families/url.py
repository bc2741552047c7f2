"""Parts of URLs, by RFC 3986. Nothing is decoded, and nothing is changed but the case of protocol and host."""

from creta.functions.declaring import declared_in, function
from creta.functions.kinds import Str


@function()
def url_extract_protocol(s: Str) -> Str:
    """What stands before the first colon of a URL (the scheme), in lower case.

    * Null where there is none. Unbalanced brackets of an IPv6 address are an error.
    """


@function()
def url_extract_host(s: Str) -> Str:
    """The host of a URL in lower case, without user, port and the brackets of an IPv6 address.

    * Null where there is none: a URL has a host only after `//`. Unbalanced brackets are an error.
    """


@function()
def url_extract_path(s: Str) -> Str:
    """The path of a URL as it is written, without query and fragment.

    * Empty where there is none. A text that is no URL is all path. Unbalanced brackets of an IPv6 address are an error.
    """


__all__ = declared_in(__name__)
