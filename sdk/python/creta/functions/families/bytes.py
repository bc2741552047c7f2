"""Bytes, their text forms, and numbers in other bases."""

from creta.functions.constants import one_of
from creta.functions.declaring import declared_in, function
from creta.functions.kinds import Bytes, Int, Str

ENCODING = {"encoding": one_of("utf-8", "hex", "base64")}


@function(prepare=ENCODING)
def string_to_bytes(s: Str, encoding: Str) -> Bytes:
    """The bytes that a text stands for: its UTF-8, or what it spells in hex or base64.

    * `encoding` is `"utf-8"`, `"hex"` (either case) or `"base64"` (standard alphabet, padded).
    * Text that is not written in the encoding, spaces included, is an error.
    """


@function(prepare=ENCODING)
def bytes_to_string(b: Bytes, encoding: Str) -> Str:
    """The text of bytes: read as UTF-8, or spelled in hex (lower case) or base64 (padded).

    * Bytes that are no UTF-8 are an error.
    """


@function()
def from_big_endian_32(b: Bytes) -> Int:
    """The signed number in 4 bytes, the highest first; any other length is an error."""


@function()
def from_big_endian_64(b: Bytes) -> Int:
    """The signed number in 8 bytes, the highest first; any other length is an error."""


@function()
def gunzip(b: Bytes) -> Bytes:
    """Decompresses gzip; several members one after the other give their contents one after the other.

    * What is cut off, damaged, empty or no gzip is an error.
    """


@function()
def to_base(n: Int, base: Int) -> Str:
    """Writes a number in a base from 2 to 36 with the digits 0 to 9 and a to z; any other base is an error."""


@function()
def from_base(s: Str, base: Int) -> Int:
    """Reads a number written in a base from 2 to 36, in either case, with or without a sign.

    * Spaces, underscores, prefixes such as `0x`, other digits and more than 64 bits are an error.
    """


__all__ = declared_in(__name__)
