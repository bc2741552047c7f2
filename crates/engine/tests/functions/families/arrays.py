"""Lists: CPython's list and sorted, numpy for statistics. NaN counts as one value, above infinity; zeros are equal."""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import accumulate, pairwise
from typing import Any

from cases import Column, Constant, case, floats, ints, lists, strs, text, whole

from families.aggregation import extreme, identity, present, total, unique

LONGEST = 1_000_000
WITHIN = 1e-9
# The first row is the usual one; then empty, null, only nulls, repetitions, extremes.
WHOLE = lists("int", [3, 1, 2], [], None, [None], [2, 2, None, 1, 2], [7], [2**63 - 1, -(2**63)], [None, None, 5])
REAL = lists(
    "float",
    [1.5, 2.5, 4.0],
    [],
    None,
    [None],
    [0.0, -0.0, 1.0],
    [math.nan, 1.0, math.inf, None, -math.inf],
    [0.1, 0.2, 0.3],
    [math.nan, math.nan],
)
TEXT = lists("str", ["b", "a", "c"], [], None, [None], ["a", "a", None, ""], ["é", "Z", "z"], ["ß"], ["", "", "x"])


def cases() -> Iterator[dict]:
    yield from usual()
    yield from building()
    yield from membership()
    yield from positions()
    yield from orders()
    yield from sums()
    yield from sets()


def usual() -> Iterator[dict]:
    """First of their functions, because they show what these do; the reference page takes them as examples."""
    repeated = lists("int", [2, 1, 2, None])
    yield case("array_distinct", "CPython dict.fromkeys", unique, [repeated], {"list": "int"})
    yield case("array_duplicates", "CPython list.count", twice, [repeated], {"list": "int"})
    yield case("array_has_duplicates", "CPython len(set) < len", lambda a: bool(twice(a)), [repeated], "bool")
    yield case("array_mode", "CPython collections.Counter", mode("FIRST"), [repeated], "int")
    yield case("array_sort", "CPython sorted, nulls last", arranged, [repeated], {"list": "int"})
    yield case("array_remove", "CPython [y for y in a if y != x]", without, [repeated, whole(2)], {"list": "int"})
    yield case("array_count_value", "CPython list.count", count, [repeated, whole(2)], "int")
    yield case("array_cum_sum", "CPython itertools.accumulate", cumulative, [repeated], {"list": "int"})
    yield case("remove_nulls", "CPython [x for x in a if x is not None]", present, [repeated], {"list": "int"})
    yield case("cardinality", "CPython len", len, [repeated], "int")
    yield case("element_at", "CPython a[i], null outside", element, [lists("str", ["a", "b", "c"]), whole(-1)], "str")
    yield case(
        "slice", "CPython a[offset:][:length]", cut, [lists("int", [1, 2, 3, 4]), whole(-3), whole(2)], {"list": "int"}
    )
    yield case(
        "is_in",
        "CPython in",
        lambda x, a: index(a, x) >= 0,
        [strs("NL"), Constant({"list": "str"}, ["DE", "NL"])],
        "bool",
    )


def item(column: Column) -> Any:
    return column.type["list"]


def building() -> Iterator[dict]:
    yield case(
        "array",
        "CPython list",
        lambda *items: list(items),
        [ints(1, None, 3), ints(2, None, None)],
        {"list": "int"},
        sees_nulls=True,
    )
    yield case(
        "array",
        "CPython list",
        lambda *items: list(items),
        [strs("a", None), text("z")],
        {"list": "str"},
        sees_nulls=True,
    )
    yield case(
        "array",
        "CPython list",
        lambda *items: list(items),
        [ints(1, None), floats(0.5, None)],
        {"list": "float"},
        sees_nulls=True,
    )
    yield case(
        "concat",
        "CPython +",
        lambda a, b: a + b,
        [
            lists("int", [1, 2], [], None, [1], [None]),
            lists("int", [3], [], [1], None, [None, 1]),
        ],
        {"list": "int"},
    )
    yield case(
        "sequence",
        "CPython range, the end included",
        sequence,
        [
            ints(1, 3, None, 1, 5, 2**63 - 1, 0),
            ints(3, 1, 1, None, 5, 2**63 - 1, LONGEST),
        ],
        {"list": "int"},
    )
    yield case(
        "sequence",
        "CPython range, the end included",
        sequence,
        [ints(1, 10, 0, None, 1, 1, 3), ints(10, 1, 10, 1, 1, 10, 1), ints(3, -3, 0, 1, -1, None, 1)],
        {"list": "int"},
    )
    nested = Column({"list": {"list": "int"}}, [[[1, 2], [3]], [], None, [[], [4]], [None, [5, None]]])
    yield case(
        "flatten",
        "CPython [x for part in a for x in part]",
        lambda a: [x for part in a if part is not None for x in part],
        [nested],
        {"list": "int"},
    )
    for column in (WHOLE, REAL, TEXT):
        yield case("cardinality", "CPython len", len, [column], "int")
        yield case("remove_nulls", "CPython [x for x in a if x is not None]", present, [column], column.type)
    yield case(
        "shuffle",
        "every order of one value",
        lambda a: a,
        [lists("int", [7], [], None, [2, 2, 2], [None])],
        {"list": "int"},
    )


def sequence(first: int, last: int, step: int = 1) -> list[int]:
    """The end is included; a step that leads away from it gives nothing."""
    numbers = range(first, last + (1 if step > 0 else -1), step)
    if len(numbers) > LONGEST:
        raise OverflowError("too long")
    return list(numbers)


def index(a: list, x: Any) -> int:
    """0-based, -1 when absent; a null is never found."""
    wanted = identity(x)
    return next((place for place, item in enumerate(a) if item is not None and identity(item) == wanted), -1)


def count(a: list, x: Any) -> int:
    return [*map(identity, present(a))].count(identity(x))


def without(a: list, x: Any) -> list:
    return [value for value in a if value is None or identity(value) != identity(x)]


def membership() -> Iterator[dict]:
    for column, wanted in (
        (WHOLE, ints(2, 1, 1, 1, None, 8, 2**63 - 1, 5)),
        (REAL, floats(4.0, 1.0, 1.0, 1.0, 0.0, math.nan, 0.3, None)),
        (TEXT, strs("a", "", "", "", "", "z", "ss", None)),
    ):
        yield case("contains", "CPython in", lambda a, x: index(a, x) >= 0, [column, wanted], "bool")
        yield case("is_in", "CPython in", lambda x, a: index(a, x) >= 0, [wanted, column], "bool")
        yield case("array_position", "CPython list.index + 1", lambda a, x: index(a, x) + 1, [column, wanted], "int")
        yield case("array_count_value", "CPython list.count", count, [column, wanted], "int")
        yield case("array_remove", "CPython [y for y in a if y != x]", without, [column, wanted], column.type)
    yield case("contains", "CPython in", lambda a, x: index(a, x) >= 0, [WHOLE, whole(2)], "bool")
    constant = Constant({"list": "str"}, ["DE", "NL"])
    yield case("is_in", "CPython in", lambda x, a: index(a, x) >= 0, [strs("NL", "nl", None, ""), constant], "bool")


def element(a: list, place: int) -> Any:
    return a[place] if -len(a) <= place < len(a) else None


def cut(a: list, offset: int, length: int) -> list:
    return a[offset:][: max(length, 0)]


def positions() -> Iterator[dict]:
    places = ints(0, 0, 0, 0, -1, None, 2**63 - 1, -4)
    for column in (WHOLE, TEXT):
        yield case("element_at", "CPython a[i], null outside", element, [column, places], item(column))
        for constant in (1, -1):
            yield case("element_at", "CPython a[i], null outside", element, [column, whole(constant)], item(column))
        lengths = ints(2, 1, 1, 1, 3, 1, 1, 2**63 - 1)
        yield case("slice", "CPython a[offset:][:length]", cut, [column, places, lengths], column.type)
        for offset, length in ((1, 2), (-2, 1), (0, 0), (0, -1), (-9, 2), (9, 2)):
            yield case("slice", "CPython a[offset:][:length]", cut, [column, whole(offset), whole(length)], column.type)


def rank(value: Any) -> Any:
    """NaN is above infinity."""
    return (math.isnan(value), 0.0 if math.isnan(value) else value) if isinstance(value, float) else value


def arranged(a: list, descending: bool = False) -> list:
    return sorted(present(a), key=rank, reverse=descending) + [None] * a.count(None)


def orders() -> Iterator[dict]:
    for column in (WHOLE, REAL, TEXT):
        yield case("array_sort", "CPython sorted, nulls last", arranged, [column], column.type)
        for descending in (True, False):
            yield case(
                "array_sort",
                "CPython sorted(reverse), nulls last",
                arranged,
                [column, Constant("bool", descending)],
                column.type,
            )
        for name, choose in (("array_max", max), ("array_min", min)):
            yield case(name, f"CPython {choose.__name__}; NaN propagates", extreme(choose), [column], item(column))
        yield case("array_mode", "CPython collections.Counter", mode("FIRST"), [column], item(column))
        for tiebreak in ("FIRST", "MIN", "MAX"):
            yield case(
                "array_mode",
                "CPython collections.Counter",
                lambda a, how: mode(how)(a),
                [column, text(tiebreak)],
                item(column),
            )
    yield case("array_mode", "CPython collections.Counter", lambda a, how: mode(how)(a), [WHOLE, text("LAST")], "int")


def mode(tiebreak: str) -> Callable[[list], Any]:
    def compute(a: list) -> Any:
        if tiebreak not in ("FIRST", "MIN", "MAX"):
            raise ValueError("no such tiebreak")
        counts = Counter(map(identity, present(a)))
        best = [value for value in unique(present(a)) if counts[identity(value)] == max(counts.values())]
        if not best:
            return None
        return best[0] if tiebreak == "FIRST" else (min if tiebreak == "MIN" else max)(best, key=rank)

    return compute


def measured(measure: Callable[[list], float], least: int) -> Callable[[list], float | None]:
    """Null for fewer values than `least`, NaN where one is not finite."""

    def compute(a: list) -> float | None:
        values = present(a)
        if len(values) < least:
            return None
        return float(measure(values)) if all(map(math.isfinite, values)) else math.nan

    return compute


def average(a: list) -> float | None:
    return total(a) / len(present(a)) if present(a) else None


def median(a: list) -> float | None:
    """NaN sorts last."""
    values = sorted(present(a), key=rank)
    if not values:
        return None
    low, high = values[(len(values) - 1) // 2], values[len(values) // 2]
    return float(low if low == high else low + (high - low) * 0.5)


def cumulative(a: list) -> list:
    """A null stays null and adds nothing."""
    sums = list(accumulate(0 if value is None else value for value in a))
    return [None if value is None else sum_ for value, sum_ in zip(a, sums, strict=True)]


def differences(a: list) -> list:
    return [None if left is None or right is None else right - left for left, right in pairwise(a)]


def sums() -> Iterator[dict]:
    for column in (WHOLE, REAL):
        kind = item(column)
        near = WITHIN if kind == "float" else None
        zero = 0 if kind == "int" else 0.0
        yield case(
            "array_sum", "CPython sum, math.fsum", lambda a, zero=zero: total(a) + zero, [column], kind, tolerance=near
        )
        yield case("array_average", "CPython math.fsum / len", average, [column], "float", tolerance=WITHIN)
        yield case("array_median", "CPython statistics.median", median, [column], "float", tolerance=WITHIN)
        yield case(
            "array_stddev",
            "CPython statistics.pstdev",
            measured(statistics.pstdev, 1),
            [column],
            "float",
            tolerance=WITHIN,
        )
        yield case(
            "array_sample_stddev",
            "CPython statistics.stdev",
            measured(statistics.stdev, 2),
            [column],
            "float",
            tolerance=WITHIN,
        )
        yield case("array_cum_sum", "CPython itertools.accumulate", cumulative, [column], column.type, tolerance=near)
        yield case(
            "array_adjacent_difference",
            "CPython itertools.pairwise",
            differences,
            [column],
            column.type,
            tolerance=near,
        )
    overflowing = lists("int", [2**63 - 1, 1], [-(2**63), 2**63 - 1])
    yield case("array_sum", "CPython sum", sum, [overflowing], "int")
    yield case("array_cum_sum", "CPython itertools.accumulate", cumulative, [overflowing], {"list": "int"})


def joined(a: list, delimiter: str) -> str:
    return delimiter.join(str(value) for value in a if value is not None)


def twice(a: list) -> list:
    """What occurs more than once, null as one value."""
    counts = Counter(map(identity, a))
    return unique([value for value in a if counts[identity(value)] > 1])


def sets() -> Iterator[dict]:
    for column in (WHOLE, REAL, TEXT):
        yield case("array_distinct", "CPython dict.fromkeys", unique, [column], column.type)
        yield case("array_duplicates", "CPython list.count", twice, [column], column.type)
        yield case("array_has_duplicates", "CPython len(set) < len", lambda a: bool(twice(a)), [column], "bool")
    for column, other in (
        (WHOLE, lists("int", [2, 3, 9], [], [1], [None], [None, 2, 2], None, [7], [5])),
        (REAL, lists("float", [4.0], [1.0], [1.0], [None], [-0.0], [math.nan, 2.0], None, [math.nan])),
        (TEXT, lists("str", ["c", "b"], [], ["a"], [None], ["a"], ["z"], None, [""])),
    ):
        within = lambda a, b, kept: unique([x for x in a if (identity(x) in [*map(identity, b)]) == kept])  # noqa: E731
        shared = lambda a, b, within=within: bool(present(within(a, b, True)))  # noqa: E731
        yield case(
            "array_intersect",
            "CPython dict.fromkeys, in",
            lambda a, b, f=within: f(a, b, True),
            [column, other],
            column.type,
        )
        yield case(
            "array_except",
            "CPython dict.fromkeys, not in",
            lambda a, b, f=within: f(a, b, False),
            [column, other],
            column.type,
        )
        yield case("arrays_overlap", "CPython set.isdisjoint", shared, [column, other], "bool")
    yield case("array_join", "CPython str.join", joined, [TEXT, text(", ")], "str")
    yield case("array_join", "CPython str.join", joined, [TEXT, strs("-", ",", ",", ",", "", None, ",", "•")], "str")
    yield case("array_join", "CPython str.join", joined, [WHOLE, text("/")], "str")
