"""Arrow columns to Python values and back, with the types checked on the way out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow
import pyarrow.compute

from creta.definition.value_types import ValueType, arrow_type
from creta.working.failures import WrongValue

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TIMESTAMP = pyarrow.timestamp("us", "UTC")

is_string = pyarrow.types.is_string
is_large_string = pyarrow.types.is_large_string


def reader(value_type: ValueType) -> Callable[[pyarrow.Array], list]:
    """A function from a column to the list of its values, as resolvers expect them."""
    if value_type.data_type == "datetime":
        return datetimes
    decode = value_type.decode
    if decode is None:
        return lambda column: column.to_pylist()
    return lambda column: [None if value is None else decode(value) for value in column.to_pylist()]


def datetimes(column: pyarrow.Array) -> list[datetime | None]:
    """Timestamps as aware datetimes in UTC; nanoseconds are truncated."""
    counts = column.cast(TIMESTAMP, safe=False).cast(pyarrow.int64()).to_pylist()
    return [None if count is None else EPOCH + count * MICROSECOND for count in counts]


def checked_column(
    values: Any, value_type: ValueType, nullable: bool, name: str
) -> pyarrow.Array | pyarrow.ChunkedArray:
    """A column that a frame resolver returned, in the feature's Arrow type. Raises TypeError naming the feature.

    Only conversions without loss are made: numbers among numbers, text among text, naive times as UTC.
    """
    target = arrow_type(value_type.data_type)
    array = _as_arrow(values, value_type, nullable, name)
    if array.type == target:
        return array
    if pyarrow.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if not _convertible(array.type, target):
        raise WrongValue(f"{name}: expected {_spelled(value_type.data_type)}, got {array.type}")
    try:
        # Times may lose their nanoseconds, nothing else may lose anything.
        return array.cast(target, safe=not pyarrow.types.is_timestamp(target))
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError):
        message = f"{name}: expected {_spelled(value_type.data_type)}, got {array.type} values that do not fit"
        raise WrongValue(message) from None


def _spelled(data_type: Any) -> str:
    return data_type if isinstance(data_type, str) else next(iter(data_type))


def _as_arrow(values: Any, value_type: ValueType, nullable: bool, name: str) -> Any:
    if isinstance(values, (pyarrow.Array, pyarrow.ChunkedArray)):
        return values
    if type(values).__module__.split(".", 1)[0] == "polars":
        return values.to_arrow()
    # In pandas NaN stands for null, except where a float feature cannot be null.
    keeps_nan = value_type.data_type == "float" and not nullable
    if getattr(values, "dtype", None) is not None and values.dtype != object:
        return pyarrow.array(values, from_pandas=not keeps_nan)
    return _encode_all(list(values), value_type, keeps_nan, name)


def _encode_all(values: list, value_type: ValueType, keeps_nan: bool, name: str) -> pyarrow.Array:
    encoded = []
    for row, value in enumerate(values):
        absent = value is None or (not keeps_nan and value != value)
        try:
            encoded.append(None if absent else value_type.encode(value))
        except TypeError as error:
            raise WrongValue(f"{name}: {error} (in row {row})") from None
    return pyarrow.array(encoded, arrow_type(value_type.data_type))


def _convertible(given: pyarrow.DataType, target: pyarrow.DataType) -> bool:
    kinds = pyarrow.types
    if kinds.is_null(given):
        return True
    if kinds.is_integer(target) or kinds.is_floating(target):
        return kinds.is_integer(given) or kinds.is_floating(given) or kinds.is_decimal(given)
    if kinds.is_large_string(target):
        return is_string(given) or is_large_string(given) or given == pyarrow.string_view()
    if kinds.is_large_binary(target):
        return kinds.is_binary(given) or kinds.is_fixed_size_binary(given)
    if kinds.is_list(target) or kinds.is_large_list(target) or kinds.is_fixed_size_list(target):
        is_list = kinds.is_list(given) or kinds.is_large_list(given) or kinds.is_fixed_size_list(given)
        return is_list and (given.value_type == target.value_type or _convertible(given.value_type, target.value_type))
    if kinds.is_date(target):
        return kinds.is_date(given)
    same = (kinds.is_timestamp, kinds.is_time, kinds.is_duration, kinds.is_struct, kinds.is_map, kinds.is_boolean)
    return any(check(target) and check(given) for check in same)
