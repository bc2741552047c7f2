"""Builds cases: arguments, and what an independent reference answers for each row of them.

A reference is a plain Python function of one row. What it raises is a row that fails; a null argument gives null unless
the function is said to look at nulls itself.
"""

import base64
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

# What a reference may raise for a bad value; anything else is a mistake in the reference and stops the run.
FAILURES = (ArithmeticError, ValueError, IndexError)
INT_MIN, INT_MAX = -(2**63), 2**63 - 1


@dataclass(frozen=True)
class Column:
    """An argument that differs from row to row."""

    type: Any
    values: Sequence[Any]


@dataclass(frozen=True)
class Constant:
    """An argument that is a literal of the expression."""

    type: Any
    value: Any


Argument = Column | Constant


def ints(*values: int | None) -> Column:
    return Column("int", values)


def floats(*values: float | None) -> Column:
    return Column("float", values)


def strs(*values: str | None) -> Column:
    return Column("str", values)


def bools(*values: bool | None) -> Column:
    return Column("bool", values)


def lists(item: Any, *values: list | None) -> Column:
    return Column({"list": item}, values)


def text(value: str | None) -> Constant:
    return Constant("str", value)


def whole(value: int | None) -> Constant:
    return Constant("int", value)


def case(
    function: str,
    reference: str,
    compute: Callable[..., Any],
    arguments: Sequence[Argument],
    result: Any,
    *,
    options: dict[str, Any] | None = None,
    sees_nulls: bool = False,
    tolerance: float | None = None,
) -> dict[str, Any]:
    """One case of a function; `result` is its type. `tolerance` is relative, without it the result is exact."""
    outcomes = [_outcome(compute, row, result, sees_nulls) for row in _rows(arguments)]
    built: dict[str, Any] = {
        "function": function,
        "reference": reference,
        "arguments": [_argument(argument) for argument in arguments],
        "options": options or {},
        "result": {"type": result, "values": [value for value, _ in outcomes]},
        "raises": [raised for _, raised in outcomes],
    }
    if tolerance is not None:
        built["tolerance"] = tolerance
    return built


def aggregate(
    name: str,
    reference: str,
    compute: Callable[..., Any],
    column: Column | None,
    result: Any,
    *,
    by: Column | None = None,
    options: dict[str, Any] | None = None,
    tolerance: float | None = None,
) -> dict[str, Any]:
    """One case of an aggregate: one value for the whole column, in the order of its rows."""
    given = [list(part.values) for part in (column, by) if part is not None]
    value, raised = _outcome(lambda: compute(*given), (), result, True)
    built: dict[str, Any] = {"aggregate": name, "reference": reference}
    for key, part in (("column", column), ("by", by)):
        if part is not None:
            built[key] = _argument(part)
    built |= {"options": options or {}, "result": {"type": result, "value": value}, "raises": raised}
    if tolerance is not None:
        built["tolerance"] = tolerance
    return built


def _rows(arguments: Sequence[Argument]) -> list[tuple]:
    lengths = {len(argument.values) for argument in arguments if isinstance(argument, Column)}
    if len(lengths) > 1:
        raise AssertionError(f"columns of different lengths: {lengths}")
    rows = lengths.pop() if lengths else 1
    cells = [
        list(argument.values) if isinstance(argument, Column) else [argument.value] * rows for argument in arguments
    ]
    return list(zip(*cells, strict=True)) if cells else [()]


def _outcome(compute: Callable, row: tuple, result: Any, sees_nulls: bool) -> tuple[Any, bool]:
    if not sees_nulls and any(value is None for value in row):
        return None, False
    try:
        return encode(result, compute(*row)), False
    except FAILURES:
        return None, True


def _argument(argument: Argument) -> dict[str, Any]:
    if isinstance(argument, Constant):
        return {"type": argument.type, "constant": encode(argument.type, argument.value)}
    return {"type": argument.type, "values": [encode(argument.type, value) for value in argument.values]}


def encode(data_type: Any, value: Any) -> Any:
    """The JSON of a value. Raises ValueError for what the type cannot hold, TypeError for what is of another type."""
    if value is None:
        return None
    if isinstance(data_type, dict):
        return _encode_nested(data_type, value)
    kinds, convert = FORMS[data_type]
    if not isinstance(value, kinds) or (isinstance(value, bool) and data_type != "bool"):
        raise TypeError(f"{value!r} is not a {data_type}")
    return convert(value)


def _encode_nested(data_type: dict, value: Any) -> Any:
    ((kind, of),) = data_type.items()
    if kind == "list":
        return [encode(of, item) for item in value]
    if kind == "map":
        return [[encode(of[0], key), encode(of[1], item)] for key, item in value.items()]
    return {field["name"]: encode(field["type"], value[field["name"]]) for field in of}


def _int(value: int) -> int:
    if not INT_MIN <= value <= INT_MAX:
        raise OverflowError("larger than 64 bits")
    return value


def _float(value: float) -> float | str:
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value


def _str(value: str) -> str:
    # A lone surrogate is no text outside of CPython.
    value.encode("utf-8")
    return value


def _datetime(value: datetime) -> str:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


FORMS: dict[str, tuple[type | tuple[type, ...], Callable[[Any], Any]]] = {
    "int": (int, _int),
    "float": ((int, float), _float),
    "bool": (bool, bool),
    "str": (str, _str),
    "bytes": (bytes, lambda value: base64.b64encode(value).decode("ascii")),
    "datetime": (datetime, _datetime),
    "date": (date, lambda value: value.isoformat()),
    "time": (time, lambda value: value.isoformat()),
    "timedelta": (timedelta, lambda value: value // timedelta(microseconds=1)),
}
