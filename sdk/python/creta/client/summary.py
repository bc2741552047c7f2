"""What the columns of a dataset hold, in a few numbers each."""

from dataclasses import dataclass
from typing import Any

import pyarrow
import pyarrow.compute


@dataclass(frozen=True)
class ColumnSummary:
    """One column; what its type does not allow is None."""

    name: str
    data_type: str
    rows: int
    nulls: int
    distinct: int | None = None
    minimum: Any = None
    maximum: Any = None
    mean: float | None = None


def summarise(table: pyarrow.Table) -> list[ColumnSummary]:
    """One summary per column, in the order of the table."""
    return [_column(name, table[name]) for name in table.column_names]


def _column(name: str, values: pyarrow.ChunkedArray) -> ColumnSummary:
    types = pyarrow.types
    kind = values.type
    is_number = types.is_integer(kind) or types.is_floating(kind)
    is_ordered = is_number or types.is_temporal(kind) or types.is_string(kind) or types.is_large_string(kind)
    extremes = pyarrow.compute.min_max(values).as_py() if is_ordered else {"min": None, "max": None}
    return ColumnSummary(
        name=name,
        data_type=str(kind),
        rows=len(values),
        nulls=values.null_count,
        distinct=pyarrow.compute.count_distinct(values).as_py() if is_ordered or types.is_boolean(kind) else None,
        minimum=extremes["min"],
        maximum=extremes["max"],
        mean=pyarrow.compute.mean(values).as_py() if is_number else None,
    )
