"""Bytes and their text forms: CPython's base64, bytes, int and gzip."""

import base64
import gzip
import re
import zlib
from collections.abc import Iterator

from cases import Column, case, ints, strs, text, whole

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
# "Creta", nothing, two members one after the other; then what is cut off, of a wrong sum, and no gzip at all.
# Written out, because what compression gives differs between versions of zlib.
ZIPPED = (
    "H4sIAAAAAAACA3MuSi1JBABkWb0nBQAAAA==",
    "H4sIAAAAAAACAwMAAAAAAAAAAAA=",
)


def cases() -> Iterator[dict]:
    yield from text_forms()
    yield from numbers()
    yield from compression()


def to_bytes(s: str, encoding: str) -> bytes:
    if encoding == "utf-8":
        return s.encode()
    if encoding == "hex" and re.fullmatch(r"([0-9a-fA-F]{2})*", s):
        return bytes.fromhex(s)
    if encoding == "base64" and s.isascii():
        return base64.b64decode(s, validate=True)
    raise ValueError("no such encoding, or not written in it")


def to_text(b: bytes, encoding: str) -> str:
    forms = {"utf-8": bytes.decode, "hex": bytes.hex, "base64": lambda b: base64.b64encode(b).decode()}
    if encoding not in forms:
        raise ValueError("no such encoding")
    return forms[encoding](b)


def text_forms() -> Iterator[dict]:
    for encoding, values in (
        ("utf-8", strs("Creta", "", None, "Straße", "港👍", "\x00")),
        ("hex", strs("4372657461", "", None, "FFfe", "4", "zz", "0x41", "41 42")),
        ("base64", strs("Q3JldGE=", "", None, "/+8=", "Q3JldGE", "Q3J!", "_-8=", "Q3Jl\n")),
        ("latin-1", strs("a", None)),
    ):
        reference = {"utf-8": "CPython str.encode", "hex": "CPython bytes.fromhex"}.get(
            encoding, "CPython base64.b64decode"
        )
        yield case("string_to_bytes", reference, to_bytes, [values, text(encoding)], "bytes")
    raw = Column("bytes", [b"Creta", b"", None, "Straße 港".encode(), b"\xff\xfe", bytes(range(40)), b"\xed\xa0\x80"])
    for encoding in ("utf-8", "hex", "base64", "latin-1"):
        reference = {"utf-8": "CPython bytes.decode", "hex": "CPython bytes.hex"}.get(
            encoding, "CPython base64.b64encode"
        )
        yield case("bytes_to_string", reference, to_text, [raw, text(encoding)], "str")


def to_base(n: int, base: int) -> str:
    if not 2 <= base <= 36:
        raise ValueError("base")
    digits, rest = "", abs(n)
    while rest or not digits:
        rest, digit = divmod(rest, base)
        digits = DIGITS[digit] + digits
    return "-" * (n < 0) + digits


def from_base(s: str, base: int) -> int:
    """CPython's int digit by digit, so without spaces, underscores and prefixes."""
    if not 2 <= base <= 36 or not re.fullmatch(r"[+-]?[0-9a-zA-Z]+", s):
        raise ValueError("not a number of this base")
    number = 0
    for digit in s.lstrip("+-"):
        number = number * base + int(digit, base)
    return -number if s[0] == "-" else number


def word(b: bytes, size: int) -> int:
    if len(b) != size:
        raise ValueError("length")
    return int.from_bytes(b, "big", signed=True)


def numbers() -> Iterator[dict]:
    numbers, bases = (
        ints(255, -255, 0, None, 35, 2**63 - 1, -(2**63), 5, 5, 5),
        ints(16, 16, 2, 10, 36, 2, 36, None, 1, 37),
    )
    yield case("to_base", "repeated divmod, read back by CPython int", to_base, [numbers, bases], "str")
    yield case("to_base", "repeated divmod, read back by CPython int", to_base, [ints(10, None), whole(2)], "str")
    written = strs(
        "ff", "-FF", "0", None, "z", "1" * 63, "1" * 64, "12", "", "0xff", "1_0", " 1", "+7", "8", "-1y2p0ij32e8e8"
    )
    bases = ints(16, 16, 2, 10, 36, 2, 2, None, 10, 16, 10, 10, 8, 8, 36)
    yield case("from_base", "CPython int(s, base)", from_base, [written, bases], "int")
    yield case("from_base", "CPython int(s, base)", from_base, [strs("1", None), whole(1)], "int")
    for name, size in (("from_big_endian_32", 4), ("from_big_endian_64", 8)):
        values = [
            b"\x00" * (size - 2) + b"\x01\x02",
            b"\xff" * size,
            None,
            b"",
            b"\x80" + b"\x00" * (size - 1),
            b"\x01" * (size + 1),
        ]
        yield case(
            name,
            "CPython int.from_bytes(b, 'big', signed=True)",
            lambda b, size=size: word(b, size),
            [Column("bytes", values)],
            "int",
        )


def unzipped(b: bytes) -> bytes:
    try:
        found = gzip.decompress(b)
    except (EOFError, zlib.error, OSError) as error:
        raise ValueError(str(error)) from None
    if not b:
        raise ValueError("nothing")
    return found


def compression() -> Iterator[dict]:
    whole_, empty = (base64.b64decode(member) for member in ZIPPED)
    wrong_sum = whole_[:-8] + bytes(4) + whole_[-4:]
    values = [whole_, empty, None, whole_ + whole_, whole_[:-3], wrong_sum, b"Creta", b""]
    yield case("gunzip", "CPython gzip.decompress", unzipped, [Column("bytes", values)], "bytes")
