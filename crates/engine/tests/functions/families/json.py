"""JSON: CPython's json; RFC 9535 paths of names, places and `*`."""

import base64
import json
import math
import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from cases import Column, Constant, bools, case, floats, ints, lists, strs, text
from samples import DATES, TIMES

TEXTS = strs(
    '{"a": {"b": [1, 2.5, "x", true, null, {"c": 3}]}, "name": "Ever Given", "é": "ß", "a.b": 7, "n": null, "": 0}',
    '{"a": {"b": []}, "name": "", "n": 9223372036854775807}',
    None,
    "",
    "{",
    "[10, 20, 30]",
    '"text"',
    "null",
    "1.0",
    ' {"name" : "spaces"} ',
    '{"name": "first", "name": "last"}',
    '{"a": {"b": "no list"}, "name": "\\u00e9\\n\\ud83d\\ude00"}',
    '{"a": {"b": [[1], "y"]}, "name": false}',
    '{"name": 1} x',
    "{'name': 1}",
    '{"name": -0.5}',
    '{"a": [{"b": 1}, {"b": "two"}, {}]}',
    "NaN",
    '{"name": 01}',
    "[1,]",
)


def cases() -> Iterator[dict]:
    yield from usual()
    yield from queries()
    yield from writing()


def usual() -> Iterator[dict]:
    """First of their functions, because they show what these do; the reference page takes them as examples."""
    short, spaced = strs('{"a": {"b": [1, "x", {}]}}'), strs('{ "name" : "Ever" }')
    for name, compute in (("json_value", value), ("json_value_strict", value_strictly)):
        yield case(name, "CPython json.loads, RFC 9535", compute, [short, text("$.a.b[1]")], "str")
    yield case("json_extract_array", "CPython json.loads, RFC 9535", array, [short, text("$.a.b")], {"list": "str"})
    yield case("jsonify", "CPython json.dumps", compact, [lists("int", [1, None])], "str")
    for name in ("json_parse", "json_stringify", "json_format"):
        yield case(name, "CPython json.dumps(json.loads(s))", lambda s: compact(read(s)), [spaced], "str")


class BadText(ValueError):
    """A text that is no JSON."""


def read(s: str) -> Any:
    def refuse(name: str) -> None:
        raise ValueError(name)

    try:
        return json.loads(s, parse_constant=refuse)
    except ValueError as error:
        raise BadText(str(error)) from None


def steps(path: str) -> list[str | int]:
    """RFC 9535 of names, places (negative from the end) and the wildcard, here "*" as a list."""
    if not path.startswith("$"):
        raise ValueError("a path begins with $")
    found, rest = [], path[1:]
    form = re.compile(
        r"\.([^\W\d]\w*|\*)|\[(-?(?:0|[1-9]\d*))\]|\[(\*)\]|\['((?:[^'\\]|\\')*)'\]|\[\"((?:[^\"\\]|\\\")*)\"\]"
    )
    while rest:
        step = form.match(rest)
        if not step:
            raise ValueError("no such path")
        if step[2]:
            found.append(int(step[2]))
        elif step[3] or step[1] == "*":
            found.append(["*"])
        else:
            found.append(next(name for name in (step[1], step[4], step[5]) if name is not None).replace("\\'", "'"))
        rest = rest[step.end() :]
    return found


def children(node: Any, step: Any) -> list:
    """What one step leads to from one node."""
    if isinstance(step, list):
        return list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
    if isinstance(step, str):
        return [node[step]] if isinstance(node, dict) and step in node else []
    return [node[step]] if isinstance(node, list) and -len(node) <= step < len(node) else []


def nodes(document: Any, path: str) -> list:
    reached = [document]
    for step in steps(path):
        reached = [child for node in reached for child in children(node, step)]
    return reached


def scalar(node: Any) -> str | None:
    """The text of a scalar as JSON writes it, strings without quotes; null for anything else."""
    if node is None or isinstance(node, (dict, list)):
        return None
    return node if isinstance(node, str) else json.dumps(node)


def value_strictly(s: str, path: str) -> str | None:
    found = nodes(read(s), path)
    return scalar(found[0]) if len(found) == 1 else None


def value(s: str, path: str) -> str | None:
    try:
        return value_strictly(s, path)
    except BadText:
        steps(path)
        return None


def array(s: str, path: str) -> list[str | None] | None:
    """The items of the one list that the path leads to, or all that a path with wildcards leads to."""
    try:
        found = nodes(read(s), path)
    except BadText:
        found = []
    if ["*"] in steps(path):
        return [scalar(node) for node in found] or None
    return [scalar(node) for node in found[0]] if found and isinstance(found[0], list) else None


def queries() -> Iterator[dict]:
    reference = "CPython json.loads, RFC 9535"
    for path in (
        "$.name",
        "$.a.b[0]",
        "$.a.b[1]",
        "$.a.b[-1].c",
        "$.a.b",
        "$['a.b']",
        '$["é"]',
        "$.é",
        "$",
        "$[1]",
        "$[-1]",
        "$['']",
        "$.n",
        "$.a.*",
        "name",
        "$.",
        "$[",
        "$.a[*].b",
    ):
        yield case("json_value", reference, value, [TEXTS, text(path)], "str")
        yield case("json_value_strict", reference, value_strictly, [TEXTS, text(path)], "str")
    for path in ("$.a.b", "$", "$.a[*].b", "$.name", "$.a.b[0]", "$.*", "a"):
        yield case("json_extract_array", reference, array, [TEXTS, text(path)], {"list": "str"})


def plain(value: Any) -> Any:
    """What json.dumps can write: NaN and infinities are null, times ISO 8601, bytes base64."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def compact(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def writing() -> Iterator[dict]:
    struct = {"struct": [{"name": "name", "type": "str"}, {"name": "teu", "type": "int"}]}
    for column in (
        strs("Ever", "", None, 'a"b\\c', "ß港👍", "\x00\n\t\x1f", "</script>"),
        ints(7, -(2**63), None),
        floats(1.5, 0.0, None, math.nan, math.inf, -0.0, 0.1, 100000.0),
        bools(True, False, None),
        lists("int", [1, None, 3], [], None),
        Column({"list": {"list": "str"}}, [[["a"], []], [None]]),
        Column({"map": ["str", "float"]}, [{"b": 1.5, "a": None}, {}, None, {"é": math.nan}]),
        Column({"map": ["int", "str"]}, [{2: "x", -1: "y"}, None]),
        Column(struct, [{"name": "Ever", "teu": 3}, None, {"name": None, "teu": None}]),
        Column("datetime", TIMES),
        Column("date", DATES),
        Column("bytes", [b"Creta", b"", None]),
    ):
        yield case("jsonify", "CPython json.dumps", compact, [column], "str")
    yield case("jsonify", "CPython json.dumps", compact, [Constant("int", 7)], "str")
    for name in ("json_parse", "json_stringify", "json_format"):
        yield case(name, "CPython json.dumps(json.loads(s))", lambda s: compact(read(s)), [TEXTS], "str")
