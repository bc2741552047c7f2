"""Aggregates of rows, most of them methods of rows, some written as functions too.

`F.max_by(_.calls[_.teu], _.at)` is the same as `_.calls[_.teu].max_by(_.at)`.
"""

from typing import Any

from creta.definition.expressions import Expression, call
from creta.definition.letters import fault
from creta.definition.places import caller_place
from creta.functions.declaring import declared_in, written
from creta.functions.kinds import Bool, Int, Item, List, Order, Rows, Str, Value

LAST = "Rows with a null order come last; null without rows."
KEPT = "Nulls are kept; an empty list without rows."


def _rows(name: str, rows: Any) -> Expression:
    if isinstance(rows, Expression):
        return rows
    message = f"{name} wants rows of a has-many relationship with one column."
    raise fault("expression", message, caller_place(), f"Write it as F.{name}(_.rows[_.column], …).")


@written(nulls=LAST)
def max_by(rows: Rows, sort: Value) -> Item:
    """The value of the row with the largest `sort`; of equals the first. NaN is above infinity."""
    return _rows("max_by", rows).max_by(sort)


@written(nulls=LAST)
def min_by(rows: Rows, sort: Value) -> Item:
    """The value of the row with the smallest `sort`; of equals the first. NaN is above infinity."""
    return _rows("min_by", rows).min_by(sort)


@written(nulls=LAST)
def max_by_n(rows: Rows, sort: Value, n: Int) -> List:
    """The values of the n rows with the largest `sort`, the largest first; equals stay in their order."""
    return _rows("max_by_n", rows).max_by_n(sort, n)


@written(nulls=LAST)
def min_by_n(rows: Rows, sort: Value, n: Int) -> List:
    """The values of the n rows with the smallest `sort`, the smallest first; equals stay in their order."""
    return _rows("min_by_n", rows).min_by_n(sort, n)


@written(nulls=KEPT)
def head(rows: Rows, n: Int) -> List:
    """The values of the first n rows, a constant number; `F.head(rows, n)` is `rows[:n].array_agg()`."""
    return _rows("head", rows)[:n].array_agg()


@written(nulls=KEPT)
def array_agg(rows: Rows) -> List:
    """The values of all rows as a list, in the order of the rows."""
    return _rows("array_agg", rows).array_agg()


@written(nulls="A null is one value; an empty list without rows.")
def set_agg(rows: Rows) -> List:
    """The distinct values of all rows as a list, each where it first stands. All NaN are one value, both zeros too."""
    return _rows("set_agg", rows).set_agg()


@written(nulls="Null lists are skipped, a null inside is one value; an empty list without rows.")
def set_union(rows: Rows) -> List:
    """The distinct items of lists in all rows as one list, each where it first stands."""
    return _rows("set_union", rows).set_union()


def _per_key(argument: str, given: Any, keys: int, known: tuple) -> list:
    """One setting for all keys, or one for each."""
    settings = list(given) if isinstance(given, (list, tuple)) else [given] * keys
    if len(settings) != keys or not all(setting in known for setting in settings):
        choices = " or ".join(map(repr, known))
        raise fault("expression", f"{argument} must be {choices}, or a list of one per key.", caller_place())
    return settings


@written(nulls="Rows with a null key come last in either direction, or first where `nulls` says so.")
def sort_order(*keys: Value, descending: Bool = False, nulls: Str = "last") -> Order:
    """An order of rows by several keys: `F.max_by_n(_.calls[_.id], F.sort_order(_.day, _.teu), 3)`.

    * Rows compare by the first key, equal ones by the next. A key that is `descending` compares the other way round.
    * `descending` and `nulls` (`"last"` or `"first"`) hold for all keys, or are lists with one for each.
    * It stands only where `max_by`, `min_by`, `max_by_n` and `min_by_n` want their order.
    """
    if not keys:
        raise fault("expression", "sort_order needs at least one key.", caller_place())
    directions = _per_key("sort_order: descending", descending, len(keys), (False, True))
    return call(
        "sort_order",
        *keys,
        descending=directions,
        nulls=_per_key("sort_order: nulls", nulls, len(keys), ("last", "first")),
    )


__all__ = declared_in(__name__)
