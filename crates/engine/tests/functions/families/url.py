"""Parts of URLs: CPython's urllib.parse, which follows RFC 3986 and changes nothing but the case of scheme and host."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from cases import case, strs

URLS = strs(
    "https://user:secret@Example.COM:8443/a/b%20c/?q=1#top",
    "http://example.com",
    None,
    "",
    "example.com/x",
    "HTTP://EXAMPLE.com/",
    "ftp://[2001:db8::1]:21/file",
    "mailto:a@example.com",
    "file:///etc/hosts",
    "//host/path",
    "https://münchen.example/straße",
    "http://example.com?x=/y",
    "http://example.com/a/../b",
    "s3://bucket/key",
    "http://[::1",
    "not a url",
    "http://example.com/a;b=1#f",
    "data:text/plain,hi",
    "http://1.2.3.4/",
    "#top",
)


def cases() -> Iterator[dict]:
    reference = "CPython urllib.parse.urlsplit"
    yield case("url_extract_protocol", f"{reference}.scheme", lambda s: urlsplit(s).scheme or None, [URLS], "str")
    yield case("url_extract_host", f"{reference}.hostname", lambda s: urlsplit(s).hostname or None, [URLS], "str")
    yield case("url_extract_path", f"{reference}.path", lambda s: urlsplit(s).path, [URLS], "str")
