"""Constants as the bundle writes them: `"null"`, `{"int": 7}`, `{"datetime": microseconds since 1970}`, …"""

import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)


def datetime_to_microseconds(value: datetime) -> int:
    """Microseconds since 1970; a naive datetime is UTC."""
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return (aware - EPOCH) // MICROSECOND


def time_to_microseconds(value: time) -> int:
    """Microseconds since midnight."""
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond


def guess_value(value):
    """The JSON of a Python constant by its own type. Raises TypeError for what has no form in a bundle."""
    if value is None:
        return "null"
    if isinstance(value, Enum):
        return guess_value(value.value)
    if isinstance(value, float) and not math.isfinite(value):
        raise TypeError("NaN and infinities cannot be constants of a definition")
    for kind, tag, convert in FORMS:
        if isinstance(value, kind):
            return {tag: convert(value)}
    raise TypeError(f"a {type(value).__name__} cannot be a constant of a definition")


# The order matters: a bool is an int, a datetime is a date.
FORMS = (
    (bool, "bool", bool),
    (int, "int", int),
    (float, "float", float),
    (str, "str", str),
    (bytes, "bytes", list),
    (datetime, "datetime", datetime_to_microseconds),
    (date, "date", lambda value: (value - EPOCH_DAY).days),
    (time, "time", time_to_microseconds),
    (timedelta, "timedelta", lambda value: value // MICROSECOND),
    (Decimal, "str", str),
    (UUID, "str", str),
    ((list, tuple), "list", lambda value: [guess_value(item) for item in value]),
    # Sets have no order, but a bundle must be the same every time.
    ((set, frozenset), "list", lambda value: [guess_value(item) for item in sorted(value, key=repr)]),
    (dict, "map", lambda value: [[guess_value(key), guess_value(item)] for key, item in value.items()]),
)
