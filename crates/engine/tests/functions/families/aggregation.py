"""Aggregates of rows (framework §4.2 and §17): CPython's statistics and fractions, numpy, pyarrow."""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pyarrow
import pyarrow.compute
from cases import Column, aggregate, bools, floats, ints, lists, strs
from samples import DATES, TIMES

# Float aggregates are equal within this whatever the order of the rows (decision 15).
WITHIN = 1e-9
WHOLE = (
    ints(4, None, 10),
    ints(),
    ints(None),
    ints(7),
    ints(2**63 - 1, 1, -1),
    ints(3, 3, -3, 8, 0, 8, 100),
    ints(2**63 - 1, 1),
)
REAL = (
    floats(4.0, None, 10.0),
    floats(),
    floats(None),
    floats(2.5),
    floats(1e16, 1.0, -1e16),
    floats(0.1, 0.2, 0.3),
    floats(1.0, math.nan, 2.0),
    floats(math.inf, 1.0),
    floats(math.inf, -math.inf),
    floats(5.0, 5.0, 5.0, None),
    floats(1.0, 2.0, 4.0, 8.0, 16.0, None, -32.0),
    floats(1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16),
)
OTHER = (strs("b", None, "a", "é", "b"), Column("date", DATES), Column("datetime", TIMES), bools(True, None, False))


def cases() -> Iterator[dict]:
    yield from totals()
    yield from extremes()
    yield from tests()
    yield from spreads()
    yield from distinct()
    yield from ordered()
    yield from collected()


def present(values: list) -> list:
    return [value for value in values if value is not None]


def total(values: list) -> float | int:
    """Exact: CPython's fsum for floats, which refuses infinities of both signs where the sum is NaN."""
    values = present(values)
    if all(isinstance(value, int) for value in values):
        return sum(values)
    return math.fsum(values) if not {math.inf, -math.inf} <= set(values) else math.nan


def mean(values: list) -> float | None:
    return total(values) / len(present(values)) if present(values) else None


def totals() -> Iterator[dict]:
    for column in (*WHOLE, *REAL):
        exact = None if column.type == "int" else WITHIN
        # The sum of no float is 0.0, which CPython cannot tell from the sum of no int.
        zero = 0 if column.type == "int" else 0.0
        yield aggregate(
            "sum", "CPython sum, math.fsum", lambda v, zero=zero: total(v) + zero, column, column.type, tolerance=exact
        )
        yield aggregate("mean", "CPython math.fsum / len", mean, column, "float", tolerance=WITHIN)
    for column in (*WHOLE[:4], *OTHER):
        yield aggregate("count", "CPython len", len, column, "int")


def extreme(choose: Callable) -> Callable:
    def compute(values: list) -> Any:
        values = present(values)
        if any(isinstance(value, float) and math.isnan(value) for value in values):
            return math.nan
        return choose(values, default=None)

    return compute


def extremes() -> Iterator[dict]:
    for column in (*WHOLE, *REAL, *OTHER):
        yield aggregate("min", "CPython min; NaN propagates as in numpy.min", extreme(min), column, column.type)
        yield aggregate("max", "CPython max; NaN propagates as in numpy.max", extreme(max), column, column.type)


def tests() -> Iterator[dict]:
    for column in (bools(True, False), bools(), bools(None), bools(None, True), bools(False, None), bools(True, True)):
        yield aggregate("any", "CPython any", lambda v: any(present(v)), column, "bool")
        yield aggregate("all", "CPython all", lambda v: all(present(v)), column, "bool")


def spread(measure: Callable[[list], float]) -> Callable:
    """Null for fewer than two values, NaN where a value is not finite."""

    def compute(values: list) -> float | None:
        values = present(values)
        if len(values) < 2:
            return None
        return float(measure(values)) if all(map(math.isfinite, values)) else math.nan

    return compute


def moment(measure: Callable) -> Callable:
    """Of the population, not corrected for bias; null where nothing varies."""

    def compute(values: list) -> float | None:
        found = measure(pyarrow.array(present(values), pyarrow.float64())).as_py()
        if len(set(present(values))) < 2:
            return None
        # What rounding left of a zero is not asked of anybody.
        return 0.0 if abs(found) < WITHIN else found

    return compute


def percentile(quantile: float) -> Callable:
    """numpy.percentile with linear interpolation; NaN sorts last instead of spoiling everything."""

    def compute(values: list) -> float | None:
        values = sorted(present(values), key=lambda value: (math.isnan(value), value))
        if not values:
            return None
        if all(map(math.isfinite, values)):
            return float(numpy.percentile(values, quantile * 100))
        place = quantile * (len(values) - 1)
        low, high = values[math.floor(place)], values[math.ceil(place)]
        return float(low if low == high else low + (high - low) * (place % 1) if place % 1 else low)

    return compute


def spreads() -> Iterator[dict]:
    columns = (*WHOLE[:4], WHOLE[5], *REAL)
    for names, reference, measure in (
        (("std", "std_sample", "stddev", "stddev_sample"), "CPython statistics.stdev", statistics.stdev),
        (("var", "var_sample", "variance"), "CPython statistics.variance", statistics.variance),
        (("std_pop", "stddev_pop"), "CPython statistics.pstdev", statistics.pstdev),
        (("var_pop",), "CPython statistics.pvariance", statistics.pvariance),
    ):
        for name in names:
            for column in columns if name in ("std", "var", "std_pop", "var_pop") else columns[:3]:
                yield aggregate(name, reference, spread(measure), column, "float", tolerance=WITHIN)
    for column in columns:
        yield aggregate(
            "skewness", "pyarrow.compute.skew", moment(pyarrow.compute.skew), column, "float", tolerance=WITHIN
        )
        yield aggregate(
            "kurtosis", "pyarrow.compute.kurtosis", moment(pyarrow.compute.kurtosis), column, "float", tolerance=WITHIN
        )
        yield aggregate("median", "numpy.percentile(50)", percentile(0.5), column, "float", tolerance=WITHIN)
        for quantile in (0.5, 0.0, 1.0, 0.9):
            yield aggregate(
                "approx_percentile",
                "numpy.percentile",
                percentile(quantile),
                column,
                "float",
                options={"quantile": quantile},
                tolerance=WITHIN,
            )


def identity(value: Any) -> Any:
    """Equal for what counts as one value: all NaN are one, both zeros are one, True is not 1."""
    if isinstance(value, float):
        return ("float", "NaN") if math.isnan(value) else ("float", value + 0.0)
    if isinstance(value, list):
        return ("list", *map(identity, value))
    return (type(value), value)


def unique(values: list) -> list:
    """Each value once, where it first stands."""
    first: dict = {}
    for value in values:
        first.setdefault(identity(value), value)
    return list(first.values())


def top(k: int) -> Callable:
    """The most frequent values; of equally frequent ones the first."""

    def compute(values: list) -> list | None:
        return [value for value, _ in Counter(present(values)).most_common(k)] if present(values) else None

    return compute


def distinct() -> Iterator[dict]:
    columns = (
        ints(3, 1, None, 3),
        WHOLE[5],
        WHOLE[0],
        WHOLE[1],
        WHOLE[2],
        floats(0.0, -0.0, math.nan, math.nan, None, 1.5),
        *OTHER,
    )
    for column in columns:
        for name in ("approx_count_distinct", "num_unique"):
            yield aggregate(name, "CPython len(set)", lambda v: len(unique(present(v))), column, "int")
        yield aggregate("set_agg", "CPython dict.fromkeys", unique, column, {"list": column.type})
        yield aggregate("array_agg", "CPython list", list, column, {"list": column.type})
    for column in (strs("b", "a", None, "b", "c", "b", "a"), ints(5, 5, 7), ints(), ints(None)):
        for k in (2, 1, 10):
            yield aggregate(
                "approx_top_k",
                "CPython collections.Counter.most_common",
                top(k),
                column,
                {"list": column.type},
                options={"k": k},
            )
    for column in (lists("int", [1, 2], [2, 3], None, [], [None, 1]), lists("str", ["b"], ["a", "b"]), lists("int")):
        yield aggregate(
            "set_union",
            "CPython dict.fromkeys",
            lambda v: unique([item for part in present(v) for item in part]),
            column,
            column.type,
        )


def ranked(values: list, by: list, largest: bool) -> list:
    """Values in the order of `by`: ties in their own order, null `by` last, NaN above infinity."""
    key = lambda value: (math.isnan(value), 0.0 if math.isnan(value) else value) if isinstance(value, float) else value  # noqa: E731
    known = [row for row in range(len(values)) if by[row] is not None]
    known.sort(key=lambda row: key(by[row]), reverse=largest)
    return [values[row] for row in known] + [values[row] for row in range(len(values)) if by[row] is None]


def ordered() -> Iterator[dict]:
    samples = (
        (strs("a", "b", "c", "d"), ints(1, 3, 2, None)),
        (strs("a", "b", None, "d"), ints(1, 5, 5, 1)),
        (strs("a", "b"), ints(None, None)),
        (strs(), ints()),
        (ints(1, 2, 3, 4, 5), floats(0.5, math.nan, -math.inf, None, math.inf)),
        (ints(1, 2, 3), strs("b", "é", "Z")),
        (floats(1.5, None, 3.5), Column("datetime", TIMES[:3])),
        (ints(1, 2, 3), floats(0.0, -0.0, 0.0)),
    )
    for value, by in samples:
        for name, largest in (("max_by", True), ("min_by", False)):
            reference = f"CPython {name[:3]} with key, first of equals"
            choose = lambda v, c, largest=largest: (ranked(v, c, largest) or [None])[0]  # noqa: E731
            yield aggregate(name, reference, choose, value, value.type, by=by)
            for n in (2, 10, 1):
                several = lambda v, c, largest=largest, n=n: ranked(v, c, largest)[:n] or None  # noqa: E731
                yield aggregate(
                    f"{name}_n",
                    "CPython sorted with key, stable",
                    several,
                    value,
                    {"list": value.type},
                    by=by,
                    options={"n": n},
                )


def collected() -> Iterator[dict]:
    for column in (strs("b", None, "a"), ints(), floats(1.5)):
        for n in (2, 0, 10):
            yield aggregate(
                "head", "CPython list[:n]", lambda v, n=n: v[:n], column, {"list": column.type}, options={"n": n}
            )
