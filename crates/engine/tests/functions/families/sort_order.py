"""`max_by` and its like with an order of several keys: CPython's sorted, once per key, the last key first."""

from collections.abc import Iterator
from typing import Any

from cases import Column, aggregate, encode, floats, ints, strs

from families.arrays import rank

Key = tuple[Column, bool, str]


def arranged(values: list, keys: list[Key], largest: bool) -> list:
    """Values in order; the largest first turns every key round, and nulls stay at their end."""
    order = list(range(len(values)))
    for column, descending, nulls in reversed(keys):
        known = [row for row in order if column.values[row] is not None]
        known.sort(key=lambda row, column=column: rank(column.values[row]), reverse=descending != largest)
        missing = [row for row in order if column.values[row] is None]
        order = missing + known if nulls == "first" else known + missing
    return [values[row] for row in order]


def ordered(name: str, column: Column, keys: list[Key], n: int | None) -> dict[str, Any]:
    largest = name.startswith("max")
    answer = arranged(list(column.values), keys, largest)
    chosen = answer[0] if n is None and answer else answer[:n] or None
    result = column.type if n is None else {"list": column.type}
    built = aggregate(name, "CPython sorted, once per key", lambda _values: chosen, column, result,
                      options={} if n is None else {"n": n})  # fmt: skip
    built["order"] = [
        {
            "type": key.type,
            "values": [encode(key.type, value) for value in key.values],
            "descending": descending,
            "nulls": nulls,
        }
        for key, descending, nulls in keys
    ]
    return built


def cases() -> Iterator[dict]:
    names, empty = strs("a", "b", "c", "d", "e", "f"), strs()
    day, teu = ints(1, 2, 2, 1, None, 2), floats(5.0, 7.0, 9.0, None, 1.0, 7.0)
    for orders in (
        [(day, False, "last"), (teu, False, "last")],
        [(day, True, "last"), (teu, False, "last")],
        [(day, False, "last"), (teu, True, "first")],
        [(teu, True, "first"), (day, False, "first")],
        [(day, False, "last")],
        [(day, True, "first")],
    ):
        for name in ("max_by", "min_by"):
            yield ordered(f"{name}_n", names, orders, 3)
            yield ordered(f"{name}_n", names, orders, 10)
            yield ordered(name, names, orders, None)
    for name in ("max_by", "min_by"):
        yield ordered(f"{name}_n", empty, [(ints(), False, "last"), (ints(), False, "last")], 3)
        yield ordered(name, empty, [(ints(), False, "last"), (ints(), False, "last")], None)
