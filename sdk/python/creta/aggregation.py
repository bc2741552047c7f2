"""Aggregates of DataFrame columns, with the engine's rules for nulls, NaN and nothing at all."""

from typing import Any

import pyarrow
import pyarrow.compute as compute

from creta.definition.expressions import node_of

GREATEST_INT = 2**63 - 1


def aggregate(function: str, column: Any, ddof: int = 1) -> Any:
    """One aggregate of one column as a Python value. Nulls are skipped; NaN counts as a value."""
    if function == "count":
        return len(column)
    if function in ("any", "all"):
        if not (pyarrow.types.is_boolean(column.type) or pyarrow.types.is_null(column.type)):
            raise TypeError(f"{function}() needs a bool column, not {column.type}")
        return getattr(compute, function)(column.cast(pyarrow.bool_()), min_count=0).as_py()
    if pyarrow.types.is_null(column.type):
        return 0 if function in ("sum", "num_unique") else None
    if function == "sum":
        return _sum(column)
    if function in ("min", "max"):
        return float("nan") if _has_nan(column) else getattr(compute, function)(column).as_py()
    if function == "median":
        return _median(column)
    if function == "num_unique":
        return compute.count_distinct(column, mode="only_valid").as_py()
    if function in ("std", "var"):
        name = "stddev" if function == "std" else "variance"
        return getattr(compute, name)(column, ddof=ddof, min_count=ddof + 1).as_py()
    return getattr(compute, function)(column).as_py()


def _has_nan(column: Any) -> bool:
    return pyarrow.types.is_floating(column.type) and bool(compute.any(compute.is_nan(column)).as_py())


def _sum(column: Any) -> Any:
    if not pyarrow.types.is_integer(column.type):
        return compute.sum(column, min_count=0).as_py()
    # Arrow's sum of integers wraps around.
    if abs(compute.sum(column.cast(pyarrow.float64(), safe=False), min_count=0).as_py()) < 2.0**62:
        return compute.sum(column, min_count=0).as_py()
    total = sum(value for value in column.to_pylist() if value is not None)
    if not -GREATEST_INT - 1 <= total <= GREATEST_INT:
        raise OverflowError("the sum does not fit into 64 bits")
    return total


def _median(column: Any) -> Any:
    if _has_nan(column):
        return float("nan")
    return compute.quantile(column.drop_null(), 0.5)[0].as_py() if len(column) > column.null_count else None


FUNCTIONS = ("count", "sum", "mean", "median", "min", "max", "std", "var", "num_unique", "any", "all")


def grouped(table: pyarrow.Table, keys: dict[str, str], aggregates: dict[str, Any]) -> pyarrow.Table:
    """One row per distinct combination of `keys` (new name → column), with the aggregates of its rows."""
    plans = {name: _plan(table, expression) for name, expression in aggregates.items()}
    rows = pyarrow.table({f"k{place}": table.column(column) for place, column in enumerate(keys.values())})
    rows = rows.append_column("row", pyarrow.array(range(table.num_rows), pyarrow.int64()))
    names = [f"k{place}" for place in range(len(keys))]
    groups = rows.group_by(names, use_threads=False).aggregate([("row", "list"), ("row", "min")])
    groups = groups.sort_by("row_min")
    lists = groups.column("row_list").to_pylist()
    columns = {new: groups.column(name) for new, name in zip(keys, names, strict=True)}
    for name, (function, column) in plans.items():
        source = None if column is None else table.column(column).combine_chunks()
        if source is None:
            values = [len(each) for each in lists]
        else:
            values = [aggregate(function, source.take(pyarrow.array(each, pyarrow.int64()))) for each in lists]
        columns[name] = pyarrow.array(values, _result_type(function, source))
    return pyarrow.table(columns)


def _result_type(function: str, source: Any) -> pyarrow.DataType | None:
    """The type of an aggregate's column, which an empty or all-null group must not change."""
    if function in ("count", "num_unique"):
        return pyarrow.int64()
    if function in ("any", "all"):
        return pyarrow.bool_()
    if function in ("mean", "median", "std", "var"):
        return pyarrow.float64()
    if function == "sum" and pyarrow.types.is_integer(source.type):
        return pyarrow.int64()
    return source.type


def _plan(table: pyarrow.Table, expression: Any) -> tuple[str, str | None]:
    """(function, column) of `_.teu.sum()`; the column is None for `_.count()`."""
    node = node_of(expression)
    body = node.get("aggregate") if isinstance(node, dict) else None
    if body is None or body["function"] not in FUNCTIONS or body.keys() & {"arguments", "options"}:
        raise ValueError(f"an aggregate is written `_.teu.sum()`, with one of {', '.join(FUNCTIONS)}")
    if body["of"] == "this":
        if body["function"] != "count":
            raise ValueError(f"{body['function']} needs a column: `_.teu.{body['function']}()`")
        return "count", None
    from creta.evaluation import column_of

    return body["function"], column_of(body["of"], table)
