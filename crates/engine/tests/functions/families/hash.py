"""Digests: CPython's hashlib."""

import hashlib
from collections.abc import Iterator

from cases import Column, Constant, case


def cases() -> Iterator[dict]:
    values = [b"Creta", b"", None, bytes(range(256)), "Straße 港".encode(), b"\x00" * 1000]
    for name in ("md5", "sha1", "sha256", "sha512"):
        digest = lambda b, name=name: hashlib.new(name, b).digest()  # noqa: E731
        yield case(name, f"CPython hashlib.{name}", digest, [Column("bytes", values)], "bytes")
        yield case(name, f"CPython hashlib.{name}", digest, [Constant("bytes", b"abc")], "bytes")
