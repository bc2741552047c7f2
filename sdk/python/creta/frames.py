"""`DataFrame`: a table of features, in resolver signatures and as a value.

Columns are named by fully qualified feature names. The data is a pyarrow table; pandas and polars are only imported
when one of their tables comes in or goes out.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pyarrow
import pyarrow.compute

from creta.definition.declarations import MISSING
from creta.definition.expressions import Bound, Expression
from creta.definition.markers import DataFrameOf, Now
from creta.definition.references import Reference
from creta.evaluation import evaluate

# The column that `Now` of a signature becomes.
NOW_COLUMN = "__now__"


class DataFrame:
    """A table with one column per feature; `DataFrame[Vessel.id, Vessel.flag]` is its annotation.

    Made from a mapping of feature (or fully qualified name) to values, a list of instances of one feature class, a
    pandas, polars or pyarrow table, or another DataFrame. Column order is kept, rows have no order of meaning.
    """

    __slots__ = ("_table",)
    __hash__ = None

    def __init__(self, data: Any = None):
        self._table = _as_table({} if data is None else data)

    def __class_getitem__(cls, items: Any) -> DataFrameOf:
        return DataFrameOf(items if isinstance(items, tuple) else (items,))

    @property
    def columns(self) -> list[str]:
        """Fully qualified names, in order."""
        return self._table.column_names

    @property
    def num_columns(self) -> int:
        return self._table.num_columns

    def __len__(self) -> int:
        return self._table.num_rows

    def __repr__(self) -> str:
        return f"DataFrame({len(self)} rows: {', '.join(self.columns)})"

    def __eq__(self, other: Any) -> bool:
        return self._table.equals(other._table) if isinstance(other, DataFrame) else NotImplemented

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The rows as dictionaries by fully qualified name."""
        return iter(self._table.to_pylist())

    def __getitem__(self, items: Any) -> "DataFrame":
        """Projects features, keeps rows that satisfy filters, limits with `:n`; a single int takes one row."""
        table, columns = self._table, []
        for item in items if isinstance(items, tuple) else (items,):
            if isinstance(item, slice):
                table = table.slice(0, item.stop)
            elif isinstance(item, bool):
                raise TypeError("a DataFrame is not filtered by a bool; write the comparison with a feature")
            elif isinstance(item, int):
                table = table.slice(item if item >= 0 else table.num_rows + item, 1)
            elif isinstance(item, Bound):
                raise TypeError("after and before have a meaning in annotations only; compare with a datetime here")
            elif isinstance(item, Expression):
                table = table.filter(evaluate(item, table))
            else:
                columns.append(_name(item))
        return _wrap(table.select(columns) if columns else table)

    def to_pyarrow(self) -> pyarrow.Table:
        """The table itself."""
        return self._table

    def to_pandas(self, *, prefixed: bool = True) -> Any:
        """A pandas DataFrame; `prefixed=False` drops the namespace from the column names."""
        return self._named(prefixed).to_pandas()

    def to_polars(self, *, prefixed: bool = True) -> Any:
        """A polars DataFrame."""
        import polars

        return polars.from_arrow(self._named(prefixed))

    def to_pylist(self) -> list[dict[str, Any]]:
        """The rows as dictionaries by fully qualified name."""
        return self._table.to_pylist()

    def item(self) -> Any:
        """The one value of a frame with one row and one column."""
        if self._table.shape != (1, 1):
            raise ValueError(f"item() needs one row and one column, not {self._table.shape}")
        return self._table.column(0)[0].as_py()

    def _named(self, prefixed: bool) -> pyarrow.Table:
        if prefixed:
            return self._table
        return self._table.rename_columns([name.split(".", 1)[-1] for name in self.columns])

    def count(self) -> int:
        """The number of rows, nulls included."""
        return len(self)

    def sum(self) -> Any:
        """Sums, nulls skipped; 0 of nothing. One column gives a value, several a frame of one row."""
        return self._aggregate("sum", min_count=0)

    def mean(self) -> Any:
        """Means, nulls skipped; None of nothing."""
        return self._aggregate("mean")

    def min(self) -> Any:
        """Smallest values, nulls skipped; None of nothing."""
        return self._aggregate("min")

    def max(self) -> Any:
        """Greatest values, nulls skipped; None of nothing."""
        return self._aggregate("max")

    def std(self, ddof: int = 1) -> Any:
        """Standard deviations, nulls skipped; None of fewer than `ddof` + 1 values."""
        return self._aggregate("stddev", ddof=ddof, min_count=ddof + 1)

    def var(self, ddof: int = 1) -> Any:
        """Variances, nulls skipped; None of fewer than `ddof` + 1 values."""
        return self._aggregate("variance", ddof=ddof, min_count=ddof + 1)

    def num_unique(self) -> Any:
        """Numbers of distinct values."""
        return self._aggregate("count_distinct", mode="only_valid")

    def any(self) -> Any:
        """Whether some value is True; False of nothing."""
        return self._aggregate("any", min_count=0)

    def all(self) -> Any:
        """Whether every value is True; True of nothing."""
        return self._aggregate("all", min_count=0)

    def _aggregate(self, function: str, **options: Any) -> Any:
        apply = getattr(pyarrow.compute, function)
        results = [apply(column, **options) for column in self._table.columns]
        if not results:
            raise ValueError("a DataFrame without columns has nothing to aggregate")
        if len(results) == 1:
            return results[0].as_py()
        return DataFrame(dict(zip(self.columns, ([result.as_py()] for result in results), strict=True)))

    def vstack(self, other: "DataFrame") -> "DataFrame":
        """The rows of both; the columns must be the same."""
        return _wrap(pyarrow.concat_tables([self._table, other._table.select(self.columns)]))

    def with_column(self, column: Any, values: Any) -> "DataFrame":
        """A frame with one more (or replaced) column; `values` is a sequence or an expression over the columns."""
        array = evaluate(values, self._table) if isinstance(values, (Expression, Reference)) else as_array(values)
        name = _name(column)
        if name in self.columns:
            return _wrap(self._table.set_column(self.columns.index(name), name, array))
        return _wrap(self._table.append_column(name, array))

    def sort(self, *columns: Any, descending: bool = False) -> "DataFrame":
        """The rows sorted by features, nulls last."""
        order = "descending" if descending else "ascending"
        return _wrap(self._table.sort_by([(_name(column), order) for column in columns]))

    def rename(self, names: Mapping[Any, Any]) -> "DataFrame":
        """A frame with other column names."""
        changed = {_name(old): _name(new) for old, new in names.items()}
        return _wrap(self._table.rename_columns([changed.get(name, name) for name in self.columns]))

    @classmethod
    def read_parquet(cls, path: str, columns: Mapping[str, Any] | None = None) -> "DataFrame":
        """A Parquet file; `columns` maps its columns to features."""
        import pyarrow.parquet

        return _read(pyarrow.parquet.read_table(path), columns)

    @classmethod
    def read_csv(cls, path: str, columns: Mapping[str, Any] | None = None) -> "DataFrame":
        """A CSV file with a header line; `columns` maps its columns to features."""
        import pyarrow.csv

        return _read(pyarrow.csv.read_csv(path), columns)


def _read(table: pyarrow.Table, columns: Mapping[str, Any] | None) -> DataFrame:
    frame = _wrap(table)
    return frame.rename(columns)[tuple(_name(new) for new in columns.values())] if columns else frame


def _wrap(table: pyarrow.Table) -> DataFrame:
    frame = DataFrame.__new__(DataFrame)
    frame._table = table
    return frame


def _name(column: Any) -> str:
    if column is Now:
        return NOW_COLUMN
    return column if isinstance(column, str) else str(column)


def _as_table(data: Any) -> pyarrow.Table:
    if isinstance(data, pyarrow.Table):
        return data
    if isinstance(data, DataFrame):
        return data._table
    if isinstance(data, pyarrow.RecordBatch):
        return pyarrow.Table.from_batches([data])
    if isinstance(data, Mapping):
        return pyarrow.table({_name(name): as_array(values) for name, values in data.items()})
    kind = type(data).__module__.split(".", 1)[0]
    if kind == "pandas":
        named = data.rename(columns=_name)
        return pyarrow.Table.from_pandas(named, preserve_index=False).replace_schema_metadata(None)
    if kind == "polars":
        return data.rename({name: _name(name) for name in data.columns}).to_arrow()
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _from_instances(data)
    raise TypeError(f"a DataFrame cannot be made from a {type(data).__name__}")


def as_array(values: Any) -> Any:
    """Values of one column as an Arrow array."""
    if isinstance(values, (pyarrow.Array, pyarrow.ChunkedArray)):
        return values
    if type(values).__module__.split(".", 1)[0] == "polars":
        return values.to_arrow()
    return pyarrow.array(values) if hasattr(values, "dtype") else pyarrow.array([_plain(value) for value in values])


def _plain(value: Any) -> Any:
    """What pyarrow understands: naive datetimes are UTC, enums are their values, decimals and UUIDs text."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, (Decimal, UUID)) else value


def _from_instances(rows: Sequence[Any]) -> pyarrow.Table:
    """Instances of one feature class; what an instance leaves out is null in its row."""
    if not rows:
        return pyarrow.table({})
    info = getattr(type(rows[0]), "__creta__", None)
    if info is None:
        raise TypeError(f"a DataFrame cannot be made from a list of {type(rows[0]).__name__}")
    columns = {}
    for attribute in info.fields:
        values = [getattr(row, attribute) for row in rows]
        if any(value is not MISSING for value in values):
            given = [None if value is MISSING else value for value in values]
            columns[f"{info.namespace}.{info.stored_name(attribute)}"] = as_array(given)
    return pyarrow.table(columns)
