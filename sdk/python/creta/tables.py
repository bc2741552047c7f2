"""What a `DataFrame` can be made from: mappings, instances, and the tables of pandas, polars and pyarrow."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pyarrow

from creta.definition.declarations import MISSING
from creta.definition.markers import Now

# The column that `Now` of a signature becomes.
NOW_COLUMN = "__now__"
STRATEGIES = ("error", "default_or_error", "default_or_allow", "allow")


def column_name(column: Any) -> str:
    """The name of a column that is given as a feature or by its name."""
    if column is Now:
        return NOW_COLUMN
    return column if isinstance(column, str) else str(column)


def as_table(data: Any, strategy: str = "default_or_allow") -> pyarrow.Table:
    """Any kind of table as Arrow. `strategy` says what becomes of values that instances do not give."""
    if strategy not in STRATEGIES:
        raise ValueError(f"missing_value_strategy is one of {', '.join(STRATEGIES)}, not {strategy!r}")
    if isinstance(data, pyarrow.Table):
        return data
    if isinstance(data, pyarrow.RecordBatch):
        return pyarrow.Table.from_batches([data])
    if isinstance(data, Mapping):
        return pyarrow.table({column_name(name): as_array(values) for name, values in data.items()})
    kind = type(data).__module__.split(".", 1)[0]
    if kind == "pandas":
        named = data.rename(columns=column_name)
        return pyarrow.Table.from_pandas(named, preserve_index=False).replace_schema_metadata(None)
    if kind == "polars":
        return data.rename({name: column_name(name) for name in data.columns}).to_arrow()
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _from_instances(data, strategy)
    raise TypeError(f"a DataFrame cannot be made from a {type(data).__name__}")


def as_array(values: Any) -> Any:
    """Values of one column as an Arrow array."""
    if isinstance(values, (pyarrow.Array, pyarrow.ChunkedArray)):
        return values
    if type(values).__module__.split(".", 1)[0] == "polars":
        return values.to_arrow()
    return pyarrow.array(values) if hasattr(values, "dtype") else pyarrow.array([plain(value) for value in values])


def plain(value: Any) -> Any:
    """What pyarrow understands: naive datetimes are UTC, enums are their values, decimals and UUIDs text."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, (Decimal, UUID)) else value


def _from_instances(rows: Sequence[Any], strategy: str) -> pyarrow.Table:
    """Instances of one feature class. Relationships, and features that no instance gives, are no columns."""
    if not rows:
        return pyarrow.table({})
    cls = type(rows[0])
    info = getattr(cls, "__creta__", None)
    if info is None:
        raise TypeError(f"a DataFrame cannot be made from a list of {cls.__name__}")
    if any(type(row) is not cls for row in rows):
        raise TypeError(f"a DataFrame is made from instances of one class, not of {cls.__name__} and others")
    columns = {}
    # Instances may hold single versions besides the fields.
    for attribute in dict.fromkeys(name for row in rows for name in row.__dict__):
        if info.target_of(attribute) is not None:
            continue
        values = [row.__dict__.get(attribute, MISSING) for row in rows]
        if any(value is not MISSING for value in values):
            name = f"{info.namespace}.{info.stored_name(attribute)}"
            columns[name] = as_array([filled(info, attribute, value, strategy) for value in values])
    return pyarrow.table(columns)


def filled(info: Any, attribute: str, value: Any, strategy: str) -> Any:
    """A value, or what stands for one that was not given: the default, or null. Raises ValueError."""
    if value is not MISSING:
        return value
    field = info.fields.get(attribute)
    default = field.options.default if field is not None else MISSING
    if strategy in ("default_or_error", "default_or_allow") and default is not MISSING:
        return default
    if strategy in ("error", "default_or_error"):
        raise ValueError(f"a row lacks {info.namespace}.{info.stored_name(attribute)}")
    return None
