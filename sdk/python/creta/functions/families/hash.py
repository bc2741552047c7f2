"""Digests of bytes; `bytes_to_string(…, "hex")` makes them readable."""

from creta.functions.declaring import declared_in, function
from creta.functions.kinds import Bytes


@function()
def md5(b: Bytes) -> Bytes:
    """The 16 bytes of the MD5 digest. Not for secrets."""


@function()
def sha1(b: Bytes) -> Bytes:
    """The 20 bytes of the SHA-1 digest. Not for secrets."""


@function()
def sha256(b: Bytes) -> Bytes:
    """The 32 bytes of the SHA-256 digest."""


@function()
def sha512(b: Bytes) -> Bytes:
    """The 64 bytes of the SHA-512 digest."""


__all__ = declared_in(__name__)
