"""Nulls, choices, casts, maps and structs: CPython's own `is None`, `or`, dict and zip; pyarrow's cast."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow
import pyarrow.compute
from cases import Column, Constant, bools, case, floats, ints, lists, strs, text, whole
from samples import DATES, TIMES

NONE = Constant("null", None)
SIDES = ("both", "left", "right", "neither")


def cases() -> Iterator[dict]:
    yield from nulls()
    yield from choices()
    yield from ranges()
    yield from casts()
    yield from maps()
    yield from codes()


def first_present(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def nulls() -> Iterator[dict]:
    reference = "CPython next(v for v in values if v is not None)"
    for name in ("coalesce", "recover"):
        yield case(name, reference, first_present, [ints(None), ints(2), whole(0)], "int", sees_nulls=True)
    yield case("is_null", "CPython is None", lambda x: x is None, [ints(None)], "bool", sees_nulls=True)
    for name in ("coalesce", "recover"):
        yield case(
            name,
            reference,
            first_present,
            [ints(1, None, None, 0), ints(2, 2, None, 5), ints(3, None, None, 7)],
            "int",
            sees_nulls=True,
        )
        yield case(name, reference, first_present, [strs("a", None, ""), text("none")], "str", sees_nulls=True)
        yield case(
            name,
            reference,
            first_present,
            [floats(math.nan, None, 1.0), floats(1.0, math.nan, 2.0)],
            "float",
            sees_nulls=True,
        )
        yield case(name, reference, first_present, [ints(1, None), floats(2.5, 2.5)], "float", sees_nulls=True)
        yield case(
            name,
            reference,
            first_present,
            [lists("int", [1], None, []), lists("int", [2], [3], [4])],
            {"list": "int"},
            sees_nulls=True,
        )
        yield case(name, reference, first_present, [strs("a", None)], "str", sees_nulls=True)
    samples = (
        strs("a", "", None),
        floats(0.0, math.nan, None),
        lists("int", [], [None], None),
        bools(False, True, None),
    )
    for column in samples:
        yield case("is_null", "CPython is None", lambda x: x is None, [column], "bool", sees_nulls=True)
        yield case("is_not_null", "CPython is not None", lambda x: x is not None, [column], "bool", sees_nulls=True)
    pairs = (
        (ints(1, 1, None, None, 1), ints(2, 1, 1, None, None)),
        (strs("a", "a", None, None, ""), strs("b", "a", "", None, None)),
        (floats(0.0, 1.5, math.nan, None, math.nan), floats(-0.0, 2.5, math.nan, math.nan, 1.0)),
        (ints(1, 2, None), floats(1.0, 2.5, 1.0)),
    )
    for left, right in pairs:
        yield case(
            "distinct_from",
            "CPython !=, None equal to None only",
            lambda a, b: a != b,
            [left, right],
            "bool",
            sees_nulls=True,
        )


def chosen(*arguments: Any) -> Any:
    """condition, value, condition, value, …, otherwise; a null condition is not true."""
    *pairs, otherwise = arguments
    for condition, value in zip(pairs[::2], pairs[1::2], strict=True):
        if condition:
            return value
    return otherwise


def choices() -> Iterator[dict]:
    first, second = bools(True, False, None, False, True), bools(True, True, True, None, None)
    a, b, c = ints(1, 1, 1, 1, None), ints(2, 2, 2, 2, 2), ints(3, 3, 3, 3, 3)
    reference = "CPython if / elif / else, None is not true"
    yield case(
        "when", reference, chosen, [first, text("large"), second, text("middle"), text("small")], "str", sees_nulls=True
    )
    yield case("when", reference, chosen, [first, a, second, b, c], "int", sees_nulls=True)
    yield case("when", reference, chosen, [first, a, NONE], "int", sees_nulls=True)
    yield case("when", reference, chosen, [first, whole(1), Constant("float", 0.5)], "float", sees_nulls=True)
    yield case("if_then_else", reference, chosen, [first, text("yes"), text("no")], "str", sees_nulls=True)
    yield case("if_then_else", reference, chosen, [first, a, b], "int", sees_nulls=True)
    dates = Column("date", DATES[:5])
    yield case("if_then_else", reference, chosen, [first, dates, NONE], "date", sees_nulls=True)


def kleene(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def within(inclusive: str):
    def compute(x: Any, low: Any, high: Any) -> bool | None:
        above = None if x is None or low is None else x >= low if inclusive in ("both", "left") else x > low
        below = None if x is None or high is None else x <= high if inclusive in ("both", "right") else x < high
        return kleene(above, below)

    return compute


def ranges() -> Iterator[dict]:
    x = ints(5, 1, 9, 0, None, 5, 0, 5, 5)
    low, high = ints(1, 1, 1, 1, 1, None, 1, 1, 9), ints(9, 9, 9, 9, 9, 9, None, None, 1)
    reference = "CPython low <= x <= high, SQL's three-valued and"
    yield case("between", reference, within("both"), [x, low, high], "bool", sees_nulls=True)
    for inclusive in SIDES:
        yield case(
            "between",
            reference,
            within(inclusive),
            [x, whole(1), whole(9)],
            "bool",
            sees_nulls=True,
            options={"inclusive": inclusive},
        )
    yield case(
        "between",
        reference,
        within("both"),
        [floats(0.5, math.nan, math.inf, -0.0), whole(0), whole(1)],
        "bool",
        sees_nulls=True,
    )
    yield case(
        "between", reference, within("both"), [strs("b", "B", None, "é"), text("a"), text("z")], "bool", sees_nulls=True
    )


def cast_by_arrow(source: pyarrow.DataType, target: pyarrow.DataType):
    """What cannot be converted is null."""

    def compute(value: Any) -> Any:
        try:
            return pyarrow.compute.cast(pyarrow.array([value], source), target)[0].as_py()
        except pyarrow.ArrowInvalid:
            return None

    return compute


def whole_part(value: float) -> int | None:
    """Towards zero, as CPython's int; null where that is no 64-bit number."""
    return int(value) if math.isfinite(value) and -(2.0**63) <= value < 2.0**63 else None


def casts() -> Iterator[dict]:
    arrow = {"int": pyarrow.int64(), "float": pyarrow.float64(), "str": pyarrow.large_string(), "bool": pyarrow.bool_()}
    for column, target in (
        (strs("7.5"), "float"),
        (ints(7, 0, None, -7, 2**53), "float"),
        (strs("7", "-7", None, "", "x", "7.5", "9223372036854775807", "9223372036854775808"), "int"),
        (strs("7.5", "-1e3", None, "", "x", "inf"), "float"),
        (ints(7, -7, None, 2**63 - 1), "str"),
        (floats(1.5, -0.25, None, 100.25), "str"),
        (bools(True, False, None), "int"),
        (bools(True, False, None), "str"),
        (ints(1, 0, None, -3), "bool"),
        (strs("a", None), "str"),
    ):
        yield case(
            "cast",
            "pyarrow.compute.cast, null for what it refuses",
            cast_by_arrow(arrow[column.type], arrow[target]),
            [column],
            target,
            options={"type": target},
        )
    reals = floats(7.9, -7.9, None, 0.0, math.nan, math.inf, 1e19, 2.0**53, -(2.0**63))
    yield case(
        "cast", "CPython int, null for what is no 64-bit int", whole_part, [reals], "int", options={"type": "int"}
    )
    yield case(
        "cast", "CPython datetime.date", datetime.date, [Column("datetime", TIMES)], "date", options={"type": "date"}
    )
    yield case(
        "cast",
        "CPython datetime.combine",
        lambda d: datetime(d.year, d.month, d.day, tzinfo=UTC),
        [Column("date", DATES)],
        "datetime",
        options={"type": "datetime"},
    )


def paired(keys: list, values: list) -> dict:
    if any(key is None for key in keys):
        raise ValueError("a key cannot be null")
    return dict(zip(keys, values, strict=True))


def maps() -> Iterator[dict]:
    kind = {"map": ["str", "int"]}
    stock = Column(kind, [{"a": 1, "b": 2}, {}, None, {"b": None}, {"": 0, "ß": 5}])
    yield case("map_get", "CPython dict.get", dict.get, [stock, strs("b", "b", "b", "b", "ß")], "int")
    yield case("map_get", "CPython dict.get", dict.get, [stock, text("a")], "int")
    yield case("map_get", "CPython dict.get", dict.get, [stock, strs(None, None, None, None, None)], "int")
    yield case("map_keys", "CPython list(dict)", list, [stock], {"list": "str"})
    yield case("map_values", "CPython list(dict.values())", lambda m: list(m.values()), [stock], {"list": "int"})
    yield case(
        "map_from_arrays",
        "CPython dict(zip(keys, values, strict=True))",
        paired,
        [
            lists("str", ["a", "b"], [], None, ["a"], ["a"], ["a", "a"], [None], ["a"]),
            lists("int", [1, 2], [], [1], None, [1, 2], [1, 2], [1], [None]),
        ],
        kind,
    )
    whole_keys = Column({"map": ["int", "str"]}, [{1: "x", -1: "y"}, {2: ""}, None])
    yield case("map_get", "CPython dict.get", dict.get, [whole_keys, ints(-1, 1, 1)], "str")
    constant = Constant(kind, {"small": 1, "large": 2})
    keys = strs("large", "medium", None, "", "small")
    yield case(
        "map_dict", "CPython dict.get", lambda d, key, default: d.get(key, default), [constant, keys, whole(0)], "int"
    )
    yield case("map_dict", "CPython dict.get", dict.get, [constant, keys], "int")
    yield case(
        "map_dict",
        "CPython dict.get",
        dict.get,
        [Constant({"map": ["int", "str"]}, {1: "one"}), ints(1, 2, None)],
        "str",
    )
    fields = [{"name": "name", "type": "str"}, {"name": "teu", "type": "int"}]
    yield case(
        "struct_pack",
        "CPython dict(zip(names, values))",
        lambda *values: dict(zip(("name", "teu"), values, strict=True)),
        [strs("Ever", None, None), ints(3, 4, None)],
        {"struct": fields},
        options={"names": ["name", "teu"]},
        sees_nulls=True,
    )


def place(x: Any, options: list, default: int | None = None) -> int | None:
    return options.index(x) if x in options else default


def codes() -> Iterator[dict]:
    sizes = Constant({"list": "str"}, ["small", "middle", "large", "small"])
    x = strs("large", "small", None, "huge", "")
    yield case("ordinal_encode", "CPython list.index", place, [x, sizes], "int")
    yield case("ordinal_encode", "CPython list.index", place, [x, sizes, whole(-1)], "int")
    yield case(
        "ordinal_encode",
        "CPython list.index",
        place,
        [ints(10, 20, None, 30), Constant({"list": "int"}, [30, 20, 10])],
        "int",
    )
