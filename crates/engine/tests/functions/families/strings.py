"""Strings: CPython's str, re and unicodedata; PostgreSQL's lpad; Arrow's LIKE; Snowball; anyascii."""

import re
import unicodedata
from collections.abc import Iterator

import anyascii
import pyarrow
import pyarrow.compute
import snowballstemmer
from cases import Column, case, ints, strs, text, whole
from samples import TEXTS

# The longest text that padding may make.
LONGEST = 1_000_000
CODES = (97, 0, None, 0x1F600, 0x10FFFF, 0x110000, -1, 0xD800, 0xDFFF, 0xE000, 223, 2**63 - 1)


def cases() -> Iterator[dict]:
    yield from changes()
    yield from questions()
    yield from parts()
    yield from padding()
    yield from patterns()
    yield from expressions()


def changes() -> Iterator[dict]:
    column = Column("str", TEXTS)
    yield case("lower", "CPython str.lower", str.lower, [column], "str")
    yield case("upper", "CPython str.upper", str.upper, [column], "str")
    spaces = strs("  Creta ", "", None, "\u00a0\u2003x\u3000", "\t\r\n\v\f", "\x1cx\x1f", "\u200bx", "a b", "\u0085x")
    yield case("trim", "CPython str.strip", str.strip, [spaces], "str")
    yield case("ltrim", "CPython str.lstrip", str.lstrip, [spaces], "str")
    yield case("rtrim", "CPython str.rstrip", str.rstrip, [spaces], "str")
    yield case("reverse", "CPython s[::-1]", lambda s: s[::-1], [column], "str")
    yield case("length", "CPython len", len, [column], "int")
    yield case(
        "replace",
        "CPython str.replace",
        str.replace,
        [
            strs("a-b-c", "", None, "abc", "aaa", "Straße", "x", "x", "abc"),
            strs("-", "a", "a", None, "aa", "ß", "x", "y", ""),
            strs("+", "b", "b", "x", "b", "ss", "", "z", "-"),
        ],
        "str",
    )
    yield case("replace", "CPython str.replace", str.replace, [column, text("a"), text("4")], "str")
    yield case("chr", "CPython chr, as UTF-8", chr, [ints(*CODES)], "str")
    compatible = strs("ﬁne", "", None, "Å", "cafe\u0301", "é", "①", "Ⅳ", "ｶﾞ", "한", "x²", "ß", "…")
    yield case(
        "unidecode_normalize",
        "CPython unicodedata.normalize('NFKD')",
        lambda s: unicodedata.normalize("NFKD", s),
        [compatible],
        "str",
    )
    latin = strs("Straße", "", None, "Łódź", "Ærøskøbing", "Ísafjörður", "İzmir", "Привет", "Αθήνα", "plain ~", "…–“”")
    yield case("unidecode_to_ascii", "anyascii 0.3.3", anyascii.anyascii, [latin], "str")
    words = strs(
        "running", "ponies", None, "", "generously", "national", "happiness", "sky", "crying", "ships", "agreed"
    )
    stem = snowballstemmer.stemmer("english").stemWord
    yield case("word_stem", "Snowball English (Porter2), snowballstemmer 3.1.1", stem, [words], "str")


def questions() -> Iterator[dict]:
    left = strs("harbour", "", None, "abc", "abc", "Straße", "ab", "cafe\u0301", "港口", "Harbour")
    for name, reference, compute, wanted in (
        (
            "starts_with",
            "CPython str.startswith",
            str.startswith,
            ("har", "", "a", None, "", "Stra", "abc", "café", "港", "har"),
        ),
        (
            "ends_with",
            "CPython str.endswith",
            str.endswith,
            ("our", "", "a", None, "", "ße", "abc", "\u0301", "口", "OUR"),
        ),
        (
            "str_contains",
            "CPython in",
            lambda s, part: part in s,
            ("bo", "", "a", None, "", "raß", "abc", "fe", "口", "harb"),
        ),
        ("strpos", "CPython str.find", str.find, ("r", "", "a", None, "", "ß", "abc", "\u0301", "口", "h")),
        ("strrpos", "CPython str.rfind", str.rfind, ("r", "", "a", None, "", "ß", "abc", "\u0301", "口", "h")),
    ):
        result = "int" if "pos" in name else "bool"
        yield case(name, reference, compute, [left, Column("str", wanted)], result)
        yield case(name, reference, compute, [Column("str", TEXTS), text("a")], result)


def substring(s: str, start: int, length: int | None = None) -> str:
    rest = s[start:]
    return rest if length is None else rest[: max(length, 0)]


def part(s: str, delimiter: str, index: int) -> str | None:
    pieces = s.split(delimiter)
    return pieces[index] if -len(pieces) <= index < len(pieces) else None


def parts() -> Iterator[dict]:
    subject = strs("harbour", "harbour", "harbour", "harbour", "", None, "a", "a", "日本の港", "👩‍👩‍👧", "abc", "abc")
    starts = ints(0, 3, -3, 99, 0, 0, None, -9, 1, 0, 2**63 - 1, -(2**63))
    lengths = ints(3, 2, 2, 1, 1, 1, 1, 1, None, 1, 2**63 - 1, 2**63 - 1)
    yield case("substr", "CPython s[start:][:length]", substring, [subject, starts, lengths], "str")
    yield case("substr", "CPython s[start:]", substring, [subject, starts], "str")
    yield case("substr", "CPython s[start:][:length]", substring, [subject, whole(1), whole(-1)], "str")
    ends = ints(3, -1, 99, 1, 1, 1, 1, None, 3, 2, 1, -1)
    yield case("str_slice", "CPython s[start:end]", lambda s, a, b: s[a:b], [subject, starts, ends], "str")
    listed = strs("a,b,c", "", None, "a", ",", "a,,b", "a::b", "ß,ß", "a,b,c")
    delimiters = strs(",", ",", ",", None, ",", ",", "::", "ß", "")
    yield case("split", "CPython str.split", str.split, [listed, delimiters], {"list": "str"})
    for limit in (1, 0, -1):
        yield case(
            "split", "CPython str.split(d, maxsplit)", str.split, [listed, text(","), whole(limit)], {"list": "str"}
        )
    counted = ints(1, 0, 0, 0, 1, 1, 1, 2, 0)
    yield case("split_part", "CPython str.split(d)[i]", part, [listed, delimiters, counted], "str")
    pieces = ints(0, 1, 2, 3, -1, -3, -4, None, 2**63 - 1)
    same = Column("str", ["a,b,c"] * len(pieces.values))
    yield case("split_part", "CPython str.split(d)[i]", part, [same, text(","), pieces], "str")


def padded(s: str, length: int, pad: str, on_left: bool) -> str:
    """PostgreSQL's lpad and rpad: the pad repeats from its beginning; longer text loses its end."""
    if length > LONGEST:
        raise OverflowError("text too long")
    missing = max(length, 0) - len(s)
    if missing <= 0:
        return s[: max(length, 0)]
    filler = (pad * missing)[:missing]
    return filler + s if on_left else s + filler


def padding() -> Iterator[dict]:
    subject = strs("a", "abc", "abcdef", None, "a", "a", "", "ß", "abc", "abc", "a", "👍", "a")
    lengths = ints(5, 5, 3, 5, None, 5, 2, 3, 0, -1, 4, 3, 2**63 - 1)
    pads = strs("*", "xy", "*", "*", "*", None, "*", "äö", "*", "*", "", "👍", "*")
    for name, on_left in (("lpad", True), ("rpad", False)):
        compute = lambda s, n, pad, on_left=on_left: padded(s, n, pad, on_left)  # noqa: E731
        yield case(
            name,
            f"CPython str.{'rjust' if on_left else 'ljust'}",
            lambda s, n, pad, on_left=on_left: (s.rjust(n, pad) if on_left else s.ljust(n, pad))[:n],
            [strs("a", None, "abcdef", ""), whole(5), text("*")],
            "str",
        )
        yield case(name, f"PostgreSQL {name}", compute, [subject, lengths, pads], "str")


def like(s: str, pattern: str) -> bool:
    return pyarrow.compute.match_like(pyarrow.array([s]), pattern)[0].as_py()


def patterns() -> Iterator[dict]:
    subject = strs("harbour", "", None, "50%", "a_b", "axb", "a\nb", "日本", "Harbour", "hb", "a\\b")
    for pattern in ("har%", "%", "", "h%r", "h_r%", "50\\%", "a\\_b", "__", "a%b", "%b", "(.*)", "a.b"):
        yield case("like", "pyarrow.compute.match_like", like, [subject, text(pattern)], "bool")
    yield case(
        "like",
        "pyarrow.compute.match_like",
        like,
        [
            strs("abc", "abc", None, "abc", ""),
            strs("a%", "b%", "%", None, "%"),
        ],
        "bool",
    )


def replacement(template: str) -> str:
    """`$1` and `${name}` as CPython writes them; `$1` takes digits only, `$$` is a dollar."""
    escaped = template.replace("\\", "\\\\")
    form = re.compile(r"\$(?:(\$)|(\d+)|\{(\w+)\})")
    return form.sub(lambda m: "$" if m[1] else rf"\g<{m[2] or m[3]}>", escaped)


def substituted(s: str, pattern: str, template: str | None = None) -> str:
    try:
        return re.sub(pattern, replacement(template or ""), s)
    except (re.error, IndexError) as error:
        raise ValueError(str(error)) from None


def extracted(s: str, pattern: str, group: int) -> str | None:
    found = re.search(pattern, s)
    if group > re.compile(pattern).groups:
        raise IndexError(group)
    return found[group] if found else None


def extracted_all(s: str, pattern: str, group: int) -> list[str | None]:
    if group > re.compile(pattern).groups:
        raise IndexError(group)
    return [found[group] for found in re.finditer(pattern, s)]


def expressions() -> Iterator[dict]:
    subject = strs("IMO 9074729, IMO 123", "", None, "imo 1", "Straße 5", "港口 12", "a\nb", "x" * 40, "٣")
    for pattern in ("IMO (\\d+)", "^x+$", "(?i)imo", "\\bStra", "a.b", "(?s)a.b", "[^\\x00-\\x7f]", "", "\\d", "\\w+ß"):
        yield case(
            "regexp_like",
            "CPython re.search",
            lambda s, p: re.search(p, s) is not None,
            [subject, text(pattern)],
            "bool",
        )
    for pattern, template in (
        ("\\d+", "#"),
        ("(\\w)(\\d)", "$2$1"),
        ("(?P<code>[A-Z]+) ", "${code}-"),
        ("(\\d)\\d*", "$1x"),
        ("O", "$$"),
        ("\\s", ""),
        ("M", "\\"),
        ("(M)", "${1}0"),
    ):
        yield case("regexp_replace", "CPython re.sub", substituted, [subject, text(pattern), text(template)], "str")
    yield case("regexp_replace", "CPython re.sub", substituted, [subject, text("[0-9 ]")], "str")
    yield case("regexp_replace", "CPython re.sub", substituted, [strs("abc", "b"), text("(b)"), text("$2")], "str")
    for pattern, group in (("IMO (\\d+)", 1), ("IMO (\\d+)", 0), ("(x)|(\\d)", 1), ("(\\d)|(b)", 2)):
        yield case("regexp_extract", "CPython re.search", extracted, [subject, text(pattern), whole(group)], "str")
        yield case(
            "regexp_extract_all",
            "CPython re.finditer",
            extracted_all,
            [subject, text(pattern), whole(group)],
            {"list": "str"},
        )
    for pattern in (",\\s*", "\\d", "\\s+", "x"):
        yield case(
            "regexp_split", "CPython re.split", lambda s, p: re.split(p, s), [subject, text(pattern)], {"list": "str"}
        )
