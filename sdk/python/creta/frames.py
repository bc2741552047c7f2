"""`DataFrame`: a table of features, in resolver signatures and as a value.

Columns are named by fully qualified feature names. The data is a pyarrow table; pandas and polars are only imported
when one of their tables comes in or goes out.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow

from creta.aggregation import aggregate, grouped
from creta.definition.brackets import recovered
from creta.definition.expressions import Bound, Expression
from creta.definition.letters import fault
from creta.definition.markers import DataFrameOf
from creta.definition.places import caller_place
from creta.definition.references import Reference, limit_of
from creta.definition.registry import registry
from creta.evaluation import evaluate
from creta.joining import joined
from creta.tables import NOW_COLUMN, as_array, as_table, column_name

__all__ = ["NOW_COLUMN", "DataFrame", "as_array"]


class DataFrame:
    """A table with one column per feature; `DataFrame[Vessel.id, Vessel.flag]` is its annotation.

    Made from a mapping of feature (or fully qualified name) to values, a list of instances of one feature class, a
    pandas, polars or pyarrow table, or another DataFrame. Column order is kept, rows have no order of meaning.
    `missing_value_strategy` says what becomes of values that an instance does not give: "error", "default_or_error",
    "default_or_allow" (the declared default, else null) or "allow" (null).
    """

    __slots__ = ("_table",)
    __hash__ = None

    def __init__(self, data: Any = None, *, missing_value_strategy: str = "default_or_allow"):
        given = data._table if isinstance(data, DataFrame) else {} if data is None else data
        self._table = as_table(given, missing_value_strategy)

    def __class_getitem__(cls, items: Any) -> DataFrameOf:
        given = recovered(items)
        given = given if isinstance(given, tuple) else (given,)
        if any(isinstance(item, str) for item in given):
            message = "A DataFrame's columns are features, not strings."
            fix = 'Quote the whole annotation: `"DataFrame[Vessel.id]"`.'
            raise fault("annotation", message, caller_place(), fix)
        return DataFrameOf(given)

    @property
    def columns(self) -> list[str]:
        """Fully qualified names, in order."""
        return self._table.column_names

    @property
    def num_columns(self) -> int:
        return self._table.num_columns

    @property
    def num_rows(self) -> int:
        return self._table.num_rows

    @property
    def shape(self) -> tuple[int, int]:
        return self._table.shape

    def __len__(self) -> int:
        return self._table.num_rows

    def __repr__(self) -> str:
        return f"DataFrame({len(self)} rows: {', '.join(self.columns)})"

    def __eq__(self, other: Any) -> bool:
        return self._table.equals(other._table) if isinstance(other, DataFrame) else NotImplemented

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The rows as dictionaries by fully qualified name."""
        return iter(self._table.to_pylist())

    def __bool__(self) -> bool:
        """Whether there are rows; a frame of one bool is that bool."""
        if self._table.shape == (1, 1) and pyarrow.types.is_boolean(self._table.column(0).type):
            return bool(self.item())
        return len(self) > 0

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __getitem__(self, items: Any) -> "DataFrame":
        """Projects features, keeps rows that satisfy filters, limits with `:n`; a single int takes one row.

        The filters come first, then the limit or the row, then the projection.
        """
        items = recovered(items)
        filters, cuts, columns = [], [], []
        for item in items if isinstance(items, tuple) else (items,):
            if isinstance(item, bool):
                raise TypeError("a DataFrame is not filtered by a bool; write the comparison with a feature")
            kind = (
                filters
                if isinstance(item, (Bound, Expression))
                else cuts
                if isinstance(item, (slice, int))
                else columns
            )
            kind.append(item)
        table = self._table
        for condition in filters:
            is_bound = isinstance(condition, Bound)
            for node in map(Expression, condition.conditions(self._feature_time())) if is_bound else (condition,):
                table = table.filter(evaluate(node, table))
        for cut in cuts:
            table = _cut(table, cut)
        return _wrap(table.select([column_name(column) for column in columns]) if columns else table)

    def _feature_time(self) -> str | None:
        """The feature time of the class that the columns belong to."""
        namespaces = {name.split(".", 1)[0] for name in self.columns}
        cls = registry.classes.get(namespaces.pop()) if len(namespaces) == 1 else None
        return cls.__creta__.feature_time() if cls is not None else None

    def to_pyarrow(self, *, prefixed: bool = True) -> pyarrow.Table:
        """The table; `prefixed=False` drops the namespace from the column names."""
        if prefixed:
            return self._table
        return self._table.rename_columns([name.split(".", 1)[-1] for name in self.columns])

    def to_pandas(self, *, prefixed: bool = True) -> Any:
        """A pandas DataFrame."""
        return self.to_pyarrow(prefixed=prefixed).to_pandas()

    def to_polars(self, *, prefixed: bool = True) -> Any:
        """A polars DataFrame."""
        import polars

        return polars.from_arrow(self.to_pyarrow(prefixed=prefixed))

    def to_pylist(self) -> list[dict[str, Any]]:
        """The rows as dictionaries by fully qualified name."""
        return self._table.to_pylist()

    def to_features(self) -> list[Any]:
        """The rows as instances of their feature class, relationships included."""
        from creta.instances import instances

        return instances(self._table)

    def item(self) -> Any:
        """The one value of a frame with one row and one column."""
        if self._table.shape != (1, 1):
            raise ValueError(f"item() needs one row and one column, not {self._table.shape}")
        return self._table.column(0)[0].as_py()

    def count(self) -> int:
        """The number of rows, nulls included."""
        return len(self)

    def sum(self) -> Any:
        """Sums, nulls skipped; 0 of nothing. One column gives a value, several a frame of one row."""
        return self._aggregate("sum")

    def mean(self) -> Any:
        """Means, nulls skipped; None of nothing."""
        return self._aggregate("mean")

    def median(self) -> Any:
        """Medians, nulls skipped; None of nothing."""
        return self._aggregate("median")

    def min(self) -> Any:
        """Smallest values, nulls skipped; None of nothing."""
        return self._aggregate("min")

    def max(self) -> Any:
        """Greatest values, nulls skipped; None of nothing."""
        return self._aggregate("max")

    def std(self, ddof: int = 1) -> Any:
        """Standard deviations, nulls skipped; None of fewer than `ddof` + 1 values."""
        return self._aggregate("std", ddof)

    def var(self, ddof: int = 1) -> Any:
        """Variances, nulls skipped; None of fewer than `ddof` + 1 values."""
        return self._aggregate("var", ddof)

    def num_unique(self) -> Any:
        """Numbers of distinct values, nulls skipped."""
        return self._aggregate("num_unique")

    def any(self) -> Any:
        """Whether some value is True; False of nothing. The columns must be bool."""
        return self._aggregate("any")

    def all(self) -> Any:
        """Whether every value is True; True of nothing. The columns must be bool."""
        return self._aggregate("all")

    def _aggregate(self, function: str, ddof: int = 1) -> Any:
        if not self.columns:
            raise ValueError("a DataFrame without columns has nothing to aggregate")
        results = [aggregate(function, column, ddof) for column in self._table.columns]
        if len(results) == 1:
            return results[0]
        return DataFrame(dict(zip(self.columns, ([result] for result in results), strict=True)))

    def group_by(self, group: Any, agg: Mapping[Any, Expression]) -> "DataFrame":
        """One row per group: `frame.group_by(Call.berth_id, {"call.teu": _.teu.sum(), "call.n": _.count()})`.

        `group` is a feature, a list of features, or a mapping of new names to features; rows with equal keys, nulls
        included, are one group. Groups come in the order of their first rows.
        """
        if isinstance(group, Mapping):
            keys = {column_name(new): column_name(old) for new, old in group.items()}
        else:
            listed = group if isinstance(group, (list, tuple)) else [group]
            keys = {column_name(key): column_name(key) for key in listed}
        return _wrap(grouped(self._table, keys, {column_name(name): value for name, value in agg.items()}))

    def join(self, other: "DataFrame", on: Any, how: str = "left") -> "DataFrame":
        """The rows of both with equal keys; `on` is a feature, a list, or a mapping of our features to theirs.

        `how` is "left", "inner", "outer", "semi" or "anti". A null key equals nothing. Other columns of the same name
        are refused; rename them first.
        """
        if isinstance(on, Mapping):
            pairs = {column_name(ours): column_name(theirs) for ours, theirs in on.items()}
        else:
            pairs = {column_name(key): column_name(key) for key in (on if isinstance(on, (list, tuple)) else [on])}
        return _wrap(joined(self._table, other._table, pairs, how))

    def vstack(self, other: "DataFrame") -> "DataFrame":
        """The rows of both; the columns must be the same."""
        if set(self.columns) != set(other.columns):
            raise ValueError(f"vstack needs the same columns: {', '.join(self.columns)}")
        return _wrap(
            pyarrow.concat_tables([self._table, other._table.select(self.columns)], promote_options="permissive")
        )

    def with_column(self, column: Any, values: Any) -> "DataFrame":
        """A frame with one more (or replaced) column; `values` is a sequence or an expression over the columns."""
        return self.with_columns({column: values})

    def with_columns(self, columns: Mapping[Any, Any]) -> "DataFrame":
        """A frame with more (or replaced) columns; expressions see the columns of this frame."""
        table = self._table
        for column, values in columns.items():
            array = evaluate(values, self._table) if isinstance(values, (Expression, Reference)) else as_array(values)
            if isinstance(array, pyarrow.Scalar):
                array = pyarrow.repeat(array, len(self))
            name = column_name(column)
            if name in table.column_names:
                table = table.set_column(table.column_names.index(name), name, array)
            else:
                table = table.append_column(name, array)
        return _wrap(table)

    def sort(self, *columns: Any, descending: bool = False) -> "DataFrame":
        """The rows sorted by features, nulls last."""
        order = "descending" if descending else "ascending"
        return _wrap(self._table.sort_by([(column_name(column), order) for column in columns]))

    def slice(self, offset: int = 0, length: int | None = None) -> "DataFrame":
        """`length` rows from `offset` on."""
        return _wrap(self._table.slice(offset, length))

    def rename(self, names: Mapping[Any, Any]) -> "DataFrame":
        """A frame with other column names."""
        changed = {column_name(old): column_name(new) for old, new in names.items()}
        if unknown := changed.keys() - set(self.columns):
            raise KeyError(f"the DataFrame has no column {', '.join(sorted(unknown))}")
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

    @classmethod
    def read_delta(cls, path: str, columns: Mapping[str, Any] | None = None, version: int | None = None) -> "DataFrame":
        """A Delta table, by the `deltalake` package; `columns` maps its columns to features."""
        import deltalake

        return _read(deltalake.DeltaTable(path, version=version).to_pyarrow_table(), columns)

    @classmethod
    def read_avro(cls, path: str, columns: Mapping[str, Any] | None = None) -> "DataFrame":
        """An Avro file, by the `polars` package; `columns` maps its columns to features."""
        import polars

        return _read(polars.read_avro(path).to_arrow(), columns)


def _read(table: pyarrow.Table, columns: Mapping[str, Any] | None) -> DataFrame:
    frame = _wrap(table)
    return frame.rename(columns)[tuple(column_name(new) for new in columns.values())] if columns else frame


def _wrap(table: pyarrow.Table) -> DataFrame:
    frame = DataFrame.__new__(DataFrame)
    frame._table = table
    return frame


def _cut(table: pyarrow.Table, cut: slice | int) -> pyarrow.Table:
    if isinstance(cut, slice):
        return table.slice(0, limit_of(cut))
    position = cut if cut >= 0 else table.num_rows + cut
    if not 0 <= position < table.num_rows:
        raise IndexError(f"row {cut} of a DataFrame with {table.num_rows} rows")
    return table.slice(position, 1)
